"""A question that is asked again and again: logs are read on from where the last round ended, in constant memory."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from checks.metrics.errors import LogSourceError
from checks.metrics.following import Follower
from checks.metrics.table import WindowTable
from checks.rollback.criteria import told_apart_by, window_of
from checks.rollback.projection import breach_in
from checks.rollback.rounds import Round, judge, timeline_of
from checks.rollback.timeline import Timeline
from signoff.commands.rollback.asked import Asked


@dataclass(frozen=True)
class Watched(Asked):
    """The same question with its logs followed; what can't be followed is read anew in each round."""

    follower: Follower | None = field(default=None)

    def read_logs(self, until: datetime | None, now: datetime) -> WindowTable:
        """Read what has come, up to `until`; raises LogSourceError where there is no log, or one can't be read."""
        if self.follower is None:
            return super().read_logs(until, now)
        self.follower.step(now)
        if not self.follower.tracked and not self.follower.table.rows:
            raise LogSourceError(", ".join(self.logs), "there is no such file yet", "start what writes it")
        return self.follower.table.slice(until=until)

    def round(self, at: datetime, now: datetime) -> Round:
        """Look at all criteria at `at`, and how far each is from its breach."""
        source = timeline_of(lambda: self.table(at, now))
        found = judge(self.criteria, source, self.results(), self.root, at)
        return replace(found, breach_in=self._projected(source, at)) if isinstance(source, Timeline) else found

    def close(self) -> None:
        """Close the logs."""
        if self.follower is not None:
            self.follower.close()

    def _projected(self, timeline: Timeline, at: datetime) -> dict[str, timedelta]:
        if timeline.table.unknown_reason:
            return {}
        found = {each.id: breach_in(each, timeline, self.root, at) for each in self.criteria}
        return {name: span for name, span in found.items() if span is not None}


def watched(asked: Asked, now: datetime) -> Watched:
    """Follow what is asked, from as far back as the criteria look."""
    given = {each.name: getattr(asked, each.name) for each in fields(asked)}
    return Watched(**given, follower=_follower(asked, now) if _can_be_followed(asked.logs) else None)


def _can_be_followed(logs: tuple[str, ...]) -> bool:
    return bool(logs) and not any(path == "-" or "::" in path or path.endswith(".parquet") for path in logs)


def _follower(asked: Asked, now: datetime) -> Follower:
    window_s = window_of(asked.criteria)
    first_s = max((each.baseline.first or 0.0 for each in asked.criteria if each.baseline), default=0.0)
    return Follower(
        asked.logs,
        asked.log_format,
        window_s,
        by=told_apart_by(asked.criteria),
        since=None if first_s else now - asked.needed(),
        versions=asked.versions,
        most_windows=int(asked.needed().total_seconds() / window_s) + 1,
        first_s=first_s,
    )
