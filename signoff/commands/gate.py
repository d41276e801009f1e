"""`signoff gate`: the release's decision, from evidence and signatures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.exit_code import ExitCode

if TYPE_CHECKING:
    from checks.signing.gate import Decision

SIGNERS_HELP = "Who may sign, as OpenSSH's allowed_signers."
REVOKED_HELP = "Keys that count no longer: a KRL of ssh-keygen's."
BUNDLE_HELP = "The signed bundle of an environment that the checklist requires. Repeatable."


def gate(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    allowed_signers: Annotated[Path, typer.Option(metavar="FILE", help=SIGNERS_HELP)] = Path("allowed_signers"),
    revoked_keys: Annotated[Path | None, typer.Option(metavar="FILE", help=REVOKED_HELP)] = None,
    bundle: Annotated[list[str] | None, typer.Option(metavar="ENVIRONMENT=FILE", help=BUNDLE_HELP)] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether a release may go: the evidence says GO, every byte is as signed, every role has approved.

    Examples:

      signoff gate signoff-runs/20260111T100000Z-0a1b2c3d --allowed-signers allowed_signers

      signoff gate RUN --bundle staging=staging.tar --revoked-keys revoked.krl --json

    Exit codes: 0 GO, 1 NO-GO (rejected, changed, or so says the evidence), 2 usage error, 3 HOLD (a signature or
    evidence is awaited), 5 OVERRIDDEN (GO only by a signed override).
    """
    decision = ask_gate(run, allowed_signers, revoked_keys, bundle or [])
    from reports.gate import document, lines_of

    if json_:
        sys.stdout.write(json.dumps(document(decision), indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines_of(decision)))
    raise typer.Exit(_CODES[decision.decision.value])


_CODES = {"GO": ExitCode.GO, "NO-GO": ExitCode.NO_GO, "HOLD": ExitCode.HOLD, "OVERRIDDEN": ExitCode.OVERRIDDEN}


def ask_gate(run: Path, allowed_signers: Path, revoked_keys: Path | None, bundles: list[str]) -> Decision:
    """What the gate says now, by the files that the command line names."""
    from checks.signing.asking import ask
    from checks.signing.statement import now
    from checks.signing.trust import read_trust

    named = {}
    for each in bundles:
        environment, is_named, path = each.partition("=")
        if not is_named or not environment or not path:
            raise typer.BadParameter(f"{each!r} is not ENVIRONMENT=FILE", param_hint="--bundle")
        named[environment] = Path(path)
    return ask(run, read_trust(allowed_signers, revoked_keys), now(), named)
