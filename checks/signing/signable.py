"""A finished run as somebody is about to sign it; nothing that is signed is rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from checks.approval import Approval
from checks.outcome import RunRecord
from checks.run_folder import write_atomically
from checks.signing.armour import read_armour
from checks.signing.errors import SigningError
from checks.signing.inventory import NEEDED, SIGNATURES, Inventory, take_inventory
from checks.signing.signed_file import file_name
from checks.signing.ssh import sign
from checks.signing.statement import LONGEST_COMMENT, Statement, encoded, namespace_of
from checks.signing.terms import Terms, read_terms


@dataclass(frozen=True)
class Signable:
    """A run whose every file can be signed, and what its verdict.json and its checklist say."""

    run: Path
    record: RunRecord
    inventory: Inventory
    terms: Terms

    def role(self, name: str) -> Approval:
        """The checklist's role of that name; raises SigningError where it has none."""
        role = self.terms.role(name)
        if role is None:
            roles = ", ".join(each.role for each in self.terms.approvals)
            known = f"it has {roles}" if roles else "it asks for no approval"
            checklist = self.run / "checklist.yaml"
            raise SigningError(checklist, f"has no role {name!r}", f"name one of its roles with --role: {known}")
        return role

    def said(self, role: str, signed_at: datetime) -> dict[str, object]:
        """What every signer says of the run."""
        return {
            "run_id": self.record.run_id,
            "release": f"{self.record.release.name} {self.record.release.version}",
            "verdict": self.record.verdict.value,
            "scope": self.record.scope,
            "role": role,
            "signed_at": signed_at,
        }

    def sign(self, statement: Statement, key: Path, beside: Mapping[str, bytes] = MappingProxyType({})) -> Path:
        """Keep a statement and its signature beside the files; the same key's last one of the kind is replaced.

        `beside` are views of the run that the statement covers. Returns the statement's path. Raises SigningError where
        the key cannot sign.
        """
        content = encoded(statement)
        signature = sign(content, key, namespace_of(statement))
        path = self.run / SIGNATURES / file_name(statement, read_armour(signature).fingerprint)
        for name, view in beside.items():
            write_atomically(self.run / name, view)
        write_atomically(path.with_name(f"{path.name}.sig"), signature)
        write_atomically(path, content)
        return path


def signable(run: Path, record: RunRecord, signed_at: datetime) -> Signable:
    """The run as it is now; `record` is what its verdict.json says.

    Raises SigningError where the folder is not whole, is not as verdict.json has it, or ended after `signed_at`.
    """
    inventory = take_inventory(run)
    for name in NEEDED:
        if name not in inventory.digests:
            raise SigningError(run / name, "does not exist", "wait for the run to end; only a whole run can be signed")
    for name, problem in inventory.unsignable.items():
        raise SigningError(run / ascii(name)[1:-1], problem, "take it away; it is not part of a run")
    for name in inventory.not_as_recorded(record):
        raise SigningError(run / name, "is not what verdict.json says it was", "run the checklist again")
    if signed_at < record.finished_at.replace(microsecond=0):
        raise SigningError(run, "ended later than this machine's clock shows", "set the clock right")
    return Signable(run, record, inventory, read_terms(run))


def bounded(option: str, text: str) -> str:
    """The words of an option, that a statement can hold; raises SigningError where they are too many."""
    if len(text) > LONGEST_COMMENT:
        raise SigningError(option, f"has more than {LONGEST_COMMENT} characters", "say it shorter")
    return text
