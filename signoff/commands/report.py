"""`signoff report`: a run's report again, from its verdict.json, with what the gate says where that is asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.commands.gate import BUNDLE_HELP, REVOKED_HELP, SIGNERS_HELP, ask_gate
from signoff.views import Format, view

if TYPE_CHECKING:
    from checks.signing.gate import Decision


def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    format_: Annotated[Format, typer.Option("--format", help="The view.")] = Format.MARKDOWN,
    allowed_signers: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"{SIGNERS_HELP} With it, the report says what the gate says.")
    ] = None,
    revoked_keys: Annotated[Path | None, typer.Option(metavar="FILE", help=REVOKED_HELP)] = None,
    bundle: Annotated[list[str] | None, typer.Option(metavar="ENVIRONMENT=FILE", help=BUNDLE_HELP)] = None,
) -> None:
    """Print a run's report to stdout, made from its verdict.json. On a terminal, Markdown is laid out for it.

    Examples:

      signoff report signoff-runs/20260111T100000Z-0a1b2c3d --format junit

      signoff report RUN --allowed-signers allowed_signers --format html > release.html

    Exit codes: 0 printed, 2 nothing was printed.
    """
    from checks.record_file import read_record

    record = read_record(run)
    decision = _decision(run, allowed_signers, revoked_keys, bundle or [])
    written = view(run, record, format_, decision)
    if format_ is Format.MARKDOWN and sys.stdout.isatty():
        from rich.console import Console

        from reports.terminal import shown

        Console().print(shown(written))
    else:
        sys.stdout.write(written)


def _decision(
    run: Path, allowed_signers: Path | None, revoked_keys: Path | None, bundles: list[str]
) -> Decision | None:
    if allowed_signers is not None:
        return ask_gate(run, allowed_signers, revoked_keys, bundles)
    from checks.signing.errors import SigningError
    from checks.signing.signatures import has_override

    if has_override(run):
        remedy = "name --allowed-signers, so that the report can say whether it counts"
        raise SigningError(run, "holds an override", remedy)
    return None
