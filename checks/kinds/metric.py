"""The kind `metric`: a measure of the target's own log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from checks.check import Check, Context
from checks.checklist import Baseline, comparable
from checks.contents import UnreadableError
from checks.kinds.measure_baseline import Compared, NoBaselineError, of_last_go, recorded, windows_to_keep
from checks.kinds.target_logs import log_format, log_paths
from checks.outcome import Evidence, Observation, error, no_data
from checks.times import Seconds
from checks.trend import FEWEST_VALUES, direction
from checks.units import Dimension, Quantity

if TYPE_CHECKING:
    from checks.metrics.measures import MeasureValue
    from checks.metrics.table import WindowTable

MAX_WINDOWS = 500
"""Windows that are listed; the latest, where there are more."""
_SYNTHETIC = {"any": None, "only": True, "exclude": False}


def _measure(name: str) -> str:
    from checks.metrics.measures import MEASURES

    if name not in MEASURES and "${" not in name:
        near = get_close_matches(name, MEASURES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(MEASURES)}"
        raise ValueError(f"there is no measure {name!r}; {hint}")
    return name


class MetricCheck(Check):
    """A measure over requests of the release under test, with its interval and what it rests on.

    ```yaml
    kind: metric
    measure: cache.hit_rate
    window: 1h
    min_samples: 200
    expect: {at_least: 30%}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "value": "the measure: a ratio, a time, or a number",
        "ci": "95 % interval of a rate, as fractions [low, high]; null of other measures",
        "samples": "what the value rests on: the whole of a rate, the durations of a latency, else the requests",
        "unit": "rate, count, duration_ms or per_second, as the measure is defined",
        "windows": "[start, value, samples] of each window, at most the latest 500",
        "percentiles": "of a latency, [start, p50, p95, p99] of the same windows in ms; null of other measures",
        "synthetic": "none, some or all of the requests are labelled synthetic",
        "series": "the value of each window that has one, in the order of time; what `trend: rising|falling` is of",
        "trend": "rising, falling or flat: the direction of `series`; null with fewer than four windows",
        "baseline": "the value that it is compared with",
        "ratio": "value divided by baseline",
    }
    sole_property: ClassVar[str | None] = "value"
    asks_target: ClassVar[bool] = True
    of_instances: ClassVar[bool] = True

    kind: Literal["metric"]
    measure: Annotated[str, AfterValidator(_measure)] = Field(description="Its name, such as `errors.rate`.")
    window: Seconds | None = Field(default=None, gt=0, description="How far back to look. Default: all of the log.")
    warm_up: Seconds = Field(default=0.0, description="Left out, from the first request of the release on.")
    per: Seconds = Field(default=60.0, ge=1, description="Length of one window, for `windows` and `trend`.")
    min_samples: int = Field(default=30, ge=1, description="With fewer there is too little to judge by.")
    synthetic: Literal["any", "only", "exclude"] = Field(default="any", description="Which requests count.")
    baseline: Baseline | Literal["last-go"] | None = Field(
        default=None,
        description="`{first: SPAN}` of the log, `{file: PATH}` with {measure: value} in its own unit, or `last-go`: "
        "the windows that the last GO run of the same release's name and profile kept of this check.",
    )

    @model_validator(mode="after")
    def _judges_the_measure(self) -> Self:
        for expected in (self.expect.get("value"), self.prefer.get("value")):
            if expected is not None and expected.quantities and "${" not in self.measure:
                comparable(self.measure, expected, of_baseline=False)
        return self

    def observe(self, context: Context) -> Observation:
        """Read the log into windows and take the measure; too few samples are nothing to judge by."""
        from checks.metrics.errors import LogSourceError

        try:
            table = self._read(context, self._beginning(context))
            measured = table.measure(self.measure)
            if measured.value is None:
                return no_data(measured.reason_if_unknown or "no value", samples=measured.samples)
            if measured.samples < self.min_samples:
                reason = f"{measured.samples} samples, and at least {self.min_samples} are needed"
                return no_data(reason, samples=measured.samples, remedy="wait for more requests, or widen `window`")
            compared = self._compared(context)
            kept = windows_to_keep(table, context.scratch)
        except UnreadableError as problem:
            return error(str(problem))
        except LogSourceError as problem:
            return no_data(str(problem), remedy=problem.remedy)
        except NoBaselineError as problem:
            return no_data(str(problem), remedy=problem.remedy)
        return self._observation(table, measured, compared, kept)

    def _observation(
        self, table: WindowTable, measured: MeasureValue, compared: Compared, kept: tuple[Evidence, ...]
    ) -> Observation:
        baseline = compared.value
        windows = measured.windows[-MAX_WINDOWS:]
        value = measured.value
        series = [each.value for each in windows if each.value is not None]
        properties: dict[str, Any] = {
            "value": _quantity(value, measured),
            "ci": list(measured.ci) if measured.ci else None,
            "samples": measured.samples,
            "unit": measured.unit,
            "windows": [[each.start.isoformat(), each.value, each.samples] for each in windows],
            "percentiles": _percentiles(table, measured),
            "synthetic": table.is_synthetic,
            "series": series,
            "trend": direction(series) if len(series) >= FEWEST_VALUES else None,
            "baseline": _quantity(baseline, measured),
            "ratio": Quantity(value / baseline, Dimension.RATIO) if value is not None and baseline else None,
        }
        caveats = [caveat.message for caveat in table.caveats]
        made_of = f"{table.total.requests} requests, {table.is_synthetic} of them synthetic"
        told = {"measure": self.measure, "made_of": made_of, "caveats": caveats, "windows": properties["windows"]}
        evidence = Evidence("measure.json", json.dumps(told, indent=1).encode())
        if "series" in {*self.expect, *self.prefer} and len(series) < FEWEST_VALUES:
            return no_data(f"a trend needs {FEWEST_VALUES} windows with data", evidence, *kept, **properties)
        against = [f"compared with run {compared.run}"] if compared.run else []
        return Observation(properties, (evidence, *kept), reason="; ".join([f"of {made_of}", *against, *caveats]))

    def _read(self, context: Context, since: datetime | None) -> WindowTable:
        from checks.metrics.gathering import gather

        return gather(
            log_paths(context),
            log_format=log_format(context),
            since=since,
            until=context.now(),
            window_s=int(self.per),
            versions=context.versions or None,
            synthetic=_SYNTHETIC[self.synthetic],
        )

    def _beginning(self, context: Context) -> datetime | None:
        recent = None if self.window is None else context.now() - timedelta(seconds=self.window)
        if not self.warm_up:
            return recent
        span = self._read(context, None).span
        warm = span[0] + timedelta(seconds=self.warm_up) if span else None
        return max((each for each in (recent, warm) if each is not None), default=None)

    def _compared(self, context: Context) -> Compared:
        """What the value is compared with, in the measure's unit; raises NoBaselineError."""
        if self.baseline is None:
            return Compared()
        if self.baseline == "last-go":
            table, run = of_last_go(self.id, context)
            return Compared(self._value_of(table), run)
        if self.baseline.file is not None:
            return Compared(recorded(self.baseline.file, self.measure, context))
        whole = self._read(context, None)
        if whole.span is None:
            raise NoBaselineError("the log has no request to take a baseline of")
        return Compared(self._value_of(whole.slice(until=whole.span[0] + timedelta(seconds=self.baseline.first or 0))))

    def _value_of(self, baseline: WindowTable) -> float:
        found = baseline.measure(self.measure)
        if not found.value or found.samples < self.min_samples:
            raise NoBaselineError(f"the baseline has {found.samples} samples, and {self.min_samples} are needed")
        return found.value


def _percentiles(table: WindowTable, measured: MeasureValue) -> list[list[Any]] | None:
    if measured.unit != "duration_ms":
        return None
    family = measured.name.rpartition(".")[0]
    p50, p95, p99 = (table.measure(f"{family}.{name}").windows[-MAX_WINDOWS:] for name in ("p50", "p95", "p99"))
    rows = zip(p50, p95, p99, strict=True)
    return [[low.start.isoformat(), low.value, middle.value, high.value] for low, middle, high in rows]


def _quantity(value: float | None, measured: MeasureValue) -> Quantity | float | None:
    if value is None:
        return None
    if measured.unit == "rate":
        return Quantity(value, Dimension.RATIO)
    return Quantity(value / 1000, Dimension.TIME) if measured.unit == "duration_ms" else value
