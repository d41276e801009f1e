"""Many runs side by side: verdicts and durations over time, and which checks change their answer for no reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from checks.outcome import Result, RunRecord, Status, Verdict
from checks.record_file import RecordError, read_record
from checks.trend import FEWEST_VALUES, direction

MOST_RUNS = 1000
"""Of more runs in a folder the last are looked at, by their folders' names, which begin with their time."""
_LOOKED = frozenset({Status.PASS, Status.WARN, Status.FAIL, Status.NO_DATA, Status.ERROR})


@dataclass(frozen=True)
class RunLine:
    """One run: what it was of, what it said, and how long it took."""

    folder: str
    run_id: str
    started_at: datetime
    duration_s: float
    verdict: Verdict
    scope: str
    interrupted: bool
    release: str
    profile: str | None
    counts: dict[str, int]


@dataclass(frozen=True)
class Sight:
    """One look at a check in one run, and everything that its answer may depend on."""

    run_id: str
    started_at: datetime
    status: Status
    retried: bool
    duration_s: float
    basis: tuple[object, ...]


@dataclass(frozen=True)
class CheckLine:
    """One check over all runs that looked at it, the oldest first."""

    id: str
    title: str
    sights: tuple[Sight, ...]

    def count(self, *statuses: Status) -> int:
        """How many looks ended so."""
        return sum(each.status in statuses for each in self.sights)

    @property
    def changed(self) -> int:
        """How often it answered otherwise than the time before, of the same release, build, profile, expectation."""
        return sum(one.status is not two.status for one, two in pairwise(self.sights) if one.basis == two.basis)

    @property
    def retried(self) -> int:
        """How often it passed only when it was tried again."""
        return sum(each.retried for each in self.sights)

    @property
    def flakiness(self) -> float:
        """The share of looks, from 0 to 1, that say that the answer is not that of the thing that was looked at."""
        return min(1.0, (self.changed + self.retried) / len(self.sights))

    @property
    def median_s(self) -> float:
        """How long a look takes, in seconds."""
        return median_low(each.duration_s for each in self.sights)


@dataclass(frozen=True)
class History:
    """The runs of a folder, the oldest first, their checks, and by folder why a run could not be read."""

    runs: tuple[RunLine, ...]
    checks: tuple[CheckLine, ...]
    unreadable: dict[str, str]

    @property
    def flaky(self) -> list[CheckLine]:
        """The checks that changed their answer or had to be tried again, the worst first."""
        found = [each for each in self.checks if each.flakiness]
        return sorted(found, key=lambda each: (-each.flakiness, each.id))

    @property
    def trend(self) -> str | None:
        """Whether whole runs take longer and longer; None with too few to tell."""
        durations = [each.duration_s for each in self.runs if each.scope == "full" and not each.interrupted]
        return direction(durations) if len(durations) >= FEWEST_VALUES else None


def history_of(folder: Path) -> History:
    """The history of the runs in a folder, one folder each."""
    lines: list[RunLine] = []
    titles: dict[str, str] = {}
    sights: dict[str, list[Sight]] = {}
    unreadable: dict[str, str] = {}
    for run in _runs(folder):
        try:
            record = read_record(run)
        except RecordError as cause:
            unreadable[run.name] = f"{cause.problem}; {cause.remedy}"
            continue
        lines.append(_line(run, record))
        for result in _looked_at(record.checks):
            titles[result.id] = result.title
            sights.setdefault(result.id, []).append(_sight(record, result))
    lines.sort(key=lambda each: (each.started_at, each.run_id))
    checks = [
        CheckLine(check_id, titles[check_id], tuple(sorted(seen, key=lambda each: each.started_at)))
        for check_id, seen in sights.items()
    ]
    return History(tuple(lines), tuple(checks), unreadable)


def _runs(folder: Path) -> list[Path]:
    """Folders that hold a run or the beginning of one."""
    found = [each for each in folder.iterdir() if each.is_dir() and (each / "journal.jsonl").exists()]
    return sorted(found, key=lambda each: each.name)[-MOST_RUNS:]


def _line(run: Path, record: RunRecord) -> RunLine:
    return RunLine(
        folder=run.name,
        run_id=record.run_id,
        started_at=record.started_at,
        duration_s=(record.finished_at - record.started_at).total_seconds(),
        verdict=record.verdict,
        scope=record.scope,
        interrupted=record.interrupted,
        release=f"{record.release.name} {record.release.version}",
        profile=record.profile,
        counts={status.value: count for status, count in record.counts.items()},
    )


def _looked_at(results: Iterable[Result]) -> Iterator[Result]:
    return (each for each in results if (each.raw_status or each.status) in _LOOKED)


def _sight(record: RunRecord, result: Result) -> Sight:
    status = result.raw_status or result.status
    basis = (record.release.version, record.target.build, record.profile, *sorted(result.expected.items()))
    retried = status is Status.PASS and any(each.status is not Status.PASS for each in result.attempts)
    return Sight(record.run_id, record.started_at, status, retried, result.duration_ms / 1000, basis)
