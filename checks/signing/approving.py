"""Signs a finished run in a role, for or against the release."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from checks.outcome import RunRecord
from checks.signing.signable import bounded, signable
from checks.signing.statement import Approval, ApprovalStatement, subjects


def approve(
    run: Path,
    record: RunRecord,
    role: str,
    key: Path,
    decision: Literal["approve", "reject"],
    comment: str,
    signed_at: datetime,
) -> Path:
    """Sign every file of the run's folder as it is now, and keep the signature beside them.

    A signature that the same key gave in the same role before is replaced: a signer's last word counts. `record` is
    what the folder's verdict.json says. Returns the statement's path. Raises SigningError where the folder is not
    whole, the role is none of the checklist's, or the key cannot sign.
    """
    whole = signable(run, record, signed_at)
    approval = Approval.model_validate(
        {
            **whole.said(role, signed_at),
            "vouches_for": whole.role(role).scope or (),
            "decision": decision,
            "comment": bounded("--comment", comment),
        }
    )
    return whole.sign(ApprovalStatement(subject=subjects(whole.inventory.digests), predicate=approval), key)
