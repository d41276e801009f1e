"""`signoff rollback execute`: it goes back, or is refused before anything is touched, or says where it stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from checks.rollback.records import Records
from tests.checks.rollback.small_service import DEPLOYED, NEW, OLD, ROLLED_BACK, STEPS, SmallService
from tests.checks.rollback.webhook import Webhook, webhook
from tests.checks.running import checklist, write
from tests.signoff.conftest import Command, Said, Start

T = TypeVar("T")


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


@pytest.fixture
def service(tmp_path: Path, hook: Webhook) -> Iterator[SmallService]:
    deployed = SmallService(tmp_path, {"webhook": hook.url})
    yield deployed
    deployed.end()


@pytest.fixture
def back(signoff: Command, service: SmallService) -> Command:
    """Go back in earnest."""

    def confirmed(*options: object) -> Said:
        return signoff("rollback", "execute", service.checklist, "--confirm", NEW, "--why", "errors", *options)

    return confirmed


def incident(said: Said) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.out)
    return found


def states(found: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["state"] for step in found["steps"]}


def test_a_dry_run_says_what_would_be_done_and_lost_and_touches_nothing(
    signoff: Command, service: SmallService
) -> None:
    said = signoff("rollback", "execute", service.checklist)
    assert (said.code, said.err) == (0, "")
    assert f"going back from {NEW} to {OLD}" in said.out
    assert "send TERM to process" in said.out
    assert f"1 files new since the backup: only-{NEW}.json" in said.out
    assert "table marks: 2 rows written or changed since the backup" in said.out
    assert f"--confirm {NEW}" in said.out
    assert service.state == DEPLOYED
    assert service.hooks == []
    assert not (service.folder / "signoff-rollbacks").exists()


def test_a_dry_run_for_machines(signoff: Command, service: SmallService) -> None:
    plan = json.loads(signoff("rollback", "execute", service.checklist, "--json").out)
    assert (plan["state"], plan["release"], plan["previous"], plan["resumes"]) == ("ready", NEW, OLD, None)
    assert [step["id"] for step in plan["steps"]] == list(STEPS)
    assert {step["state"] for step in plan["steps"]} == {"ready"}
    assert [len(each["lines"]) for each in plan["lost"]] == [1, 2, 1]


def test_it_goes_back_and_writes_down_how(back: Command, service: SmallService, hook: Webhook) -> None:
    service.say("check.json", '{"verdict": "ROLLBACK"}')
    said = back("--json", "--evidence", service.folder / "check.json")
    assert said.code == 0, said.err
    assert service.state == ROLLED_BACK
    assert service.hooks == list(STEPS)
    found = incident(said)
    assert (found["state"], found["why"], found["stopped_in"]) == ("finished", "errors", None)
    assert set(states(found).values()) == {"done"}
    assert hook.seen[0]["text"] == f"{NEW} was rolled back to {OLD}"
    record = Path(found["folder"])
    text = (record / "incident.md").read_text()
    assert text.startswith(f"# Rolled back: {NEW} to {OLD}")
    assert "the smoke tests say GO" in text
    assert "`evidence/check.json`" in text
    assert (record / "evidence" / "check.json").read_text() == '{"verdict": "ROLLBACK"}'
    assert [file["path"] for file in found["steps"][5]["evidence"]] == ["evidence/verify/smoke-verdict.json"]
    assert json.loads((record / "smoke" / "verdict.json").read_text())["release"]["version"] == OLD
    aside = service.home / f"accounts.rolled-back-{found['rollback']}"
    assert sorted(path.name for path in aside.iterdir()) == DEPLOYED["accounts"]
    assert (service.home / "config.json").stat().st_mode & 0o777 == 0o600
    assert list(service.home.glob(".*restored*")) == []


def refused(said: Said, service: SmallService, *reasons: str) -> None:
    assert (said.code, said.out) == (2, "")
    for reason in reasons:
        assert reason in said.err
    assert service.state == DEPLOYED
    assert service.hooks == []
    assert list((service.folder / "signoff-rollbacks").glob("*")) in ([], [service.folder / "signoff-rollbacks/.lock"])


def test_a_wrong_release_name_is_refused(signoff: Command, service: SmallService) -> None:
    said = signoff("rollback", "execute", service.checklist, "--confirm", OLD)
    refused(said, service, "nothing was touched", f"--confirm {OLD}: the release of the checklist is {NEW}")


def test_a_target_that_runs_another_release_is_refused(back: Command, service: SmallService) -> None:
    service.checklist.write_text(service.checklist.read_text().replace(NEW, "v1.0.1"))
    said = back()
    refused(said, service, f"says it is {NEW}, not v1.0.1", f"--confirm {NEW}: the release of the checklist is v1.0.1")


def test_a_previous_version_that_is_missing_is_refused(back: Command, service: SmallService) -> None:
    (service.folder / "releases" / OLD).rename(service.folder / "gone")
    refused(back(), service, "step install-previous: the previous version is not installed: there is no folder")


def test_a_previous_version_that_is_another_is_refused(back: Command, service: SmallService) -> None:
    program = service.folder / "releases" / OLD / "bin" / "service"
    program.write_text(program.read_text().replace(OLD, "v0.9.01"))
    refused(back(), service, f"does not say that it is {OLD}")


def test_evidence_that_cannot_be_read_is_refused(back: Command, service: SmallService) -> None:
    refused(back("--evidence", service.folder / "none.json"), service, "none.json: No such file or directory")


def test_a_full_disk_is_refused(back: Command, service: SmallService) -> None:
    disk = os.statvfs(service.home)
    with next(service.backups.glob("config*.json")).open("r+b") as backup:
        backup.truncate(disk.f_blocks * disk.f_frsize)
    refused(back(), service, "step restore-configuration:", "is full:", "MiB are needed; make room")


@pytest.mark.parametrize(
    ("backup", "damage", "reason"),
    [
        ("config*.json", b'{"of": ', "is no whole JSON"),
        ("config*.json", b"", "is empty"),
        ("accounts*.gz", b"\x1f\x8b nothing", "cannot be unpacked"),
        ("proxy*.db", b"SQLite format 3\x00" + b"x" * 5000, "is a damaged database"),
        ("proxy*.db", b"rubbish", "is no database"),
    ],
)
def test_a_backup_that_does_not_verify_is_refused(
    back: Command, service: SmallService, backup: str, damage: bytes, reason: str
) -> None:
    (path,) = service.backups.glob(backup)
    path.write_bytes(damage)
    path.with_name(f"{path.name}.sha256").unlink()
    refused(back(), service, "does not verify", reason)


def test_a_backup_that_its_digest_belies_is_refused(back: Command, service: SmallService) -> None:
    (path,) = service.backups.glob("config*.json")
    path.write_text(path.read_text().replace("v0", "v1"))
    refused(back(), service, "is not what was backed up: its SHA-256 differs")


def test_backups_from_before_a_moment_are_taken(back: Command, service: SmallService) -> None:
    refused(
        back("--before", "2020-01-01T00:00:00Z"), service, "no backup matches", "is older than 2020-01-01T00:00:00Z"
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_stops_it_and_it_goes_on_when_it_is_mended(
    back: Command, service: SmallService, hook: Webhook, step: str
) -> None:
    service.say(f"fail-{step}")
    said = back("--json")
    assert said.code == 11
    found = incident(said)
    assert (found["state"], found["stopped_in"]) == ("stopped", step)
    assert "told to fail" in found["reason"]
    place = STEPS.index(step)
    assert list(states(found).values()) == ["done"] * place + ["failed"] + ["not_begun"] * (6 - place)
    assert f"stopped half-way, in step {step}" in said.err
    assert "give the same command again" in said.err
    assert hook.seen[-1]["event"] in ("rollback_stopped", "rollback_done")
    assert "STOPPED HALF-WAY" in (Path(found["folder"]) / "incident.md").read_text()
    service.mend(f"fail-{step}")
    said = back("--json")
    assert said.code == 0, said.err
    assert service.state == ROLLED_BACK
    assert service.hooks == [*STEPS[: place + 1], *STEPS[place:]]
    assert incident(said)["folder"] == found["folder"]


def until(found: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (seen := found()) is not None:
            return seen
        threading.Event().wait(0.02)
    pytest.fail("it did not come to it in a minute")


@pytest.mark.parametrize("step", STEPS)
def test_a_rollback_that_is_killed_in_a_step_goes_on_in_that_step(
    back: Command, start: Start, service: SmallService, step: str
) -> None:
    service.say(f"block-{step}")
    going = start("rollback", "execute", service.checklist, "--confirm", NEW, cwd=service.folder)
    waiting = until(lambda: service.blocked)
    os.kill(going.pid, signal.SIGKILL)
    going.wait(timeout=30)
    os.kill(waiting, signal.SIGKILL)
    (record,) = (service.folder / "signoff-rollbacks").glob("2*")
    with (record / "journal.jsonl").open("a") as journal:
        journal.write('{"journal": 1, "ts": "2026-')
    said = back("--json")
    assert said.code == 0, said.err
    assert service.state == ROLLED_BACK
    place = STEPS.index(step)
    assert service.hooks == [*STEPS[: place + 1], *STEPS[place:]]
    found = incident(said)
    assert found["folder"] == str(record)
    assert [each["attempts"] for each in found["steps"]] == [2 if each == step else 1 for each in STEPS]
    assert back().code == 2


def test_a_dry_run_shows_a_rollback_that_is_unfinished(back: Command, signoff: Command, service: SmallService) -> None:
    service.say("fail-restore-accounts")
    assert back().code == 11
    plan = json.loads(signoff("rollback", "execute", service.checklist, "--json").out)
    assert Path(plan["resumes"]).parent == service.folder / "signoff-rollbacks"
    assert [step["state"] for step in plan["steps"]] == ["done"] * 2 + ["ready"] * 5


def test_two_rollbacks_at_once_are_refused(back: Command, service: SmallService) -> None:
    with Records(service.folder / "signoff-rollbacks").locked():
        refused(back(), service, "another rollback is being carried out; wait for it")


def test_a_rollback_that_stopped_long_ago_is_not_gone_on_with(back: Command, service: SmallService) -> None:
    service.say("fail-stop")
    assert back().code == 11
    (journal,) = (service.folder / "signoff-rollbacks").glob("2*/journal.jsonl")
    journal.write_text(re.sub(r'"ts": "\d+-\d+-\d+', '"ts": "2020-01-01', journal.read_text()))
    said = back()
    assert said.code == 2
    assert "too long ago to go on with it; move the folder away" in said.err


def test_a_server_that_does_not_end_stops_it_and_nothing_is_restored(back: Command, service: SmallService) -> None:
    service.checklist.write_text(service.checklist.read_text().replace('"timeout": "20s"', '"timeout": "500ms"', 1))
    service.end()
    service.say("home/stubborn")
    service.manage()
    said = back("--json")
    assert (said.code, incident(said)["stopped_in"]) == (11, "stop")
    assert "has not ended 0.5 s after TERM" in said.err
    assert service.answering == NEW
    assert json.loads((service.home / "config.json").read_text())["of"] == NEW


def test_a_database_that_somebody_has_open_is_not_replaced(back: Command, service: SmallService) -> None:
    with closing(sqlite3.connect(service.home / "proxy.db")) as database:
        database.execute("SELECT * FROM marks").fetchall()
        said = back("--json")
    assert (said.code, incident(said)["stopped_in"]) == (11, "restore-database")
    assert f"has {service.home}/proxy.db open; stop it first" in said.err


def test_a_crashed_server_can_be_rolled_back_too(back: Command, service: SmallService) -> None:
    service.end()
    until(lambda: True if service.answering is None else None)
    said = back("--json")
    assert said.code == 0, said.err
    assert service.state == ROLLED_BACK


def test_smoke_tests_that_do_not_pass_stop_it_before_anybody_is_told_that_all_is_well(
    back: Command, service: SmallService, hook: Webhook
) -> None:
    service.say("unsound")
    said = back("--json")
    assert (said.code, incident(said)["stopped_in"]) == (11, "verify")
    assert "the smoke tests say NO-GO: sound: fail" in said.err
    assert [each["event"] for each in hook.seen] == ["rollback_stopped"]


def test_a_team_that_could_not_be_told_is_a_step_that_failed(
    back: Command, service: SmallService, hook: Webhook
) -> None:
    hook.status = 500
    said = back("--json")
    assert (said.code, incident(said)["stopped_in"]) == (11, "notify")
    assert "the webhook was not told: it answered with status 500" in said.err
    hook.status = 200
    assert back().code == 0
    assert hook.keys[-1] == hook.keys[0]


def test_a_wish_to_stop_is_honoured_between_steps(start: Start, back: Command, service: SmallService) -> None:
    service.say("block-restore-accounts")
    going = start("rollback", "execute", service.checklist, "--confirm", NEW, cwd=service.folder)
    until(lambda: service.blocked)
    going.terminate()
    _, err = going.communicate(timeout=30)
    assert going.returncode == 11
    assert "stopped half-way, in step restore-accounts" in err
    assert back().code == 0
    assert service.state == ROLLED_BACK


STOPS = {"procedure": [{"id": "p", "title": "P", "stop": "http://127.0.0.1:9"}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"release": {"name": "Thing", "version": NEW}, "rollback": STOPS},
            "release.previous is not set; it says which version to go",
        ),
        ({"rollback": {}}, "there are no steps under `rollback.procedure`; write some"),
        ({"rollback": {"procedure": [{"id": "p", "title": "P", "smok": ["x"]}]}}, "unknown key 'smok'; did you mean"),
    ],
)
def test_a_checklist_that_cannot_be_gone_by_is_a_mistake(
    signoff: Command, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    sections = {"release": {"name": "Thing", "version": NEW, "previous": OLD}, "rollback": {}, **change}
    said = signoff("rollback", "execute", write(tmp_path, checklist(**sections)))
    assert (said.code, said.out) == (2, "")
    assert message in said.err
