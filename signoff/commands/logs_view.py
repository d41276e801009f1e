"""What `signoff logs` shows to people: the measures in a table, their windows as sparklines, and the caveats."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from checks.metrics.measures import MEASURES, MeasureValue
from checks.metrics.table import WindowTable

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_SHOWN = {
    "Requests": ("requests.count", "requests.rate", "success.rate", "success.partial_rate"),
    "Cache": ("cache.hit_rate", "cache.failure_rate"),
    "Errors": ("errors.rate", "errors.count", "safety.block_rate"),
    "Latency": tuple(name for name in MEASURES if name.startswith("latency")),
}


def view(table: WindowTable) -> RenderableType:
    """Lay a window table out for a terminal."""
    coverage = table.coverage
    lines = Text(
        f"{coverage.lines} lines: {coverage.parsed} requests, {coverage.ignored} ignored, "
        f"{coverage.unparsed} unparsed, {coverage.partial} partial, {coverage.duplicate} duplicate"
    )
    sources = [Text(f"{source.path} ({source.format or 'no line to tell the format by'})") for source in table.sources]
    caveats = [Text(f"caveat {caveat.code}: {caveat.message}") for caveat in table.caveats]
    return Group(*sources, lines, _measures(table), *caveats)


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


def _value(measured: MeasureValue) -> str:
    return "unknown" if measured.value is None else _WORDS[measured.unit].format(measured.value)


_WORDS = {"rate": "{:.2%}", "count": "{:d}", "duration_ms": "{:.1f} ms", "per_second": "{:.2f} /s"}


def _interval(measured: MeasureValue) -> str:
    return "" if measured.ci is None else f"{measured.ci[0]:.2%} – {measured.ci[1]:.2%}"
