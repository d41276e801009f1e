"""`signoff rollback execute`: it goes back, or is refused before anything is touched, or says where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.rollback.small_service import DEPLOYED, NEW, OLD, ROLLED_BACK, STEPS, SmallService
from tests.checks.rollback.webhook import Webhook, webhook
from tests.signoff.conftest import Command, Said


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
    said = back("--json")
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


def test_a_full_disk_is_refused(back: Command, service: SmallService) -> None:
    free = os.statvfs(service.home)
    with next(service.backups.glob("config*")).open("r+b") as backup:
        backup.truncate(free.f_bavail * free.f_frsize + 1)
    refused(back(), service, "step restore-configuration:", "is full:", "MiB are needed; make room")


@pytest.mark.parametrize(
    ("backup", "damage", "reason"),
    [
        ("config*", b'{"of": ', "is no whole JSON"),
        ("config*", b"", "is empty"),
        ("accounts*", b"\x1f\x8b nothing", "cannot be unpacked"),
        ("proxy*", b"SQLite format 3\x00" + b"x" * 5000, "is a damaged database"),
        ("proxy*", b"rubbish", "is no database"),
    ],
)
def test_a_backup_that_does_not_verify_is_refused(
    back: Command, service: SmallService, backup: str, damage: bytes, reason: str
) -> None:
    next(service.backups.glob(backup)).write_bytes(damage)
    refused(back(), service, "does not verify", reason)


def test_a_backup_that_its_digest_belies_is_refused(back: Command, service: SmallService) -> None:
    path = next(service.backups.glob("config*"))
    path.with_name(path.name + ".sha256").write_text(f"{'0' * 64}  {path.name}\n")
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
