"""Looks at what is no running proxy: the criteria of a rollback by a log, and the original's own home."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from checks.drill.command_line import NoAnswerError, answer
from checks.drill.looking import look
from checks.drill.original import DATA_DIR, make_original
from checks.drill.outcome import SeenCheck
from checks.drill.place import Place
from checks.drill.steps.original import History
from checks.outcome import Status

ORIGINAL, CRITERIA = "original/", "rollback/"
"""What the ids of checks begin with that are not the checklist's own."""
CHECKLIST = Path(__file__).parent / "data" / "original.yaml"
_STATES = {"clear": Status.PASS, "breached": Status.FAIL, "unknown": Status.NO_DATA}


def look_at_criteria(place: Place) -> tuple[SeenCheck, ...]:
    """Each criterion that is taken of the log, by `signoff rollback check`."""
    logs = str(place.home / "logs" / "*.jsonl")
    command = ["rollback", "check", "source/checklist.yaml", "--profile", "reference", "--logs", logs]
    try:
        criteria = answer(place, *command, has="criteria")["criteria"]
    except NoAnswerError as error:
        return (SeenCheck(id=f"{CRITERIA}check", status=Status.ERROR, reason=str(error)),)
    return tuple(
        SeenCheck(id=f"{CRITERIA}{each['id']}", status=_STATES[each["state"]], reason=each["reason"][:500])
        for each in criteria
        if each["measure"] != "checks"
    )


def prepare_original(place: Place) -> None:
    """The original's home with a healthy log, and the checklist that is asked of it."""
    place.source.mkdir()
    shutil.copy2(CHECKLIST, place.source / "checklist.yaml")
    make_original(place.folder)
    History().apply(place)


def look_at_original(place: Place, checks: Sequence[str]) -> tuple[SeenCheck, ...]:
    """Look at the original's home and log with its own checklist."""
    place.settings["target.data_dir"] = str(place.folder / DATA_DIR)
    names = [name.removeprefix(ORIGINAL) for name in checks]
    seen = look(place, names, {}, place.stop)
    return tuple(each.model_copy(update={"id": f"{ORIGINAL}{each.id}"}) for each in seen)
