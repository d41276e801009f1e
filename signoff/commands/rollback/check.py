"""`signoff rollback check`: do we go back, by what is known now or was at a time?"""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.rollback.options import EXIT, Json, Zone, asking, moment, zone_of

if TYPE_CHECKING:
    from signoff.commands.rollback.asked import Asked


@asking
def check(
    asked: "Asked",
    at: Annotated[
        str | None, typer.Option(help="Judge as of then: an ISO time, or how long ago. [default: now]")
    ] = None,
    zone: Zone = None,
    as_json: Json = False,
) -> None:
    """Say CONTINUE, HOLD or ROLLBACK, and why.

    Examples:

      signoff rollback check --logs "logs/*.jsonl*"

      signoff rollback check checklist.yaml --profile production --json

    Exit codes: 0 CONTINUE, 2 usage error, 3 HOLD, 10 ROLLBACK.
    """
    now = datetime.now(UTC)
    local = zone_of(zone)
    then = moment("--at", at, now)
    found = asked.round(then, now)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        from rich.console import Console

        from signoff.commands.rollback.view import view

        Console().print(view(found, local))
    raise typer.Exit(EXIT[found.verdict])
