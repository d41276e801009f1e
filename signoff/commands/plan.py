"""`signoff plan`: what a run would look at, without looking."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def plan(
    checklist: Annotated[Path, typer.Argument(help="The checklist.")] = Path("checklist.yaml"),
    profile: Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage, and what it needs.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only checks with this tag.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Only this check.")] = None,
) -> None:
    """Show as a tree what a run would look at, and what each check expects.

    Example:

      signoff plan --stage smoke-tests
    """
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    from checks.binding import bind
    from checks.errors import ConfigurationError
    from checks.linting import problems_of
    from checks.loading import load
    from checks.planning import select

    loaded = load(checklist, profile=profile, environ=os.environ)
    problems = problems_of(loaded)
    if problems:
        raise ConfigurationError(problems)
    selected = select(loaded, stages=stage or (), tags=tag or (), checks=check or ())
    tree = Tree(Text(f"{loaded.checklist.release.name} {loaded.checklist.release.version}"))
    for each in loaded.checklist.stages:
        branch = tree.add(Text(f"{each.id}: {each.title}" + (f" (after {each.after})" if each.after else "")))
        for entry in loaded.entries:
            if entry.stage == each.id and entry.id in selected:
                found, _ = bind(loaded, entry, loaded.names, lenient=True)
                expected = "; ".join(f"{name} {what}" for name, what in found.expect.items()) if found else ""
                kind = entry.header.kind or "not applicable"
                branch.add(Text(f"{entry.id} [{kind}] {entry.header.title}" + (f" → {expected}" if expected else "")))
    Console().print(tree)
