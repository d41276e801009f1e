"""`signoff drill` as it is typed: the catalogue, one fault, and a checklist and a service of one's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from checks.drill.catalogue import faults
from signoff.exit_code import ExitCode
from tests.signoff.conftest import Command

PLAIN = """
schema: 1
release: {name: Mine, version: v1}
target: {url: "%s", logs: {format: logfmt, paths: ["access.log"]}}
stages:
  - id: s
    title: S
    section: S
    checks:
      - {id: ready, title: Ready, kind: http, url: /readyz, expect: {status: 200, json.ready: true}}
      - {id: hello, title: Hello, kind: command, command: [echo, hi], expect: {exit_code: 0}}
      - {id: shallow, title: Shallow, kind: http, url: /readyz, expect: {status: 200}%s}
"""


@pytest.fixture
def service() -> Iterator[str]:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ready": true, "version": "v1"}')

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_catalogue_is_listed(signoff: Command) -> None:
    said = signoff("drill", "--list")
    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines()] == [fault.id for fault in faults()]


def test_an_unknown_fault_is_a_usage_error_with_the_nearest(signoff: Command) -> None:
    said = signoff("drill", "--fault", "quoted-value")
    assert said.code == ExitCode.USAGE
    assert "did you mean 'quoted-values'?" in said.err


def test_one_fault_is_one_json_document(signoff: Command, tmp_path: Path) -> None:
    said = signoff("drill", "--fault", "quoted-values", "--healthy-runs", "1", "--output", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert [(each["id"], each["state"], each["failed"]) for each in told["faults"]] == [
        ("quoted-values", "caught", ["original/error-rate"])
    ]
    assert (told["false_alarms"], told["healthy_runs"]) == (0, 1)
    assert told["faults"][0]["expected"] == ["original/error-rate"]
    assert "unit-tests" in told["checks_never_failed"]
    assert json.loads((tmp_path / "out" / "drill.json").read_text()) == told
    assert "caught" in said.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"drill.json", "drill.md", "drill.html"}


def test_a_checklist_of_ones_own_is_drilled_from_outside(signoff: Command, tmp_path: Path, service: str) -> None:
    (tmp_path / "mine.yaml").write_text(PLAIN % ("http://127.0.0.1:1", ", required: false"))
    out = tmp_path / "out"
    said = signoff(
        "drill", "--checklist", tmp_path / "mine.yaml", "--set", f"target.url={service}", "--output", out, "--json"
    )
    told = json.loads(said.out)
    states = {each["id"]: each["state"] for each in told["faults"]}
    assert states == {
        "fails": "caught", "says-nothing": "caught", "breaks-off": "caught", "another-release": "caught",
        "log-empty": "not_possible", "log-gone": "not_possible", "log-foreign": "not_possible",
        "expects-the-impossible": "caught",
    }  # fmt: skip
    assert said.code == 0, said.err
    assert told["checks_never_failed"] == []
    assert {path.name for path in tmp_path.iterdir()} == {"mine.yaml", "out"}


def test_a_check_that_looks_at_little_is_told(signoff: Command, tmp_path: Path, service: str) -> None:
    (tmp_path / "mine.yaml").write_text(PLAIN % (service, ""))
    said = signoff(
        "drill", "--checklist", tmp_path / "mine.yaml", "--fault", "says-nothing", "--output", tmp_path / "out"
    )
    assert said.code == ExitCode.NO_GO
    assert "not noticed by shallow" in said.err


def test_what_does_not_pass_unbroken_is_a_false_alarm(signoff: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(PLAIN % ("http://127.0.0.1:1", ""))
    said = signoff(
        "drill", "--checklist", tmp_path / "mine.yaml", "--fault", "fails", "--output", tmp_path / "out", "--json"
    )
    told = json.loads(said.out)
    assert said.code == ExitCode.NO_GO
    assert {alarm["check"] for alarm in told["alarms"]} == {"ready", "shallow"}


def test_nothing_beyond_this_machine_is_disturbed_unless_it_is_named(signoff: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(PLAIN % ("http://service.example:80", ""))
    said = signoff("drill", "--checklist", tmp_path / "mine.yaml")
    assert said.code == ExitCode.USAGE
    assert "name it: --allow-host service.example" in said.err


def test_an_unknown_fault_from_outside_is_a_usage_error(signoff: Command, tmp_path: Path, service: str) -> None:
    (tmp_path / "mine.yaml").write_text(PLAIN % (service, ""))
    said = signoff("drill", "--checklist", tmp_path / "mine.yaml", "--fault", "log-emty")
    assert said.code == ExitCode.USAGE
    assert "did you mean 'log-empty'?" in said.err
