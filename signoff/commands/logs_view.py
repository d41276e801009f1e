"""What `signoff logs` shows to people: the measures in a table, their windows as sparklines, and the caveats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from checks.metrics.comparison import Comparison, compare
from checks.metrics.measures import MEASURES, MeasureValue, Unit
from checks.metrics.table import Source, WindowTable
from signoff.commands.logs_explained import escaped

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_SHOWN = {
    "Requests": ("requests.count", "requests.rate", "success.rate", "success.partial_rate"),
    "Cache": ("cache.hit_rate", "cache.failure_rate"),
    "Errors": ("errors.rate", "errors.count", "safety.block_rate"),
    "Latency": tuple(name for name in MEASURES if name.startswith("latency")),
}


def view(table: WindowTable, baseline: WindowTable | None = None) -> RenderableType:
    """Lay a window table out for a terminal: its measures, its groups if it has any, and how a baseline compares."""
    coverage = table.coverage
    lines = Text(
        f"{coverage.lines} lines: {coverage.parsed} parsed, {coverage.ignored} ignored, "
        f"{coverage.unparsed} unparsed, {coverage.partial} partial, {coverage.duplicate} duplicate"
    )
    sources = [Text(f"{source.path} ({_format(source)})") for source in table.sources]
    caveats = [Text(f"caveat {caveat.code}: {caveat.message}") for caveat in table.caveats]
    groups = table.groups
    parts = [_measures(table)]
    if set(groups) - {""}:
        parts.append(_groups(groups))
    if baseline is not None:
        parts.append(_comparison(compare(table, baseline)))
    return Group(*sources, lines, *parts, *caveats)


def _format(source: Source) -> str:
    if source.format is None:
        return "no line to tell the format by"
    return (
        source.format if source.confidence is None else f"{source.format}, {source.confidence:.0%} of its first lines"
    )


def sparkline(values: Sequence[float | None]) -> str:
    """Draw values as bars from the least to the greatest, a blank where one is unknown, at most 60 wide.

    Of more values than that the latest are drawn.
    """
    drawn = values[-_WIDEST:]
    known = [value for value in drawn if value is not None]
    if not known:
        return ""
    low, spread = min(known), max(known) - min(known)
    steps = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round((value - low) / spread * steps) if spread else 0] for value in drawn
    )


def _measures(table: WindowTable) -> Table:
    span = table.span
    title = f"{span[0]:%Y-%m-%d %H:%M:%S} to {span[1]:%Y-%m-%d %H:%M:%S} UTC" if span else "no span"
    shown = Table(
        Column("measure", no_wrap=True), "value", "95 %", "samples", f"by window of {table.window_s} s", title=title
    )
    for heading, names in _SHOWN.items():
        shown.add_section()
        shown.add_row(Text(heading, style="bold"))
        for name in names:
            measured = table.measure(name)
            spark = sparkline([window.value for window in measured.windows])
            shown.add_row(name, _value(measured), _interval(measured), str(measured.samples), spark)
    return shown


def _groups(groups: Mapping[str, WindowTable]) -> Table:
    names = ("requests.count", "cache.hit_rate", "errors.rate", "latency.p50", "latency.p95")
    shown = Table("group", *names, title="told apart")
    for group, part in sorted(groups.items(), key=lambda item: -item[1].total.requests)[:_MOST_GROUPS]:
        shown.add_row(Text(escaped(group) or "unknown"), *(_value(part.measure(name)) for name in names))
    if len(groups) > _MOST_GROUPS:
        shown.add_row(f"{len(groups) - _MOST_GROUPS} more")
    return shown


def _comparison(compared: Sequence[Comparison]) -> Table:
    shown = Table("measure", "value", "baseline", "ratio", "95 %", "difference", "95 %", title="against the baseline")
    for each in compared:
        shown.add_row(
            each.name,
            _worded(each.unit, each.value),
            _worded(each.unit, each.baseline),
            "" if each.ratio is None else f"{each.ratio:.3f}",
            "" if each.ratio_ci is None else "{:.3f} – {:.3f}".format(*each.ratio_ci),
            "" if each.difference is None else f"{each.difference:+.2%}",
            "" if each.difference_ci is None else "{:+.2%} – {:+.2%}".format(*each.difference_ci),
        )
    return shown


def _value(measured: MeasureValue) -> str:
    return _worded(measured.unit, measured.value)


def _worded(unit: Unit, value: float | None) -> str:
    return "unknown" if value is None else _WORDS[unit].format(value)


_MOST_GROUPS = 30
_WORDS = {"rate": "{:.2%}", "count": "{:d}", "duration_ms": "{:.1f} ms", "per_second": "{:.2f} /s"}


def _interval(measured: MeasureValue) -> str:
    return "" if measured.ci is None else f"{measured.ci[0]:.2%} – {measured.ci[1]:.2%}"
