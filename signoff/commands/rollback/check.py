"""`signoff rollback check`: do we go back, by what is known now or was at a time?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from signoff.commands.rollback.options import (
    EXIT,
    Checklist,
    Json,
    LogFormat,
    Logs,
    Profile,
    Prometheus,
    Settings,
    moment,
    what_is_asked,
)


def check(
    checklist: Checklist = None,
    logs: Logs = None,
    log_format: LogFormat = "auto",
    prometheus: Prometheus = None,
    at: Annotated[
        str | None, typer.Option(help="Judge as of then: an ISO time, or how long ago. [default: now]")
    ] = None,
    profile: Profile = None,
    set_: Settings = None,
    as_json: Json = False,
) -> None:
    """Say CONTINUE, HOLD or ROLLBACK, and why.

    Examples:

      signoff rollback check --logs "logs/*.jsonl*"

      signoff rollback check checklist.yaml --profile production --json

    Exit codes: 0 CONTINUE, 2 usage error, 3 HOLD, 10 ROLLBACK.
    """
    now = datetime.now(UTC)
    then = moment("--at", at, now)
    found = what_is_asked(checklist, profile, set_, logs, log_format, prometheus).round(then, now)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
    else:
        from rich.console import Console

        from signoff.commands.rollback.view import view

        Console().print(view(found))
    raise typer.Exit(EXIT[found.verdict])
