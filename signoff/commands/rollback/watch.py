"""`signoff rollback watch`: the question again and again, until it is answered or the time is over."""

import json
import shlex
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.rollback.options import EXIT, Json, Zone, asking, span_s, zone_of
from signoff.interruption import interruptible

if TYPE_CHECKING:
    from checks.rollback.notification import Notification
    from checks.rollback.rounds import Round
    from signoff.commands.rollback.asked import Asked


@asking
def watch(
    asked: "Asked",
    every: Annotated[str, typer.Option(help="A round so often, at least 1s.")] = "1m",
    for_: Annotated[str | None, typer.Option("--for", help="Stop after so long. [default: never]")] = None,
    once: Annotated[bool, typer.Option("--once", help="One round only, for cron and Kubernetes jobs.")] = False,
    journal: Annotated[
        Path | None, typer.Option(help="Append every round to this file, a JSON line each; go on from its last.")
    ] = None,
    on_breach: Annotated[
        str | None,
        typer.Option(help="A command with its arguments, run once at the first ROLLBACK, without a shell."),
    ] = None,
    hold_at_most: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Tell who is in `notify` of a HOLD that lasts longer.")
    ] = None,
    heartbeat: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask for this after every round: it says that the watch lives.")
    ] = None,
    zone: Zone = None,
    as_json: Json = False,
) -> None:
    """Look every so often until ROLLBACK or the end of --for; a source that is gone is HOLD.

    On a terminal rounds are shown on a board, elsewhere a line each. `rollback.on_breach`, `rollback.hold_at_most` and
    `rollback.notify` of the checklist say what is run and who is told; an option goes before them.

    Examples:

      signoff rollback watch --logs "logs/*.jsonl*" --every 1m --for 2h --journal watch.jsonl

      signoff rollback watch checklist.yaml --once --journal watch.jsonl --zone Europe/Berlin

    Exit codes: the last round's: 0 CONTINUE, 3 HOLD, 10 ROLLBACK; 2 usage error; 130 interrupted.
    """
    from checks.rollback.announcing import Announcements
    from checks.rollback.watch import Schedule
    from checks.rollback.watch import watch as rounds
    from signoff.commands.rollback import watch_journal
    from signoff.commands.rollback.telling import Tellers, shown
    from signoff.commands.rollback.watched import watched
    from signoff.exit_code import ExitCode

    schedule = Schedule(
        max(1.0, span_s("--every", every)), 0.0 if once else None if for_ is None else span_s("--for", for_)
    )
    rollback = asked.loaded.checklist.rollback
    last = _last(journal)
    argv = _arguments(on_breach) if on_breach is not None else _resolved(asked, rollback.on_breach or ())
    patience = rollback.hold_at_most if hold_at_most is None else span_s("--hold-at-most", hold_at_most)
    stop, local = threading.Event(), zone_of(zone)
    tellers = Tellers(
        say=lambda text: typer.echo(f"signoff rollback watch: {text}", err=True),
        root=asked.root,
        stop=stop,
        journal=journal,
        announcements=Announcements(watch_journal.states(last), patience),
        notification=_told(asked, rollback.notify),
        heartbeat=heartbeat,
        on_breach=argv,
        verdict_before=str(last["verdict"]) if last else None,
    )
    with ExitStack() as stack:
        looking = watched(asked, datetime.now(UTC))
        stack.callback(looking.close)
        show = shown(stack, local, live=sys.stderr.isatty() and not (once or as_json))

        def seen(found: "Round") -> None:
            show(found)
            tellers.tell(found)

        stack.enter_context(interruptible(stop))
        found = rounds(schedule, lambda at: looking.round(at, at), seen, lambda: datetime.now(UTC), stop)
    typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False) if as_json else found.verdict)
    raise typer.Exit(ExitCode.INTERRUPTED if stop.is_set() else EXIT[found.verdict])


def _last(journal: Path | None) -> "dict[str, object] | None":
    from signoff.commands.rollback.watch_journal import last_round

    try:
        return last_round(journal) if journal else None
    except OSError as cause:
        raise typer.BadParameter(f"--journal: {cause}") from cause


def _arguments(written: str) -> list[str]:
    try:
        argv = shlex.split(written)
    except ValueError as cause:
        raise typer.BadParameter(f"--on-breach: {cause}") from cause
    if not argv:
        raise typer.BadParameter("--on-breach: name a program")
    return argv


def _resolved(asked: "Asked", program: tuple[str, ...]) -> list[str]:
    from checks.substitution import substitute

    resolved, missing = substitute(list(program), asked.loaded.names)
    if missing:
        raise typer.BadParameter(f"rollback.on_breach: ${{{missing[0].name}}} is not set")
    return [str(each) for each in resolved]


def _told(asked: "Asked", notification: "Notification | None") -> "Notification | None":
    from checks.rollback.notification import NotificationError

    try:
        return notification.resolved(asked.loaded.names) if notification else None
    except NotificationError as cause:
        raise typer.BadParameter(f"rollback.notify: {cause}") from cause
