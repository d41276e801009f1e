"""`signoff init`: a checklist to begin with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def init(
    template: Annotated[
        str | None, typer.Option(help="image-proxy, openai-images, antigravity or http-service; asked for without.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The product's name.")] = None,
    version: Annotated[str | None, typer.Option(help="The release's version, as the target tells it.")] = None,
    url: Annotated[str | None, typer.Option(help="The target's base URL.")] = None,
    output: Annotated[Path, typer.Option(help="Where to write the checklist.")] = Path("checklist.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a checklist to begin with. Without --template, on a terminal, it asks.

    Examples:

      signoff init

      signoff init --template http-service --name Shop --version 2.1.0 --url http://127.0.0.1:8000

    Exit codes: 0 written, 2 nothing was written.
    """
    from checks.explaining import suggestion
    from checks.templates.catalogue import filled, templates
    from signoff.new_file import write_new

    known = templates()
    if template is None:
        if not sys.stdin.isatty():
            raise typer.BadParameter(f"give --template, one of {', '.join(known)}")
        for each, about in known.items():
            sys.stderr.write(f"  {each:14} {about.title}\n")
        template = typer.prompt("Template", err=True)
        chosen = known.get(template)
        if chosen is not None:
            name = name or typer.prompt("Name", chosen.name, err=True)
            version = version or typer.prompt("Version", chosen.version, err=True)
            url = url or typer.prompt("URL", chosen.url, err=True)
    if template not in known:
        raise typer.BadParameter(f"there is no template {template!r}{suggestion(template, list(known))}")
    chosen = known[template]
    text = filled(template, name or chosen.name, version or chosen.version, url or chosen.url)
    write_new(output, text, force=force)
    steps = "".join(f"  {number}. {step}\n" for number, step in enumerate(chosen.next, 1))
    sys.stderr.write(f"{output} is written. Next:\n{steps}")
