"""What changed from one run to another: what newly fails, what is fixed, what is slower, what is expected otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from checks.outcome import Result, RunRecord, Status

SLOWER = 2.0
"""A check is slower where it took this many times as long, and `SLOWER_BY_MS` longer: less is noise."""
SLOWER_BY_MS = 1000.0
GOOD = frozenset({Status.PASS, Status.WARN, Status.WAIVED})
BAD = frozenset({Status.FAIL, Status.NO_DATA, Status.ERROR, Status.BLOCKED, Status.PENDING})


@dataclass(frozen=True)
class Change:
    """One check in two runs, in words."""

    check: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """Two runs compared, check by check; a check that only one of them has is added or removed."""

    newly_failing: tuple[Change, ...]
    fixed: tuple[Change, ...]
    slower: tuple[Change, ...]
    expectation_changed: tuple[Change, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def difference(before: RunRecord, after: RunRecord) -> Difference:
    """What changed. A softened or waived failure is judged by what it was before it was softened."""
    old = {result.id: result for result in before.checks}
    new = {result.id: result for result in after.checks}
    both = [(old[name], new[name]) for name in old if name in new]
    return Difference(
        newly_failing=tuple(_statuses(a, b) for a, b in both if _seen(a) in GOOD and _seen(b) in BAD),
        fixed=tuple(_statuses(a, b) for a, b in both if _seen(a) in BAD and _seen(b) in GOOD),
        slower=tuple(_durations(a, b) for a, b in both if _is_slower(a, b)),
        expectation_changed=tuple(
            _expectations(a, b) for a, b in both if a.expected != b.expected and a.kind and b.kind
        ),
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
    )


def _seen(result: Result) -> Status:
    return result.raw_status or result.status


def _is_slower(before: Result, after: Result) -> bool:
    if not (before.attempts and after.attempts):
        return False
    longer = after.duration_ms - before.duration_ms
    return longer >= SLOWER_BY_MS and after.duration_ms >= SLOWER * before.duration_ms


def _statuses(before: Result, after: Result) -> Change:
    said = f"{_seen(after).value}: {after.reason}" if _seen(after) in BAD else _seen(after).value
    return Change(after.id, _seen(before).value, said)


def _durations(before: Result, after: Result) -> Change:
    return Change(after.id, f"{before.duration_ms / 1000:.1f} s", f"{after.duration_ms / 1000:.1f} s")


def _expectations(before: Result, after: Result) -> Change:
    words = [
        "; ".join(f"{name} {what}" for name, what in each.expected.items()) or "nothing" for each in (before, after)
    ]
    return Change(after.id, *words)
