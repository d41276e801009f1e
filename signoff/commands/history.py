"""`signoff history`: the runs of a folder over time."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from reports.history import History

MOST_SHOWN = 30
"""Runs and flaky checks that the tables show; `--json` has all."""


def history(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the runs' folders.")] = Path("signoff-runs"),
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it, into a .png or .svg file.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the runs of a folder over time: verdicts, durations, and checks that are flaky.

    A check is flaky where its answer changed though the release, its build, the profile and the expectation did not, or
    where it passed only when it was tried again.

    Examples:

      signoff history

      signoff history signoff-runs --chart history.svg

      signoff history signoff-runs --json

    Exit codes: 0 shown, 2 no run is there.
    """
    from checks.errors import ConfigurationError, Problem
    from reports.history import history_of

    found = history_of(folder) if folder.is_dir() else None
    if found is None or not (found.runs or found.unreadable):
        remedy = "holds no run; name the folder that holds the runs' folders, such as signoff-runs"
        raise ConfigurationError([Problem(str(folder), None, None, remedy)])
    if chart is not None:
        _draw(found, chart)
    if json_:
        sys.stdout.write(json.dumps(_document(found), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _show(found)


def _draw(found: History, path: Path) -> None:
    from reports.history_chart import draw

    try:
        draw(found, path)
    except (ValueError, OSError) as cause:
        raise typer.BadParameter(str(cause), param_hint="--chart") from cause


def _document(found: History) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "runs": [
            {
                "folder": each.folder,
                "run_id": each.run_id,
                "started_at": f"{each.started_at:%Y-%m-%dT%H:%M:%SZ}",
                "duration_s": each.duration_s,
                "verdict": each.verdict.value,
                "scope": each.scope,
                "interrupted": each.interrupted,
                "release": each.release,
                "profile": each.profile,
                "counts": each.counts,
            }
            for each in found.runs
        ],
        "duration_trend": found.trend,
        "checks": [
            {
                "id": each.id,
                "title": each.title,
                "looks": len(each.sights),
                "statuses": {status: each.count(status) for status in {sight.status for sight in each.sights}},
                "changed": each.changed,
                "passed_when_retried": each.retried,
                "flakiness": each.flakiness,
                "median_s": each.median_s,
            }
            for each in found.checks
        ],
        "unreadable": [{"folder": name, "problem": problem} for name, problem in found.unreadable.items()],
    }


def _show(found: History) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if found.runs:
        console.print(_runs(found))
        trend = found.trend or "not known, there are too few"
        console.print(f"Durations of whole runs: {trend}.")
    flaky = found.flaky
    if flaky:
        console.print(_flaky(found))
        console.print(f"{len(flaky)} of {len(found.checks)} checks are flaky.")
    elif found.runs:
        console.print(f"None of {len(found.checks)} checks is flaky.")
    for name, problem in found.unreadable.items():
        console.print(f"{name}: {problem}")


def _runs(found: History) -> Any:
    from rich.table import Table

    from reports import values, wording
    from reports.escaping import plain

    table = Table("Started (UTC)", "Verdict", "Release", "Profile", "Took", "Not passed")
    table.columns[0].no_wrap = True
    for each in found.runs[-MOST_SHOWN:]:
        others = {status: count for status, count in each.counts.items() if status not in _QUIET}
        reach = [
            word for word, holds in (("partial", each.scope != "full"), ("interrupted", each.interrupted)) if holds
        ]
        table.add_row(
            f"{each.started_at:%Y-%m-%d %H:%M}",
            " ".join([wording.verdict(each.verdict), *reach]),
            plain(each.release),
            plain(each.profile or "—"),
            values.span(each.duration_s),
            ", ".join(f"{count} {status}" for status, count in others.items()) or "—",
        )
    return table


_QUIET = {"pass", "not_selected", "not_applicable", "scheduled"}


def _flaky(found: History) -> Any:
    from rich.table import Table

    from checks.outcome import Status
    from reports import values
    from reports.escaping import plain

    table = Table("Flaky check", "Looks", "Failed", "Changed", "Passed when retried", "Flakiness", "Takes")
    for each in found.flaky[:MOST_SHOWN]:
        counts = (len(each.sights), each.count(Status.FAIL), each.changed, each.retried)
        table.add_row(plain(each.id), *map(str, counts), values.share(each.flakiness), values.span(each.median_s))
    return table
