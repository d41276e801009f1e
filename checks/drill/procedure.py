"""The rollback procedure as a drill sees it: a home with its backups, two deployed versions, and a dry run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from checks.backup_files import Work, back_up
from checks.drill.command_line import NoAnswerError, answer
from checks.drill.outcome import SeenCheck
from checks.drill.place import Place
from checks.loading import load
from checks.outcome import Status
from checks.reference.deployment import deploy
from checks.reference.rollback import BACKED_UP

PROCEDURE = "procedure/"
"""What the ids of a procedure's steps begin with."""
NOBODY = "http://127.0.0.1:1"
"""Where nobody listens: the server has stopped already."""


def prepare_procedure(place: Place, source: Path, program: Path) -> None:
    """Back the place's home up, and deploy the release and the one before; `source` is the project's folder.

    Raises OSError where a backup or a version cannot be written.
    """
    release = load(place.source / "checklist.yaml", profile="reference", environ={}).checklist.release
    releases, backups, scratch = (place.folder / name for name in ("releases", "backups", "scratch"))
    for folder in (releases, scratch):
        folder.mkdir()
    work = Work(backups, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", scratch, place.stop.is_set)
    for name in BACKED_UP:
        back_up(place.home / name, work)
    place.settings |= {
        **deploy(source, program, releases, release.version, release.previous).settings,
        "backup_dir": str(backups),
        "target.url": NOBODY,
        "target.data_dir": str(place.home),
        "target.upstream": NOBODY,
        "target.executable": str(program),
    }


def look_at_procedure(place: Place) -> tuple[SeenCheck, ...]:
    """Each step, by the dry run of `signoff rollback execute`."""
    told = [text for name, value in place.settings.items() for text in ("--set", f"{name}={value}")]
    command = ["rollback", "execute", "source/checklist.yaml", "--profile", "reference", *told]
    try:
        steps = answer(place, *command, has="steps")["steps"]
    except NoAnswerError as error:
        return (SeenCheck(id=f"{PROCEDURE}plan", status=Status.ERROR, reason=str(error)),)
    return tuple(
        SeenCheck(
            id=f"{PROCEDURE}{each['id']}",
            status=Status.FAIL if each["problems"] else Status.PASS,
            reason="; ".join(each["problems"])[:500],
        )
        for each in steps
    )
