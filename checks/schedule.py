"""When checks that come later are due: worked out of the results and the approval that they come after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from checks.after import After
from checks.dependencies import rows_by_name
from checks.errors import Problem
from checks.explaining import problem_at, suggestion
from checks.loading import Loaded
from checks.outcome import Result, Status, Verdict
from checks.verdict import of_results


def due_at(after: After, before: Sequence[Result], approved: datetime | None) -> datetime | None:
    """When it is due; None where what it comes after has not happened.

    `before` are the results of the check or of the stage's checks, `approved` is when the release was approved.
    """
    begins = after.at or (approved if after.approval else _ended(after, before))
    return None if begins is None else begins + timedelta(seconds=after.wait)


def waiting(after: After, due: datetime | None) -> str:
    """Why a check is not looked at yet.

    >>> waiting(After(check="deployed", wait="24h"), None)
    'due after the check deployed and 1 d'
    """
    at = "" if due is None or after.at is not None else f", at {due:%Y-%m-%d %H:%M:%S} UTC"
    return f"due after {after}{at}"


def schedule_problems(loaded: Loaded) -> Iterator[Problem]:
    """Checks and stages named by `after` that there are not, or that come no sooner."""
    rows = rows_by_name(entry.id for entry in loaded.entries)
    place = {stage.id: number for number, stage in enumerate(loaded.checklist.stages)}
    for entry in loaded.entries:
        after = entry.after
        if after is None or (after.check is None and after.stage is None):
            continue
        if after.check is not None:
            known, name = [*rows], after.check
            is_late = any(
                place[each.stage] > place[entry.stage] for each in loaded.entries if each.id in rows.get(name, ())
            )
        else:
            known, name = [*place], after.stage or ""
            is_late = place.get(name, -1) >= place[entry.stage]
        where = (*entry.path, "after") if "after" in entry.raw else (*entry.path[:2], "after")
        if name not in known:
            kind = "check" if after.check else "stage"
            message = f"after names {name!r}, which is no {kind}{suggestion(name, known)}"
            yield problem_at(loaded.document, where, message)
        elif is_late:
            yield problem_at(loaded.document, where, f"after names {name!r}, which comes no sooner; move one of them")


def _ended(after: After, before: Sequence[Result]) -> datetime | None:
    """When the last of them ended; None unless all of them did, and well."""
    well = all(each.status.meets_a_need for each in before) if after.check else of_results(before) is Verdict.GO
    if not well or any(each.status is Status.SCHEDULED for each in before):
        return None
    ends = [each.started_at + timedelta(milliseconds=each.duration_ms) for each in before if each.started_at]
    return max(ends, default=None)
