"""`signoff rollback watch`: the question again and again, until it is answered or the time is over."""

import json
import shlex
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.rollback.options import EXIT, Json, asking, span_s
from signoff.interruption import interruptible

if TYPE_CHECKING:
    from checks.rollback.rounds import Round
    from signoff.commands.rollback.asked import Asked

ON_BREACH_S = 300.0
"""How long the command of --on-breach may take."""


@asking
def watch(
    asked: "Asked",
    every: Annotated[str, typer.Option(help="A round so often, at least 1s.")] = "1m",
    for_: Annotated[str | None, typer.Option("--for", help="Stop after so long. [default: never]")] = None,
    once: Annotated[bool, typer.Option("--once", help="One round only, for cron.")] = False,
    journal: Annotated[Path | None, typer.Option(help="Append every round to this file, a JSON line each.")] = None,
    on_breach: Annotated[
        str | None, typer.Option(help="A command with its arguments, run once at the first ROLLBACK, without a shell.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look every so often, a line a round, until ROLLBACK or the end of --for; a source that is gone is HOLD.

    Example:

      signoff rollback watch --logs "logs/*.jsonl*" --every 1m --for 2h --journal watch.jsonl

    Exit codes: the last round's: 0 CONTINUE, 3 HOLD, 10 ROLLBACK; 2 usage error; 130 interrupted.
    """
    from checks.rollback.watch import Schedule
    from checks.rollback.watch import watch as rounds
    from signoff.exit_code import ExitCode

    schedule = Schedule(
        max(1.0, span_s("--every", every)), 0.0 if once else None if for_ is None else span_s("--for", for_)
    )
    argv = _arguments(on_breach)
    stop = threading.Event()

    def seen(found: "Round") -> None:
        from signoff.commands.rollback.view import line

        if journal:
            _append(journal, found)
        typer.echo(line(found), err=True)
        if argv and found.verdict == "ROLLBACK":
            _run(argv)

    with interruptible(stop):
        last = rounds(schedule, lambda at: asked.round(at, at), seen, lambda: datetime.now(UTC), stop)
    if as_json:
        typer.echo(json.dumps(last.as_json(), indent=2, allow_nan=False))
    else:
        typer.echo(last.verdict)
    raise typer.Exit(ExitCode.INTERRUPTED if stop.is_set() else EXIT[last.verdict])


def _arguments(written: str | None) -> list[str]:
    try:
        argv = shlex.split(written or "")
    except ValueError as cause:
        raise typer.BadParameter(f"--on-breach: {cause}") from cause
    if written is not None and not argv:
        raise typer.BadParameter("--on-breach: name a program")
    return argv


def _append(journal: Path, found: "Round") -> None:
    with journal.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(found.as_json(), allow_nan=False) + "\n")


def _run(argv: list[str]) -> None:
    """Run the command; that it failed is said, and changes no verdict."""
    import subprocess

    try:
        done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, timeout=ON_BREACH_S)
    except (OSError, subprocess.TimeoutExpired) as cause:
        typer.echo(f"signoff rollback watch: --on-breach: {cause}", err=True)
    else:
        typer.echo(f"signoff rollback watch: --on-breach ended with {done.returncode}", err=True)
