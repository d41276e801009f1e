"""`signoff gate`: the release's decision, from evidence and signatures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signoff.exit_code import ExitCode

if TYPE_CHECKING:
    from checks.checklist import Approval
    from checks.signing.gate import Decision


def gate(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    allowed_signers: Annotated[
        Path, typer.Option(metavar="FILE", help="Who may sign, as OpenSSH's allowed_signers.")
    ] = Path("allowed_signers"),
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether a release may go: the evidence says GO, every byte is as signed, every role has approved.

    Examples:

      signoff gate signoff-runs/20260111T100000Z-0a1b2c3d --allowed-signers allowed_signers

      signoff gate RUN --json

    Exit codes: 0 GO, 1 NO-GO (rejected, changed, or so says the evidence), 2 usage error, 3 HOLD (a signature or
    evidence is awaited).
    """
    decision = _decide(run, allowed_signers)
    if json_:
        sys.stdout.write(json.dumps(_document(decision), indent=2, allow_nan=False) + "\n")
    else:
        _show(decision)
    raise typer.Exit({"GO": ExitCode.GO, "HOLD": ExitCode.HOLD, "NO-GO": ExitCode.NO_GO}[decision.decision.value])


def _decide(run: Path, allowed_signers: Path) -> Decision:
    from checks.record_file import read_record
    from checks.signing import gate as judging
    from checks.signing.allowed_signers import read_allowed_signers
    from checks.signing.inventory import take_inventory
    from checks.signing.signatures import read_signatures
    from checks.signing.statement import now

    signers = read_allowed_signers(allowed_signers)
    inventory = take_inventory(run)
    signatures = read_signatures(run, signers, now())
    changed = judging.changed_files(inventory, signatures)
    if not {"verdict.json", "checklist.yaml"} & set(changed):
        return judging.decide(read_record(run), _roles(run), inventory, signatures)
    roles = _roles_of(sorted({each.role for each in signatures.found}))
    return judging.decide(None, roles, inventory, signatures)


def _roles(run: Path) -> tuple[Approval, ...]:
    from checks.signing.roles import read_roles

    return read_roles(run)


def _roles_of(names: list[str]) -> tuple[Approval, ...]:
    """Roles as signatures name them, where the checklist that would is not as signed."""
    from checks.checklist import Approval

    return tuple(Approval(role=name) for name in names)


def _document(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision.value,
        "evidence_verdict": None if decision.evidence_verdict is None else decision.evidence_verdict.value,
        "approvals": [
            {
                "role": each.role,
                "state": each.state,
                "principal": each.principal,
                "fingerprint": each.fingerprint,
                "at": None if each.at is None else f"{each.at:%Y-%m-%dT%H:%M:%SZ}",
                "comment": each.comment,
            }
            for each in decision.approvals
        ],
        "changed_files": list(decision.changed_files),
        "reason": "; ".join(decision.reasons),
    }


def _show(decision: Decision) -> None:
    from reports.escaping import plain

    evidence = "not known" if decision.evidence_verdict is None else decision.evidence_verdict.value
    lines = [f"{decision.decision.value} (evidence: {evidence})"]
    for each in decision.approvals:
        at = None if each.at is None else f"{each.at:%Y-%m-%d %H:%M:%S} UTC"
        facts = [each.principal, at, each.fingerprint, each.comment]
        told = [plain(fact) for fact in facts if fact]
        lines.append("  ".join([f"{each.role:20}", f"{each.state:8}", *told]).rstrip())
    lines += [f"- {plain(reason)}" for reason in decision.reasons]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
