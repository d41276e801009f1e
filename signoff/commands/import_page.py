"""`signoff import`: a Markdown checklist becomes YAML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def import_(
    page: Annotated[Path, typer.Argument(metavar="PAGE.md", help="A Markdown page with task lists.")],
    output: Annotated[Path | None, typer.Option(help="Where to write the checklist. [default: stdout]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Make a checklist of a page. Nothing on the page is executed.

    What is surely understood becomes a check, a rollback criterion, a step or a role; the rest becomes questions to a
    person, each with a `todo`.

    Examples:

      signoff import release.md --output checklist.yaml

      signoff lint checklist.yaml --covers release.md

    Exit codes: 0 written, 2 nothing was written.
    """
    from checks.importing.page import import_page
    from checks.page import read_page
    from signoff.new_file import write_new

    made = import_page(read_page(page), str(page))
    if output is None:
        sys.stdout.write(made.text)
    else:
        write_new(output, made.text, force=force)
    counts = made.counts
    sys.stderr.write(
        f"{page}: of {counts.boxes} boxes outside sign-offs and next steps a machine looks at {counts.machine}, "
        f"and {counts.questions} are questions; `signoff lint` names what is left to do\n"
    )
