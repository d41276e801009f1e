"""`signoff kinds`: the kinds of check that are installed, plug-ins included."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def kinds(kind: Annotated[str | None, typer.Argument(help="Show this kind's fields and properties.")] = None) -> None:
    """List the kinds of check, or show one's fields and what it observes.

    Examples:

      signoff kinds

      signoff kinds http
    """
    from checks.kinds import registry
    from checks.kinds.reference import describe, summary

    if kind is None:
        for name in registry.names():
            sys.stdout.write(f"{name:10}  {summary(name)}\n")
        return
    if kind not in registry.names():
        raise typer.BadParameter(f"kind {kind!r} is unknown; known are {', '.join(registry.names())}")
    sys.stdout.write(describe(kind))
