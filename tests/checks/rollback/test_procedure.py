"""The procedure gone through without acting: each step is ready, or says what is missing."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from checks.errors import ConfigurationError
from checks.loading import load
from checks.outcome import ProcedureStep
from checks.rollback.procedure import Scene, rehearse
from tests.checks.running import checklist, conducted, stage, told, write


def rehearsed(tmp_path: Path, values: dict[str, Any] | None = None, **fields: Any) -> ProcedureStep:
    rollback = {"procedure": [{"id": "p", "title": "P", **fields}]}
    loaded = load(write(tmp_path, checklist(rollback=rollback)), environ={})
    names = loaded.names.extended(values or {})
    (step,) = rehearse(loaded.checklist.rollback, Scene(names, tmp_path))
    return step


def test_programs_that_are_there_are_ready_and_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    step = rehearsed(tmp_path, do=[["python", "-c", f"open({str(marker)!r}, 'w')"]], verify=[["${run.python}", "-V"]])
    assert step.state == "not_ready"
    step = rehearsed(
        tmp_path,
        {"run.python": sys.executable},
        do=[["python", "-c", f"open({str(marker)!r}, 'w')"]],
        verify=[["${run.python}", "-V"]],
    )
    assert (step.state, step.reason) == ("ready", "")
    assert step.dry_run[0].startswith("run: python -c open(")
    assert step.dry_run[1] == f"verify with: {sys.executable} -V"
    assert not marker.exists()


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    step = rehearsed(tmp_path, do=[["no-such-program", "x"]], verify=[["./missing.sh"]])
    assert (step.state, step.reason) == (
        "not_ready",
        "program not found: no-such-program; program not found: ./missing.sh",
    )


def test_a_program_beside_the_checklist_is_found_from_anywhere(tmp_path: Path) -> None:
    script = tmp_path / "back.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert rehearsed(tmp_path, do=[["./back.sh"]]).state == "ready"
    script.chmod(0o644)
    assert rehearsed(tmp_path, do=[["./back.sh"]]).state == "not_ready"


def test_a_name_that_is_not_set_is_named(tmp_path: Path) -> None:
    step = rehearsed(tmp_path, do=[["python", "${previous}"]], stop="${target.url}")
    assert step.reason == "${target.url} is not set; ${previous} is not set"
    assert step.dry_run == ()


def test_who_would_be_stopped_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        step = rehearsed(tmp_path, stop=f"http://127.0.0.1:{port}")
    assert (step.state, step.dry_run) == (
        "ready",
        (f"send TERM to process {os.getpid()}, which listens on port {port}",),
    )
    gone = rehearsed(tmp_path, stop=f"http://127.0.0.1:{port}")
    assert (gone.state, gone.reason) == ("not_ready", f"nobody listens at http://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["http://127.0.0.1", "http://127.0.0.1:99999", "http://127.0.0.1:x", "nothing"])
def test_a_url_without_a_port_stops_nobody(tmp_path: Path, url: str) -> None:
    step = rehearsed(tmp_path, stop=url)
    assert step.state == "not_ready"
    assert "names no port" in step.reason


def test_the_newest_backup_is_what_would_be_restored(tmp_path: Path) -> None:
    for number, name in enumerate(("b.old", "b.new")):
        (tmp_path / name).write_text("x" * (number + 1))
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "b.link").symlink_to(tmp_path / "b.old")
    step = rehearsed(tmp_path, restore={"newest": "b.*", "to": str(tmp_path / "config.json")})
    assert (step.state, step.dry_run) == ("ready", (f"restore b.new (2 bytes) to {tmp_path}/config.json",))


@pytest.mark.parametrize("made", [[], ["folder"], ["link"]])
def test_without_a_backup_it_is_not_ready(tmp_path: Path, made: list[str]) -> None:
    if "folder" in made:
        (tmp_path / "b.folder").mkdir()
    if "link" in made:
        (tmp_path / "b.link").symlink_to(tmp_path / "checklist.yaml")
    step = rehearsed(tmp_path, restore={"newest": "b.*", "to": str(tmp_path / "to")})
    assert (step.state, step.reason) == ("not_ready", f"no backup matches {tmp_path}/b.*")


def test_an_empty_backup_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "b.1").touch()
    step = rehearsed(tmp_path, restore={"newest": str(tmp_path / "b.*"), "to": str(tmp_path / "to")})
    assert step.reason == f"the newest backup does not verify: {tmp_path}/b.1 is empty"


def test_a_step_that_does_nothing_is_not_ready(tmp_path: Path) -> None:
    assert rehearsed(tmp_path).reason == "the step does nothing"


def test_a_program_without_a_name_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(rollback={"procedure": [{"id": "p", "title": "P", "do": [[]]}]}))
    with pytest.raises(ConfigurationError, match="at least 1 item"):
        conducted(path)


def test_a_step_that_is_not_ready_holds_the_run(tmp_path: Path, plugin: Path) -> None:
    procedure = [{"id": "p", "title": "P", "do": [["python"]]}, {"id": "q", "title": "Q", "do": [["no-such-program"]]}]
    found = conducted(write(tmp_path, checklist(stage(told("a")), rollback={"procedure": procedure})))
    assert [(step.id, step.state) for step in found.record.procedure] == [("p", "ready"), ("q", "not_ready")]
    assert found.record.verdict == "HOLD"
    assert found.record.reasons == ("rollback step q: not ready: program not found: no-such-program",)
