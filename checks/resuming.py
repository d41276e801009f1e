"""How a run is gone on with: as it was asked for, with what was secret asked for again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checks.dependencies import rows_by_name
from checks.errors import ConfigurationError, Problem
from checks.execution import utc_now
from checks.explaining import suggestion
from checks.past import Past, read_past
from checks.record_file import read_record
from checks.request import Request, Resumption
from checks.waiver import Waiver
from checks.waiving import COVERED

SHORTEST_REASON = 10


def resumed(
    run: Path,
    *,
    again: Sequence[str] = (),
    reason: str = "",
    checklist: Path | None = None,
    approved: datetime | None = None,
    settings: Mapping[str, Any],
    environ: Mapping[str, str],
) -> Request:
    """The request that goes on with a run; `again` are checks to look at once more, and `reason` is why.

    `approved` is when the release was approved, `checklist` where the checklist is now, if it was moved; `settings` add
    to those of the run. Raises ConfigurationError where the run was abandoned, a check was never looked at, or
    something has to be given again; JournalError where the run's journal cannot be understood.
    """
    past = read_past(run)
    asked = past.asked
    if again and len(reason.strip()) < SHORTEST_REASON:
        raise _refused(run, f"a reason of at least {SHORTEST_REASON} characters is needed; the report tells it")
    if asked is None or past.abandoned is not None:
        raise _refused(run, f"the run was abandoned: {past.abandoned}; begin another by `signoff run`")
    absent = [name for name in asked.hidden if name not in settings]
    if absent:
        given = " ".join(f"--set {name}=…" for name in absent)
        raise _refused(run, f"what is secret is not kept, and has to be given again: {given}")
    found = checklist or Path(os.path.relpath((run / asked.checklist).resolve()))
    if not found.is_file():
        raise _refused(found, "the run's checklist is not there; say where it is by --checklist")
    return Request(
        checklist=found,
        profile=asked.profile,
        settings={**asked.settings, **settings},
        stages=asked.stages,
        tags=asked.tags,
        checks=asked.checks,
        reference=asked.reference,
        environ=environ,
        resumes=Resumption(run, _named(run, past, again), reason, approved=approved),
    )


def waiving(
    run: Path, said: Mapping[str, str | None], *, settings: Mapping[str, Any], environ: Mapping[str, str]
) -> Request:
    """The request that gives a run a waiver; `said` are its fields but for id, release and beginning.

    Raises ConfigurationError for a check that the run has not, or that a waiver cannot cover, and for fields that are
    none; JournalError or RecordError where the run cannot be understood.
    """
    request, past = resumed(run, settings=settings, environ=environ), read_past(run)
    check = str(said["check"])
    if check not in past.looks:
        raise _refused(run, f"{check} is no check of the run{suggestion(check, list(past.looks))}")
    status = past.looks[check].result.status
    if status not in COVERED:
        raise _refused(run, f"{check} is {status.value}; a waiver covers fail, no_data and error")
    fields = {
        **said,
        "id": f"run-{len(past.waivers) + 1}",
        "release": read_record(run).release.version,
        "created": utc_now().isoformat(),
    }
    try:
        waiver = Waiver.model_validate(fields)
    except ValidationError as cause:
        told = [
            ": ".join([*(f"--{part}" for part in each["loc"]), each["msg"]]) for each in cause.errors(include_url=False)
        ]
        raise ConfigurationError([Problem(str(run), None, None, message) for message in told]) from cause
    return replace(request, resumes=Resumption(run, waiver=waiver))


def _named(run: Path, past: Past, again: Sequence[str]) -> tuple[str, ...]:
    """The ids meant, rows spelled out; raises ConfigurationError for those that were never looked at."""
    rows = rows_by_name(past.looks)
    problems = []
    for name in again:
        if name not in rows:
            problems.append(
                Problem(str(run), None, None, f"{name} is no check of the run{suggestion(name, list(rows))}")
            )
            continue
        for each in rows[name]:
            if not past.looks[each].result.attempts and not past.looks[each].result.earlier:
                status = past.looks[each].result.status.value
                message = f"{each} is {status} and was not looked at yet; `signoff continue {run}` runs what is due"
                problems.append(Problem(str(run), None, None, message))
    if problems:
        raise ConfigurationError(problems)
    return tuple(dict.fromkeys(each for name in again for each in rows[name]))


def _refused(path: Path, message: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), None, None, message)])
