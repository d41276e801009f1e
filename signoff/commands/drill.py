"""`signoff drill`: break what a checklist claims to check, and see whether it notices."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.drill_progress import drill_listener
from signoff.exit_code import ExitCode
from signoff.interruption import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.drill.choosing import Named
    from checks.drill.drill import DrillRequest
    from checks.drill.outcome import DrillRecord
    from checks.drill.outside.drilling import OwnDrill
    from checks.run import Request


def drill(
    reference_checklist: Annotated[
        Path, typer.Argument(metavar="[CHECKLIST]", help="The checklist that the reference is drilled with.")
    ] = Path("checklist.yaml"),
    checklist: Annotated[
        Path | None, typer.Option(help="A checklist of your own, drilled from outside against its own target.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="With --checklist: whose values `${…}` takes.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="With --checklist: as in `signoff run`.")
    ] = None,
    check: Annotated[list[str] | None, typer.Option(help="With --checklist: only this check. Repeatable.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="With --checklist: a host beyond this machine that may be disturbed.")
    ] = None,
    upstream_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="With --checklist: listen there before target.upstream; the service has to be told to call it.",
        ),
    ] = None,
    fault: Annotated[list[str] | None, typer.Option(help="Only this fault. Repeatable.")] = None,
    family: Annotated[list[str] | None, typer.Option(help="Only the faults of this family. Repeatable.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Faults side by side.")] = 1,
    healthy_runs: Annotated[int, typer.Option(min=0, max=1000, help="Runs of each site with nothing broken.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the traffic and of the first healthy run.")] = 1,
    output: Annotated[
        Path | None, typer.Option(help="The folder of the report. [default: signoff-drills/<UTC>]")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the faults and drill nothing.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Break one thing after the other in a copy of the reference environment, and see which check notices.

    Examples:

      signoff drill --jobs 2

      signoff drill --family cache --fault another-profiles-threshold

      signoff drill --list

      signoff drill --checklist mine.yaml --set target.url=http://127.0.0.1:8045

      signoff drill --checklist mine.yaml --set target.upstream=http://127.0.0.1:8046 --upstream-port 9046

    Exit codes: 0 all caught and no false alarm, 1 something missed or a false alarm, 2 usage error, 3 something could
    not be drilled, 130 interrupted.
    """
    stop = threading.Event()
    if checklist is not None:
        from checks.drill.outside.catalogue import chosen_outside

        outside = chosen_outside(fault or (), family or ())
        if list_:
            _list(outside)
            return
        from checks.drill.outside.drilling import OwnDrill

        request = _own_request(checklist, profile, set_ or [], check or [])
        record = _drill_own(OwnDrill(request, outside, allow_host or (), healthy_runs, upstream_port), stop)
    else:
        from checks.drill.catalogue import chosen

        faults = chosen(fault or (), family or ())
        if list_:
            _list(faults)
            return
        from checks.drill.drill import DrillRequest

        record = _drill(DrillRequest(reference_checklist, faults, jobs, healthy_runs, seed), stop)
    folder = output or Path("signoff-drills") / f"{record.started_at:%Y%m%dT%H%M%SZ}"
    _write(folder, record)
    if json_:
        sys.stdout.write(record.model_dump_json(indent=2) + "\n")
    _show(folder, record)
    raise typer.Exit(_exit_code(record))


def _drill(request: DrillRequest, stop: threading.Event) -> DrillRecord:
    from checks.drill.drill import conduct_drill

    with interruptible(stop), drill_listener(len(request.faults)) as listener:
        return conduct_drill(request, listener, stop)


def _drill_own(request: OwnDrill, stop: threading.Event) -> DrillRecord:
    from checks.drill.outside.drilling import conduct_own_drill

    with interruptible(stop), drill_listener(len(request.faults)) as listener:
        return conduct_own_drill(request, listener, stop)


def _list(faults: Iterable[Named]) -> None:
    sys.stdout.write("".join(f"{each.family:<14}{each.id:<40}{each.breaks}\n" for each in faults))


def _own_request(checklist: Path, profile: str | None, settings: list[str], checks: list[str]) -> Request:
    from checks.run import Request
    from signoff.setting import read_settings

    return Request(
        checklist=checklist,
        profile=profile,
        settings=read_settings(settings),
        checks=tuple(checks),
        environ=os.environ,
    )


def _write(folder: Path, record: DrillRecord) -> None:
    from checks.run_folder import write_atomically
    from reports.drill import render_html, render_markdown

    write_atomically(folder / "drill.json", (record.model_dump_json(indent=2) + "\n").encode())
    write_atomically(folder / "drill.md", render_markdown(record).encode())
    write_atomically(folder / "drill.html", render_html(record).encode())


def _show(folder: Path, record: DrillRecord) -> None:
    from reports.drill import title

    lines = [title(record)]
    lines += [f"  {each.state}: {each.id}: {each.why}" for each in record.missed[:20]]
    lines += [f"  false alarm: {each.check} in {each.where}: {each.reason}" for each in record.alarms[:20]]
    never = record.checks_never_failed
    if never:
        lines.append(f"  {len(never)} required checks were failed by none of these faults")
    lines.append(f"report: {folder / 'drill.md'}")
    sys.stderr.write("".join(f"{line[:400]}\n" for line in lines))


def _exit_code(record: DrillRecord) -> ExitCode:
    if record.interrupted:
        return ExitCode.INTERRUPTED
    if record.missed or record.alarms:
        return ExitCode.NO_GO
    if not record.caught or any(fault.state == "not_run" for fault in record.faults):
        return ExitCode.HOLD
    return ExitCode.GO
