"""Signs a finished run in a role; nothing that is signed is rewritten."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from checks.outcome import RunRecord
from checks.run_folder import write_atomically
from checks.signing.armour import read_armour
from checks.signing.errors import SigningError
from checks.signing.inventory import NEEDED, SIGNATURES, Inventory, take_inventory
from checks.signing.roles import read_roles
from checks.signing.signatures import file_name
from checks.signing.ssh import sign
from checks.signing.statement import LONGEST_COMMENT, Approval, encoded, now, state


def approve(
    run: Path, record: RunRecord, role: str, key: Path, decision: Literal["approve", "reject"], comment: str
) -> Path:
    """Sign every file of the run's folder as it is now, and keep the signature beside them.

    A signature that the same key gave in the same role before is replaced: a signer's last word counts. `record` is
    what the folder's verdict.json says. Returns the statement's path. Raises SigningError where the folder is not
    whole, the role is none of the checklist's, or the key cannot sign.
    """
    inventory = take_inventory(run)
    _whole(run, inventory, record)
    roles = [each.role for each in read_roles(run)]
    if role not in roles:
        known = f"it has {', '.join(roles)}" if roles else "it asks for no approval"
        raise SigningError(
            run / "checklist.yaml", f"has no role {role!r}", f"name one of its roles with --role: {known}"
        )
    if len(comment) > LONGEST_COMMENT:
        raise SigningError("--comment", f"has more than {LONGEST_COMMENT} characters", "say it shorter")
    signed_at = now()
    if signed_at < record.finished_at.replace(microsecond=0):
        raise SigningError(run, "ended later than this machine's clock shows", "set the clock right")
    approval = Approval(
        run_id=record.run_id,
        release=f"{record.release.name} {record.release.version}",
        verdict=record.verdict.value,
        scope=record.scope,
        role=role,
        decision=decision,
        comment=comment,
        signed_at=signed_at,
    )
    content = encoded(state(inventory.digests, approval))
    signature = sign(content, key)
    path = run / SIGNATURES / file_name(role, read_armour(signature).fingerprint)
    write_atomically(path.with_name(f"{path.name}.sig"), signature)
    write_atomically(path, content)
    return path


def _whole(run: Path, inventory: Inventory, record: RunRecord) -> None:
    for name in NEEDED:
        if name not in inventory.digests:
            raise SigningError(run / name, "does not exist", "wait for the run to end; only a whole run can be signed")
    for name, problem in inventory.unsignable.items():
        raise SigningError(run / ascii(name)[1:-1], problem, "take it away; it is not part of a run")
    for name in inventory.not_as_recorded(record):
        raise SigningError(run / name, "is not what verdict.json says it was", "run the checklist again")
