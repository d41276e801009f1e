"""`signoff rollback backtest`: what the criteria would have said, minute by minute."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.rollback.options import Json, asking

if TYPE_CHECKING:
    from signoff.commands.rollback.asked import Asked


@asking
def backtest(
    asked: "Asked",
    chart: Annotated[Path | None, typer.Option(help="Draw the time line into this .png or .svg file.")] = None,
    as_json: Json = False,
) -> None:
    """Replay logs: one round a minute, as if each minute were now. The target is not contacted.

    Example:

      signoff rollback backtest --logs "logs/*.jsonl*" --chart timeline.png

    Exit codes: 0 whatever it found, 2 where nothing could be read.
    """
    from checks.metrics.errors import LogSourceError
    from checks.rollback.backtest import backtest as replay
    from checks.rollback.timeline import Timeline
    from signoff.exit_code import ExitCode

    try:
        table = asked.table(None, datetime.now(UTC))
        found = replay(asked.criteria, Timeline(table), asked.root)
        if chart:
            from reports.rollback_chart import draw

            draw(table, found, asked.criteria, chart)
    except (LogSourceError, ValueError, OSError) as cause:
        typer.echo(f"signoff rollback backtest: {cause}", err=True)
        raise typer.Exit(ExitCode.USAGE) from cause
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
        return
    for change in found.as_json()["transitions"]:
        typer.echo(f"{change['at']} {change['criterion']}: {change['from']} → {change['to']}")
    first = found.as_json()["first_rollback_at"]
    typer.echo(f"{found.rounds} rounds; " + (f"ROLLBACK first at {first}" if first else "no ROLLBACK"))
