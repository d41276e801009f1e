from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from checks.kinds.process import ProcessCheck
from checks.outcome import Status
from checks.target import Target
from tests.checks.kinds.conftest import Make, MakeContext

SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "image-server"
    path.write_text(SERVER)
    return path


@contextmanager
def running(*command: str, cwd: Path | None = None) -> Iterator[tuple[int, int]]:
    """Run a server and give its pid and port."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd, env={**os.environ, "SECRET": "kite"}
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, closing(process.stdin):
        yield process.pid, int(process.stdout.readline())


def test_describes_the_script_behind_a_port(script: Path, make: Make, context: MakeContext) -> None:
    with running(sys.executable, "-W", "error", str(script), "--mode", "fast") as (pid, port):
        seen = make(ProcessCheck, port=port).observe(context()).properties
    assert seen["running"] is True
    assert seen["pid"] == pid
    assert seen["program"] == seen["script"] == str(script)
    assert seen["python"] == sys.executable
    assert Path(seen["executable"]).resolve() == Path(sys.executable).resolve()
    assert seen["arguments"] == ["-W", "error", str(script), "--mode", "fast"]
    assert 0 <= seen["age"].value < 60
    assert "SECRET" in seen["environment"]
    assert "kite" not in str(seen)


def test_a_relative_script_is_named_in_full(script: Path, make: Make, context: MakeContext) -> None:
    with running(sys.executable, script.name, cwd=script.parent) as (_, port):
        seen = make(ProcessCheck).observe(context(target=Target(url=f"http://127.0.0.1:{port}"))).properties
    assert seen["program"] == str(script)


def test_a_program_without_a_script_is_its_executable(make: Make, context: MakeContext) -> None:
    with running(sys.executable, "-c", SERVER) as (_, port):
        seen = make(ProcessCheck, port=port).observe(context()).properties
    assert seen["script"] is None
    assert seen["program"] == seen["executable"]


def test_is_found_by_the_name_of_its_script(script: Path, make: Make, context: MakeContext) -> None:
    unique = script.rename(script.with_name(f"server-{os.getpid()}"))
    with running(sys.executable, str(unique)) as (pid, _):
        assert make(ProcessCheck, name=unique.name).observe(context()).properties["pid"] == pid
    assert make(ProcessCheck, name=unique.name).observe(context()).properties["running"] is False


def test_several_of_one_name_are_not_told_apart(script: Path, make: Make, context: MakeContext) -> None:
    unique = script.rename(script.with_name(f"server-{os.getpid()}"))
    with running(sys.executable, str(unique)), running(sys.executable, str(unique)):
        observation = make(ProcessCheck, name=unique.name).observe(context())
    assert observation.status is Status.NO_DATA
    assert "several processes" in observation.reason


def test_a_pid_file_names_the_process(make: Make, context: MakeContext, tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    with running(sys.executable, "-c", SERVER) as (pid, _):
        file.write_text(f"{pid}\n")
        assert make(ProcessCheck, pid_file=str(file)).observe(context()).properties["pid"] == pid
    after = make(ProcessCheck, pid_file=str(file)).observe(context())
    assert after.properties["running"] is False
    assert "no such process" in after.reason


def test_a_pid_given_to_another_process_is_not_the_server(make: Make, context: MakeContext, tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    file.write_text(str(os.getpid()))
    started = psutil.Process().create_time()
    os.utime(file, (started - 60, started - 60))
    observation = make(ProcessCheck, pid_file=str(file)).observe(context())
    assert observation.properties["running"] is False
    assert "another process" in observation.reason


@pytest.mark.parametrize("content", ["", "soon", "0", "-1", "1" * 100])
def test_a_pid_file_without_a_pid_is_an_error(content: str, make: Make, context: MakeContext, tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    file.write_text(content)
    assert make(ProcessCheck, pid_file=str(file)).observe(context()).status is Status.ERROR


def test_a_missing_pid_file_means_not_running(make: Make, context: MakeContext) -> None:
    observation = make(ProcessCheck, pid_file="none.pid").observe(context())
    assert observation.properties["running"] is False
    assert "no pid file" in observation.reason


def test_an_ended_process_that_awaits_its_parent_is_not_running(
    make: Make, context: MakeContext, tmp_path: Path
) -> None:
    file = tmp_path / "server.pid"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        file.write_text(str(process.pid))
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert make(ProcessCheck, pid_file=str(file)).observe(context()).properties["running"] is False


def test_nothing_on_the_port_means_not_running(make: Make, context: MakeContext) -> None:
    with running(sys.executable, "-c", SERVER) as (_, port):
        pass
    observation = make(ProcessCheck, port=port).observe(context())
    assert observation.properties["running"] is False
    assert observation.properties["program"] is None


def test_a_holder_that_may_not_be_seen_is_an_error(
    make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(sys.executable, "-c", SERVER) as (_, port):
        table = [each._replace(pid=None) for each in psutil.net_connections(kind="tcp")]
        monkeypatch.setattr(psutil, "net_connections", lambda kind: table)
        observation = make(ProcessCheck, port=port).observe(context())
    assert observation.status is Status.ERROR
    assert "may not see" in observation.reason


def test_one_way_to_find_it_is_given(make: Make) -> None:
    with pytest.raises(ValidationError, match="one of port, pid_file and name"):
        make(ProcessCheck, port=80, name="server")
