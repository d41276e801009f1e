"""`signoff run`: run a checklist, show how it goes, write the report."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signoff.exit_code import ExitCode
from signoff.interruption import interruptible
from signoff.views import Format, view

if TYPE_CHECKING:
    from checks.engine import Options
    from checks.events import Listener
    from checks.outcome import RunRecord
    from checks.run import Request
    from checks.run_folder import RunFolder


def run(
    checklist: Annotated[Path, typer.Argument(help="The checklist.")] = Path("checklist.yaml"),
    profile: Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage, and what it needs. Repeatable.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only checks with this tag. Repeatable.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Only this check. Repeatable.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A profile value, or target.FIELD.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The run's folder. [default: signoff-runs/<UTC>-<nonce>]")] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Build, start and check the reference proxy, on loopback.")
    ] = False,
    non_interactive: Annotated[
        bool, typer.Option("--non-interactive", help="Ask nobody; answers are pending.")
    ] = False,
    answers: Annotated[Path | None, typer.Option(help="YAML file of answers, by check id.")] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Start nothing more after a failure.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Checks side by side. [default: cores, at least 4]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON event a line, the last being the verdict.")] = False,
) -> None:
    """Run a checklist and write its sign-off report.

    Examples:

      signoff run --reference

      signoff run --profile production --answers answers.yaml

      signoff run --stage smoke-tests --non-interactive --set target.url=http://127.0.0.1:8045

    Exit codes: 0 GO, 1 NO-GO, 2 usage error, 3 HOLD, 4 defect of signoff, 130 interrupted.
    """
    from checks.answers import read_answers
    from checks.engine import DEFAULT_JOBS, Options
    from checks.run import Request
    from signoff.progress import listener_for
    from signoff.setting import read_settings

    options = Options(
        jobs=jobs or DEFAULT_JOBS,
        fail_fast=fail_fast,
        interactive=not non_interactive and not json_ and sys.stdin.isatty(),
        answers=read_answers(answers) if answers else {},
    )
    request = Request(
        checklist=checklist,
        profile=profile or ("reference" if reference else None),
        settings=read_settings(set_ or []),
        stages=tuple(stage or ()),
        tags=tuple(tag or ()),
        checks=tuple(check or ()),
        output=output,
        reference=reference,
        environ=os.environ,
    )
    stop = threading.Event()
    with interruptible(stop), listener_for(as_json=json_, quiet=quiet) as listener:
        folder, record = _conduct(request, listener, options, stop)
        _write_reports(folder, record, checklist.resolve().parent)
        listener(_finished(folder, record))
    raise typer.Exit(_exit_code(record))


def _conduct(
    request: Request, listener: Listener, options: Options, stop: threading.Event
) -> tuple[RunFolder, RunRecord]:
    from checks.run import conduct

    if not request.reference:
        return conduct(request, listener, options, stop)
    from checks.reference.run import conduct_against_reference

    return conduct_against_reference(request, listener, options, stop)


def _write_reports(folder: RunFolder, record: RunRecord, root: Path) -> None:
    from checks.run_folder import write_atomically
    from reports import github, html, markdown
    from reports.excerpts import excerpts_of

    way = os.path.relpath(root, folder.path)
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

    facts = {
        "verdict": record.verdict.value,
        "scope": record.scope,
        "interrupted": record.interrupted,
        "counts": {status.value: count for status, count in record.counts.items()},
        "reasons": list(record.reasons),
        "folder": str(folder.path),
        "report": str(folder.path / "report.md"),
    }
    return Event("run_finished", facts)


def _exit_code(record: RunRecord) -> ExitCode:
    if record.interrupted:
        return ExitCode.INTERRUPTED
    return {"GO": ExitCode.GO, "HOLD": ExitCode.HOLD, "NO-GO": ExitCode.NO_GO}[record.verdict.value]
