"""Every bad input of the documentation's table gives the exit code and the message that the table promises."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checks.kinds.answering import Answering, served
from tests.checks.metrics.prometheus_server import Answers, serving
from tests.signoff.bad_inputs import CASES, HELD, Place
from tests.signoff.conftest import Command

PAGE = Path(__file__).parents[2] / "docs" / "reference-errors.md"
ROW = re.compile(r"^\| (?P<name>[^|]+?) \| (?P<code>\d+) \| `+ ?(?P<message>.+?) ?`+ \|$", re.MULTILINE)
TABLE = {found["name"]: (int(found["code"]), found["message"]) for found in ROW.finditer(PAGE.read_text())}


@pytest.fixture(scope="module")
def http() -> Iterator[str]:
    """A server that answers as nobody should."""
    with served(Answering().app) as url:
        yield url


@pytest.fixture(scope="module")
def tls() -> Iterator[str]:
    """A server that speaks no TLS where it is asked for."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def answer() -> None:
        listener.settimeout(0.05)
        while not stop.is_set():
            try:
                caller, _ = listener.accept()
            except TimeoutError:
                continue
            with caller:
                caller.recv(1024)
                caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
    stop.set()
    thread.join()
    listener.close()


@pytest.fixture
def prometheus() -> Iterator[Callable[[bytes], str]]:
    """A Prometheus that answers whatever it is asked with the same bytes."""
    answers = Answers()
    with serving(answers) as url:

        def answering(body: bytes) -> str:
            answers.whole = body
            return url

        yield answering


@pytest.fixture
def place(tmp_path: Path, http: str, tls: str, prometheus: Callable[[bytes], str]) -> Iterator[Place]:
    yield Place(tmp_path, http, tls, prometheus)
    while HELD:
        HELD.pop()()


def test_the_table_and_the_cases_are_the_same() -> None:
    assert sorted(TABLE) == sorted(CASES)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("name", sorted(CASES))
def test_code_and_message(name: str, place: Place, signoff: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "sk-a-secret-that-is-never-shown")
    said = signoff(*CASES[name](place))
    told = f"{said.err}\n{said.out}\n{_reasons(place.folder)}"
    code, message = TABLE[name]
    assert "Traceback" not in told
    assert "sk-a-secret-that-is-never-shown" not in told
    parts = [part.strip() for part in message.split("…")]
    shown = told.replace(str(place.folder), "FOLDER")
    assert (said.code, [part for part in parts if part not in shown]) == (code, []), shown[:1500]


def _reasons(folder: Path) -> str:
    verdict = folder / "run" / "verdict.json"
    if not verdict.exists():
        return ""
    record = json.loads(verdict.read_text())
    return "\n".join([*record.get("reasons", ()), *(check["reason"] for check in record["checks"])])
