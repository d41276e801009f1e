"""What hangs on what: the needs of each check and the parts of each rollup, worked out once for a checklist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.entries import Entry


@dataclass(frozen=True)
class Dependencies:
    """For each id what it needs, and what it is rolled up from; a base id is spelled out as all rows of its `each`."""

    needs: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, tuple[str, ...]]
    after: Mapping[str, tuple[str, ...]]
    """The checks, a stage's all, after which it is due."""

    def wanted_by(self, check_id: str) -> tuple[str, ...]:
        """All that must have ended before a check is looked at."""
        return (*self.needs[check_id], *self.parts[check_id], *self.after[check_id])


def dependencies_of(entries: Iterable[Entry]) -> Dependencies:
    """The dependencies of these checks; a name that is no check is left out, as lint has told of it."""
    entries = list(entries)
    rows = rows_by_name(entry.id for entry in entries)
    stages: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        stages[entry.stage].append(entry.id)
    return Dependencies(
        needs={entry.id: _found(entry.header.needs, rows) for entry in entries},
        parts={entry.id: _found(entry.header.parts, rows) for entry in entries},
        after={entry.id: _before(entry, rows, stages) for entry in entries},
    )


def rows_by_name(ids: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """What each name means: the id itself, and for the id of a check with `each` all of its rows, in the given order.

    >>> dict(rows_by_name(["story[1]", "story[2]", "storyline"]))["story"]
    ('story[1]', 'story[2]')
    """
    meant: defaultdict[str, list[str]] = defaultdict(list)
    for known in ids:
        base, bracket, _ = known.partition("[")
        meant[known].append(known)
        if bracket:
            meant[base].append(known)
    return {name: tuple(found) for name, found in meant.items()}


def _found(names: Iterable[str], rows: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(found for name in names for found in rows.get(name, ()))


def _before(entry: Entry, rows: Mapping[str, tuple[str, ...]], stages: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    if entry.after is None:
        return ()
    if entry.after.check is not None:
        return rows.get(entry.after.check, ())
    return () if entry.after.stage in {None, entry.stage} else tuple(stages.get(entry.after.stage or "", ()))
