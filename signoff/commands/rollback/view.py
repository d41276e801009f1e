"""What `signoff rollback` shows to people: a round as a table, or as one line."""

from __future__ import annotations

from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from checks.outcome import Criterion
from checks.rollback.rounds import Round, instant

STYLES = {"clear": "green", "breached": "bold red", "unknown": "yellow"}
VERDICTS = {"CONTINUE": "bold green", "HOLD": "bold yellow", "ROLLBACK": "bold red"}


def view(found: Round, zone: tzinfo | None = None) -> RenderableType:
    """Lay a round out for a terminal; the verdict comes last, where it is read first."""
    table = Table("criterion", "state", Column("samples", justify="right"), "breach", "reason")
    for each in found.criteria:
        state = Text(standing(each), style=STYLES[each.state])
        table.add_row(Text(each.title), state, str(each.samples), Text(each.expected), Text(_reason(each)))
    return Group(table, Text(f"{found.verdict} at {told(found.at, zone)}", style=VERDICTS[found.verdict]))


def standing(criterion: Criterion) -> str:
    """A criterion's state, and that it only warns."""
    return f"{criterion.state} (warning)" if criterion.severity == "warn" else criterion.state


def told(moment: datetime, zone: tzinfo | None) -> str:
    """A time in UTC, and in a zone where one is named."""
    return f"{instant(moment)} ({moment.astimezone(zone):%H:%M:%S %Z})" if zone else instant(moment)


def line(found: Round, zone: tzinfo | None = None) -> str:
    """A round in a line: when, the verdict, and every criterion that isn't clear or warns."""
    deciding = [each for each in found.criteria if each.severity == "rollback" and each.state != "clear"]
    warned = [each for each in found.criteria if each.severity == "warn" and each.state == "breached"]
    open_ones = [f"{each.id} {standing(each)}: {each.reason}" for each in (*deciding, *warned)]
    said = " ".join("; ".join(open_ones).split())
    return f"{told(found.at, zone)} {found.verdict} {said or 'all clear'}".rstrip()


def _reason(criterion: Criterion) -> str:
    since = f" (since {instant(criterion.breached_since)})" if criterion.breached_since else ""
    where = f" → {criterion.runbook}" if criterion.runbook and criterion.state == "breached" else ""
    return f"{criterion.reason}{since}{where}"
