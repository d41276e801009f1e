"""How the rollback criteria stood over the time of the data: the geometry only, which a template draws as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from checks.outcome import Criterion, CriterionState, RunRecord
from reports import values, wording

WIDTH, LEFT, RIGHT, BOTTOM = 640, 170, 12, 24
ROW, BAR = 26, 16
_NAME = 24


@dataclass(frozen=True)
class Stretch:
    """A time for which a criterion stood so: where its bar is, and what it says in words."""

    x: float
    width: float
    state: CriterionState
    said: str


@dataclass(frozen=True)
class Row:
    """One criterion and its stretches; `y` is the top of its bars."""

    criterion: Criterion
    name: str
    y: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Timeline:
    """All criteria that have a history, over one and the same time."""

    rows: tuple[Row, ...]
    height: int
    first: str
    last: str


def timeline_of(record: RunRecord) -> Timeline | None:
    """The timeline of a run; None where no criterion has a history."""
    told = [each for each in record.criteria if each.history]
    if not told:
        return None
    begin = min(each.history[0].at for each in told)
    end = max(record.finished_at, *(change.at for each in told for change in each.history))
    rows = tuple(
        Row(each, _short(each.id), number * ROW, _stretches(each, begin, end)) for number, each in enumerate(told)
    )
    return Timeline(rows, len(rows) * ROW + BOTTOM, values.moment(begin), values.moment(end))


def _stretches(criterion: Criterion, begin: datetime, end: datetime) -> tuple[Stretch, ...]:
    length = (end - begin).total_seconds() or 1.0
    ends = [*(change.at for change in criterion.history[1:]), end]
    found = []
    for change, until in zip(criterion.history, ends, strict=True):
        x = LEFT + (change.at - begin).total_seconds() / length * (WIDTH - LEFT - RIGHT)
        width = (until - change.at).total_seconds() / length * (WIDTH - LEFT - RIGHT)
        said = f"{wording.CRITERION_SYMBOLS[change.state]} {change.state} from {values.moment(change.at)}"
        found.append(Stretch(round(x, 1), max(round(width, 1), 1.0), change.state, said))
    return tuple(found)


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
