"""`signoff drill --checklist`: a checklist and a service of one's own, broken from outside."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.drill.outside.catalogue import OUTSIDE
from checks.reference.servers import free_port
from signoff.exit_code import ExitCode
from tests.signoff.conftest import Command, Said
from tests.signoff.painter import CHECKLIST, Oil, painter, prepare, served

ASKING = {"ready", "quick", "paints"}


@pytest.fixture
def checklist(tmp_path: Path) -> Path:
    return prepare(tmp_path)


@pytest.fixture(scope="module")
def oil() -> Iterator[str]:
    with served(Oil) as url:
        yield url


@pytest.fixture(scope="module")
def service(oil: str) -> Iterator[str]:
    with painter(oil) as url:
        yield url


def drill(signoff: Command, checklist: Path, *options: object) -> tuple[Said, dict[str, Any]]:
    said = signoff(
        "drill", "--checklist", checklist, "--output", checklist.parent / "out", "--healthy-runs", 1, "--json", *options
    )
    return said, json.loads(said.out) if said.out else {}


def failed(told: dict[str, Any], fault: str) -> set[str]:
    return set(next(each["failed"] for each in told["faults"] if each["id"] == fault))


def test_all_that_can_be_done_from_outside_is_caught(signoff: Command, checklist: Path, oil: str) -> None:
    port = free_port()
    with painter(f"http://127.0.0.1:{port}") as url:
        options = ["--set", f"target.url={url}", "--set", f"target.upstream={oil}", "--upstream-port", port]
        said, told = drill(signoff, checklist, *options)
    assert {each["id"]: each["state"] for each in told["faults"]} == {fault.id: "caught" for fault in OUTSIDE}
    assert said.code == 0, said.err
    assert failed(told, "fails") == failed(told, "says-nothing") == failed(told, "breaks-off") == ASKING
    assert failed(told, "late") == {"quick"}
    assert failed(told, "every-key-is-good") == {"paints"}
    assert failed(told, "upstream-fails") == failed(told, "upstream-breaks-off") == {"paints"}
    assert failed(told, "log-garbled") == {"errors"}
    assert failed(told, "file-gone") == {"settings", "closed", "pictures"}
    assert failed(told, "file-empty") == failed(told, "file-halved") == {"settings", "pictures"}
    assert told["checks_never_failed"] == []
    assert sorted(path.name for path in checklist.parent.iterdir()) == [
        "mine.yaml", "out", "painter.log", "pictures.db", "settings.json",
    ]  # fmt: skip
    assert checklist.read_text() == CHECKLIST


def test_without_a_port_before_upstream_its_faults_are_not_possible(
    signoff: Command, checklist: Path, service: str
) -> None:
    said, told = drill(signoff, checklist, "--set", f"target.url={service}", "--fault", "upstream-fails")
    assert [(each["state"], "--upstream-port" in each["why"]) for each in told["faults"]] == [("not_possible", True)]
    assert said.code == ExitCode.HOLD


def test_a_service_that_was_not_told_of_the_port_is_found_out(
    signoff: Command, checklist: Path, service: str, oil: str
) -> None:
    options = ["--set", f"target.upstream={oil}", "--upstream-port", free_port(), "--fault", "upstream-fails"]
    _, told = drill(signoff, checklist, "--set", f"target.url={service}", *options)
    assert [each["state"] for each in told["faults"]] == ["not_possible"]


def test_a_port_that_is_taken_is_a_usage_error(signoff: Command, checklist: Path, service: str, oil: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["--set", f"target.url={service}", "--set", f"target.upstream={oil}", "--upstream-port", port]
        said, _ = drill(signoff, checklist, *options)
    assert said.code == ExitCode.USAGE
    assert "give another --upstream-port" in said.err


def test_a_check_that_looks_at_little_is_told(signoff: Command, checklist: Path, service: str) -> None:
    checklist.write_text(checklist.read_text().replace("{status: 200, json.ready: true}", "{status: 200}"))
    said, _ = drill(signoff, checklist, "--set", f"target.url={service}", "--fault", "says-nothing")
    assert said.code == ExitCode.NO_GO
    assert "not noticed by ready" in said.err


def test_a_warning_that_was_there_before_notices_nothing(signoff: Command, checklist: Path, service: str) -> None:
    many = "expect: {status: {below: 501}}, prefer: {json.colours: {at_least: 5}}}"
    lines = f"      - {{id: many, title: Many colours, kind: http, url: /readyz, {many}\n"
    checklist.write_text(checklist.read_text() + lines)
    options = ["--set", f"target.url={service}", "--fault", "fails", "--check", "many", "--check", "stats"]
    said, told = drill(signoff, checklist, *options)
    assert [each["why"] for each in told["faults"]] == ["not noticed by many"]
    assert told["faults"][0]["expected"] == ["many"]
    assert said.code == ExitCode.NO_GO


def test_what_does_not_pass_unbroken_is_a_false_alarm(signoff: Command, checklist: Path) -> None:
    said, told = drill(signoff, checklist, "--fault", "fails", "--check", "ready", "--check", "paints")
    assert said.code == ExitCode.NO_GO
    assert {alarm["check"] for alarm in told["alarms"]} == {"ready", "paints"}


@pytest.mark.parametrize("name", ["target.url", "target.upstream"])
def test_nothing_beyond_this_machine_is_disturbed_unless_it_is_named(
    signoff: Command, checklist: Path, service: str, name: str
) -> None:
    far = ["--set", f"target.url={service}", "--set", f"{name}=http://service.example:80"]
    said, _ = drill(signoff, checklist, *far, "--upstream-port", free_port())
    assert said.code == ExitCode.USAGE
    assert "name it: --allow-host service.example" in said.err


def test_an_unknown_fault_from_outside_is_a_usage_error(signoff: Command, checklist: Path) -> None:
    said, _ = drill(signoff, checklist, "--fault", "log-emty")
    assert said.code == ExitCode.USAGE
    assert "did you mean 'log-empty'?" in said.err


def test_what_can_be_done_from_outside_is_listed(signoff: Command, checklist: Path) -> None:
    said = signoff("drill", "--checklist", checklist, "--family", "logs", "--list")
    assert [line.split()[1] for line in said.out.splitlines()] == [
        "log-empty",
        "log-gone",
        "log-foreign",
        "log-garbled",
    ]
