"""`signoff plan`: what a run would look at, do and cost, without looking."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.tree import Tree

    from checks.forecast import Forecast
    from checks.loading import Loaded


def plan(
    checklist: Annotated[Path, typer.Argument(help="The checklist.")] = Path("checklist.yaml"),
    profile: Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage, and what it needs.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only checks with this tag.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Only this check.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show as a tree what a run would look at, what each check expects, does outside and takes at most.

    Examples:

      signoff plan --stage smoke-tests

      signoff plan --profile production --json
    """
    from checks.errors import ConfigurationError
    from checks.forecast import forecasts, total
    from checks.linting import problems_of
    from checks.loading import load
    from checks.planning import select

    loaded = load(checklist, profile=profile, environ=os.environ)
    problems = problems_of(loaded)
    if problems:
        raise ConfigurationError(problems)
    found = forecasts(loaded, select(loaded, stages=stage or (), tags=tag or (), checks=check or ()))
    if json_:
        release = {"name": loaded.checklist.release.name, "version": loaded.checklist.release.version}
        told = {"release": release, "profile": loaded.profile, "checks": [each.as_json() for each in found]}
        document = {"schema_version": 1, **told, "total": total(found)}
        sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        return
    from rich.console import Console

    console = Console()
    console.print(_tree(loaded, found))
    sums = total(found)
    console.print(
        f"{sums['checks']} checks; at most {sums['paid_requests']} paid requests and {sums['requests']} in all; "
        f"the longest may take {_span(sums['longest_check_s'])}; {sums['refused']} refused by the profile",
        markup=False,
        highlight=False,
    )


def _tree(loaded: Loaded, found: list[Forecast]) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(f"{loaded.checklist.release.name} {loaded.checklist.release.version}"))
    for stage in loaded.checklist.stages:
        branch = tree.add(Text(f"{stage.id}: {stage.title}" + (f" (after {stage.after})" if stage.after else "")))
        for each in found:
            if each.entry.stage == stage.id:
                line = branch.add(Text(_line(each)))
                for note in _notes(each):
                    line.add(Text(note))
    return tree


def _line(each: Forecast) -> str:
    kind = each.entry.header.kind or "not applicable"
    expects = f" → {each.expects}" if each.expects else ""
    return f"{each.entry.id} [{kind}] {each.entry.header.title}{expects}"


def _notes(each: Forecast) -> list[str]:
    """What it does outside and takes, where that is more than a quick look."""
    notes = []
    if each.effect not in {None, "read"}:
        requests = "" if not each.requests else f", at most {each.requests} request(s)"
        notes.append(f"{each.effect}{requests}, at most {_span(each.longest_s or 0)}")
    if each.entry.header.after:
        notes.append(f"due after {each.entry.header.after}")
    if each.entry.header.needs:
        notes.append(f"needs {', '.join(each.entry.header.needs)}")
    if each.refused:
        notes.append(f"refused: {each.refused}")
    if each.todo:
        notes.append(f"to do: {each.todo}")
    return notes


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}" if seconds % size == 0 else f"{seconds / size:.1f} {unit}"
    return f"{seconds:g} s"
