"""The live board of a watch: each criterion's state, its last rounds as a sparkline, and how far off a breach is."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import timedelta, tzinfo

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from checks.outcome import Criterion
from checks.rollback.rounds import Round
from checks.units import Dimension, Quantity
from signoff.commands.rollback.view import STYLES, VERDICTS, standing, told

ROUNDS = 20
"""Rounds that a sparkline shows; no more are kept."""
_BARS = "▁▂▃▄▅▆▇█"
_GAP = "·"


class Board:
    """What the last rounds said; the times are also told in `zone` where one is named."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._rounds = 0
        self._observed: dict[str, deque[float | None]] = defaultdict(lambda: deque(maxlen=ROUNDS))

    def after(self, found: Round) -> RenderableType:
        """Lay out the board after one more round."""
        self._rounds += 1
        heads = ("criterion", "state", "last rounds", Column("breach in", justify="right"))
        columns = [Column(each, no_wrap=True) if isinstance(each, str) else each for each in heads]
        reason = Column("reason", no_wrap=True, overflow="ellipsis", ratio=1)
        table = Table(*columns, reason, box=None, expand=True, pad_edge=False)
        for each in found.criteria:
            self._observed[each.id].append(each.observed)
            state = Text(standing(each), style=STYLES[each.state])
            bars = Text(sparkline(list(self._observed[each.id]), each), style=STYLES[each.state])
            table.add_row(Text(each.id), state, bars, _left(found, each), Text(each.reason))
        verdict = Text(f"{found.verdict} at {told(found.at, self._zone)}", style=VERDICTS[found.verdict])
        return Group(Text.assemble(verdict, f", round {self._rounds}"), table)


def sparkline(observed: list[float | None], criterion: Criterion) -> str:
    """The values as bars between zero and the highest of them and the threshold; an unknown one is a dot."""
    known = [value for value in observed if value is not None]
    if not known:
        return _GAP * len(observed)
    top = max([*known, criterion.threshold or 0.0 if criterion.measure.endswith("rate") else 0.0]) or 1.0
    return "".join(_GAP if value is None else _BARS[min(7, int(value / top * 8))] for value in observed)


def _left(found: Round, criterion: Criterion) -> Text:
    if criterion.state == "breached":
        return Text("now", style=STYLES["breached"])
    span: timedelta | None = found.breach_in.get(criterion.id)
    if span is None:
        return Text("–")
    return Text(str(Quantity(span.total_seconds(), Dimension.TIME)), style=STYLES["unknown"])
