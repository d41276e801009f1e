"""`signoff rollback execute`: what going back would do, and with --confirm, going back."""

from __future__ import annotations

import getpass
import os
import threading
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.rollback.options import Json, moment
from signoff.exit_code import ExitCode
from signoff.interruption import interruptible

if TYPE_CHECKING:
    from checks.rollback.execution import Order
    from checks.rollback.incident import Incident
    from checks.rollback.preparation import Asked


def execute(
    checklist: Annotated[Path, typer.Argument(help="Whose procedure.")] = Path("checklist.yaml"),
    confirm: Annotated[
        str | None,
        typer.Option(metavar="RELEASE", help="Go back; names the release that is left. [default: a dry run]"),
    ] = None,
    why: Annotated[str, typer.Option(help="For the record: what was seen, and who decided.")] = "",
    evidence: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Kept with the record; at most 16 MiB. Repeatable.")
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(help="Restore the newest backups from before then: an ISO time, or how long ago."),
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option(help="Where rollbacks are recorded. [default: signoff-rollbacks beside the checklist]"),
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Try it on the reference proxy, built, deployed and backed up for it.")
    ] = False,
    profile: Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A profile value, or target.FIELD.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Go through the rollback procedure: by dry run, or with --confirm RELEASE, in earnest.

    The dry run says what each step would do, whether it could, and what was written since the backups and would be
    lost. In earnest, each step is verified before the next. A rollback that was interrupted or stopped half-way goes
    on where it stopped when the same command is given again.

    Examples:

      signoff rollback execute --profile production

      signoff rollback execute --profile production --confirm v3.3.20 --why "error rate 14 % since 10:12"

      signoff rollback execute --reference --confirm v3.3.20

    Exit codes: 0 ready, or gone back; 2 refused, nothing was touched; 3 not ready (dry run); 11 stopped half-way.
    """
    from checks.rollback.execution import Order
    from checks.rollback.preparation import Asked
    from signoff.setting import read_settings

    asked = Asked(
        checklist=checklist,
        profile=profile,
        settings=read_settings(set_ or []),
        environ=os.environ,
        records=records,
        backups_before=None if before is None else moment("--before", before, datetime.now(UTC)),
    )
    order = Order(confirm or "", getpass.getuser(), why, tuple(evidence or ()))
    stop = threading.Event()
    with interruptible(stop), _on_reference(asked, stop) if reference else nullcontext(asked) as asked:
        code = _rehearse(asked, as_json=as_json) if confirm is None else _go_back(asked, order, stop, as_json=as_json)
    raise typer.Exit(code)


def _on_reference(asked: Asked, stop: threading.Event) -> AbstractContextManager[Asked]:
    from checks.events import Event
    from checks.reference.rollback import rollback_of_reference

    def tell(event: Event) -> None:
        typer.echo(f"… {event.facts['what']}", err=True)

    return rollback_of_reference(asked, tell, stop)


def _rehearse(asked: Asked, *, as_json: bool) -> ExitCode:
    from checks.rollback.preparation import prepare

    plan = prepare(asked, datetime.now(UTC)).as_plan()
    if as_json:
        typer.echo(plan.model_dump_json(indent=2))
    else:
        from reports.rollback import plan_text

        typer.echo(plan_text(plan))
    return ExitCode.GO if plan.state == "ready" else ExitCode.HOLD


def _go_back(asked: Asked, order: Order, stop: threading.Event, *, as_json: bool) -> ExitCode:
    from checks.rollback.execution import HalfWayError
    from checks.rollback.execution import execute as carry_out

    try:
        incident = carry_out(asked, order, lambda: datetime.now(UTC), lambda line: typer.echo(line, err=True), stop)
    except HalfWayError as cause:
        typer.echo(str(cause), err=True)
        return ExitCode.HALF_ROLLED_BACK
    report = _write_report(incident)
    if as_json:
        typer.echo(incident.model_dump_json(indent=2))
    finished = incident.state == "finished"
    if finished:
        typer.echo(f"gone back from {incident.release} to {incident.previous}", err=True)
    else:
        typer.echo(f"stopped half-way, in step {incident.stopped_in}: {incident.reason}", err=True)
        typer.echo(f"what to do: {incident.next}", err=True)
    typer.echo(f"record: {report}", err=True)
    return ExitCode.GO if finished else ExitCode.HALF_ROLLED_BACK


def _write_report(incident: Incident) -> Path:
    from checks.run_folder import write_atomically
    from reports.rollback import incident_text

    path = Path(incident.folder) / "incident.md"
    write_atomically(path, incident_text(incident).encode())
    return path
