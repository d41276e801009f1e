"""What every command does that runs checks: follow them, write the reports, and leave with the verdict's exit code."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from signoff.exit_code import ExitCode
from signoff.interruption import interruptible
from signoff.views import Format, view

if TYPE_CHECKING:
    from checks.engine import Options
    from checks.events import Event, Listener
    from checks.outcome import RunRecord
    from checks.request import Request
    from checks.run_folder import RunFolder
    from signoff.run_options import Output


def conduct_and_leave(request: Request, options: Options, output: Output) -> None:
    """Run what is asked for, show how it goes, write the reports; raises typer.Exit with the verdict's exit code.

    Where a run is gone on with and nothing was due, its reports stay as they are, too.
    """
    from signoff.progress import listener_for

    stop = threading.Event()
    with interruptible(stop), listener_for(as_json=output.as_json, quiet=output.quiet) as listener:
        began = _Began(listener)
        folder, record = _conduct(request, began, options, stop)
        if began.has_begun:
            write_reports(folder, record, request.checklist.resolve().parent)
        else:
            sys.stderr.write("nothing is due; the run stays as it is\n")
        listener(_finished(folder, record))
    raise typer.Exit(_exit_code(record))


class _Began:
    """A listener that passes everything on and notes whether a session began."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.has_begun = False

    def __call__(self, event: Event) -> None:
        self.has_begun |= event.name == "run_started"
        self._listener(event)


def _conduct(
    request: Request, listener: Listener, options: Options, stop: threading.Event
) -> tuple[RunFolder, RunRecord]:
    from checks.run import conduct

    if not request.reference:
        return conduct(request, listener, options, stop)
    from checks.reference.run import conduct_against_reference

    return conduct_against_reference(request, listener, options, stop)


def write_reports(folder: RunFolder, record: RunRecord, root: Path | None) -> None:
    """Write every view of a run beside its record; `root` is the folder of its checklist, where that is known."""
    from checks.run_folder import write_atomically
    from reports import github, html, markdown
    from reports.excerpts import excerpts_of

    way = os.path.relpath(root, folder.path) if root else "../.."
    write_atomically(folder.path / "report.md", markdown.render(record, way).encode())
    write_atomically(
        folder.path / "report.html", html.render(record, way, excerpts=excerpts_of(folder.path, record)).encode()
    )
    write_atomically(folder.path / "junit.xml", view(folder.path, record, Format.JUNIT).encode())
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), github.summary(record))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        sys.stderr.write("".join(f"{line}\n" for line in github.workflow_commands(record)))


def _append(path: Path, text: str) -> None:
    """Add to a file of the CI system's; that it cannot be written to is no reason to lose a verdict."""
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as cause:
        sys.stderr.write(f"{path}: the step's summary cannot be written: {cause.strerror}\n")


def _finished(folder: RunFolder, record: RunRecord) -> Any:
    from checks.events import Event
    from checks.execution import utc_now
    from checks.ways_out import ways_out

    facts = {
        "verdict": record.verdict.value,
        "scope": record.scope,
        "interrupted": record.interrupted,
        "counts": {status.value: count for status, count in record.counts.items()},
        "reasons": list(record.reasons),
        "ways_out": [asdict(way) for way in ways_out(record, str(folder.path), utc_now())],
        "folder": str(folder.path),
        "report": str(folder.path / "report.md"),
    }
    return Event("run_finished", facts)


def _exit_code(record: RunRecord) -> ExitCode:
    if record.interrupted:
        return ExitCode.INTERRUPTED
    return {"GO": ExitCode.GO, "HOLD": ExitCode.HOLD, "NO-GO": ExitCode.NO_GO}[record.verdict.value]
