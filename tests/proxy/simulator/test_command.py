"""`simulate` as a process and as a call."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from proxy.simulator.command import simulate
from tests.proxy.simulator.service import MODEL, prompt_body

PROGRAM = (
    "import sys; from proxy.simulator.command import simulate; simulate('127.0.0.1', int(sys.argv[1]), latency_ms=0)"
)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_logs_nothing_and_ends_on_a_signal(signal_number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM, "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = re.fullmatch(r"simulating Gemini on (http://127\.0\.0\.1:\d+)\n", line)
        assert address, line
        with httpx.Client(base_url=address[1], headers={"x-goog-api-key": "any"}, trust_env=False) as client:
            for body in (prompt_body("secret words"), {"secret words": 1}, prompt_body("secret words [play:503]")):
                client.post(f"/v1beta/models/{MODEL}:generateContent", json=body)
            assert client.get("/_simulator/stats").json()["by_status"] == {"200": 1, "400": 1, "503": 1}
        process.send_signal(signal_number)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_a_call_returns_by_exit_zero_after_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def end_when_it_answers() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{port}/_simulator/stats", trust_env=False)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                break
        os.kill(os.getpid(), signal.SIGTERM)

    ender = threading.Thread(target=end_when_it_answers)
    ender.start()
    try:
        with pytest.raises(SystemExit) as ended:
            simulate("127.0.0.1", port, latency_ms=0)
    finally:
        ender.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert ended.value.code == 0
    assert capsys.readouterr().err == f"simulating Gemini on http://127.0.0.1:{port}\n"


def test_a_taken_port_ends_with_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            simulate("127.0.0.1", port, latency_ms=0)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in message


def test_a_setting_out_of_range_ends_with_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        simulate("127.0.0.1", 0, error_status=299)
    assert ended.value.code == 2
    assert "error_status: Value error, must be one of 400" in capsys.readouterr().err
