"""What `signoff rollback` is asked about: criteria, the sources of their measures, and the results of their checks."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from checks.checklist import RollbackCriterion
from checks.engine import Options
from checks.errors import ConfigurationError
from checks.linting import problems_of
from checks.loading import Loaded, load
from checks.metrics.gathering import gather
from checks.metrics.prometheus.reading import read_prometheus
from checks.metrics.table import WindowTable
from checks.outcome import Result
from checks.rollback.criteria import told_apart_by, window_of
from checks.rollback.decision import SCALES
from checks.rollback.rounds import BUILT_IN, Round, judge, timeline_of
from checks.run import Request, conduct

HERE = Path("checklist.yaml")
NOT_LIVE = "its checks ask a live target, which is not contacted where logs or Prometheus are named"


@dataclass(frozen=True)
class Asked:
    """A checklist's criteria and where the answers come from."""

    loaded: Loaded
    settings: Mapping[str, Any]
    environ: Mapping[str, str]
    logs: tuple[str, ...]
    log_format: str
    prometheus: str | None
    is_live: bool = False
    """Whether the sources are the checklist's own target, which may be contacted."""

    @property
    def criteria(self) -> tuple[RollbackCriterion, ...]:
        """The criteria, in the checklist's order."""
        return self.loaded.checklist.rollback.criteria

    @property
    def root(self) -> Path:
        """The folder that relative paths of the checklist start at."""
        return self.loaded.path.resolve().parent

    def table(self, until: datetime | None, now: datetime, since: datetime | None = None) -> WindowTable:
        """Read the sources up to `until`, of a Prometheus what rounds from `since` on need.

        Raises LogSourceError where nothing can be read.
        """
        window_s = window_of(self.criteria)
        tables = []
        if self.prometheus:
            end = until or now
            tables.append(read_prometheus(self.prometheus, (since or end) - self.needed(), end, window_s))
        if self.logs or not tables:
            tables.append(self.read_logs(until, now))
        return tables[0] if len(tables) == 1 else tables[0].merge(tables[1])

    def read_logs(self, until: datetime | None, now: datetime) -> WindowTable:
        """Read the logs up to `until`; raises LogSourceError where nothing can be read."""
        return gather(
            self.logs,
            log_format=self.log_format,
            until=until,
            window_s=window_of(self.criteria),
            by=told_apart_by(self.criteria),
            versions=self.versions,
            now=now,
        )

    @property
    def versions(self) -> frozenset[str] | None:
        """Whose requests count: those of the checklist's release; of the built-in criteria all."""
        return None if self.loaded.path == BUILT_IN else frozenset({self.loaded.checklist.release.version})

    def round(self, at: datetime, now: datetime) -> Round:
        """Look at all criteria at `at`; what cannot be read or run is unknown, with the reason."""
        source = timeline_of(lambda: self.table(at, now))
        return judge(self.criteria, source, self.results(), self.root, at)

    def needed(self) -> timedelta:
        """How far back the rule looks."""
        spans = [criterion.for_ * max(SCALES) for criterion in self.criteria]
        baselines = [criterion.baseline.first or 0 for criterion in self.criteria if criterion.baseline]
        return timedelta(seconds=max([3600, *spans]) + max([0, *baselines]))

    def results(self) -> Mapping[str, Result] | str:
        """The results of the criteria's checks by id, or why they weren't run."""
        names = tuple(dict.fromkeys(name for criterion in self.criteria for name in criterion.any_fails))
        is_built_in = self.loaded.path == BUILT_IN
        if not names:
            return {}
        if is_built_in and not self.logs:
            return "nothing lies beside a Prometheus to look at; name a checklist whose checks can"
        if not is_built_in and not self.is_live:
            return NOT_LIVE
        with TemporaryDirectory(prefix="signoff-") as folder:
            request = Request(
                checklist=self.loaded.path,
                profile=self.loaded.profile,
                settings=self.settings,
                checks=names,
                output=Path(folder) / "run",
                environ=self.environ,
            )
            try:
                _, record = conduct(request, lambda event: None, Options(interactive=False), threading.Event())
            except ConfigurationError as cause:
                return f"its checks could not be run: {cause}"
        return {result.id: result for result in record.checks}


def asked(
    checklist: Path | None,
    *,
    profile: str | None,
    settings: Mapping[str, Any],
    environ: Mapping[str, str],
    logs: Sequence[str],
    log_format: str,
    prometheus: str | None,
) -> Asked:
    """Load the criteria: of `checklist`, else of ./checklist.yaml, else the built-in ones.

    Raises ConfigurationError for a checklist with faults or without criteria, and where there is no source at all.
    """
    path = checklist or (HERE if HERE.exists() else BUILT_IN)
    given = dict(settings)
    if path == BUILT_IN and logs:
        given["target.data_dir"] = str(Path(logs[0]).resolve().parent.parent)
    found = Asked(_loaded(path, profile, given, environ), given, environ, tuple(logs), log_format, prometheus)
    if logs or prometheus:
        return found
    return _of_the_target(found)


def criteria_of(
    checklist: Path | None, profile: str | None, settings: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[RollbackCriterion, ...]:
    """The criteria alone, of `checklist`, else of ./checklist.yaml, else the built-in ones; errors as `asked`."""
    path = checklist or (HERE if HERE.exists() else BUILT_IN)
    return _loaded(path, profile, settings, environ).checklist.rollback.criteria


def _loaded(path: Path, profile: str | None, settings: Mapping[str, Any], environ: Mapping[str, str]) -> Loaded:
    loaded = load(path, profile=profile, settings=settings, environ=environ)
    problems = problems_of(loaded)
    if problems:
        raise ConfigurationError(problems)
    if not loaded.checklist.rollback.criteria:
        raise _mistake(path, "there are no criteria under `rollback`; write some, or name no checklist")
    return loaded


def _of_the_target(found: Asked) -> Asked:
    """The same with the logs of the checklist's target; raises ConfigurationError where it has none."""
    from checks.identification import completed
    from checks.places import from_root, target_names, with_logs

    target = completed(found.loaded.checklist.target)
    target = from_root(with_logs(target, found.loaded.names.extended(target_names(target))), found.root)
    if not target.logs.paths:
        raise _mistake(found.loaded.path, "no log is known; name one by --logs FILE, or --prometheus URL")
    return replace(found, logs=target.logs.paths, log_format=target.logs.format, is_live=True)


def _mistake(path: Path, message: str) -> ConfigurationError:
    from checks.errors import Problem

    return ConfigurationError([Problem(str(path), None, None, message)])
