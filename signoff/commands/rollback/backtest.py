"""`signoff rollback backtest`: what the criteria would have said, minute by minute."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.rollback.options import Json, asking, moment

if TYPE_CHECKING:
    from signoff.commands.rollback.asked import Asked


@asking
def backtest(
    asked: "Asked",
    since: Annotated[
        str | None, typer.Option(help="Rounds from then on: an ISO time, or how long ago. [default: all there is]")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Rounds up to then: an ISO time, or how long ago.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Draw the time line into this .png or .svg file.")] = None,
    as_json: Json = False,
) -> None:
    """Replay logs or a Prometheus: one round a minute, as if each minute were now. The target is not contacted.

    Examples:

      signoff rollback backtest --logs "logs/*.jsonl*" --chart timeline.png

      signoff rollback backtest --prometheus http://127.0.0.1:9090 --since 6h --until 2h

    Exit codes: 0 whatever it found, 2 where nothing could be read.
    """
    from checks.metrics.errors import LogSourceError
    from checks.rollback.backtest import backtest as replay
    from checks.rollback.timeline import Timeline
    from signoff.exit_code import ExitCode

    now = datetime.now(UTC)
    begin = moment("--since", since, now) if since else None
    end = moment("--until", until, now) if until else None
    if begin and begin >= (end or now):
        raise typer.BadParameter("--since: give a time before --until, and in the past")
    try:
        table = asked.table(end, now, begin)
        found = replay(asked.criteria, Timeline(table), asked.root, begin)
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
