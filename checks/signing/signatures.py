"""The signatures kept in a run's folder, each judged by itself: whose it is, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from checks.signing.errors import SigningError
from checks.signing.inventory import SIGNATURES
from checks.signing.signed_file import NAME, BrokenError, judge, read_signed, views_of
from checks.signing.statement import ApprovalStatement, OverrideStatement
from checks.signing.trust import Trust

MAX_SIGNATURES = 200

S = TypeVar("S", ApprovalStatement, OverrideStatement)


@dataclass(frozen=True)
class Signature(Generic[S]):
    """One signed statement; `problem` says why it does not count, None where it is a known person's and good."""

    name: str
    statement: S
    fingerprint: str
    principal: str | None
    problem: str | None

    @property
    def role(self) -> str:
        """The role that it was given in."""
        return self.statement.predicate.role

    @property
    def views(self) -> dict[str, str]:
        """SHA-256 by path of the views that were written for it, if it is an override."""
        return views_of(self.name, self.statement)

    @property
    def at(self) -> datetime:
        """When, by the signer's clock."""
        return self.statement.predicate.signed_at


SignedApproval = Signature[ApprovalStatement]
SignedOverride = Signature[OverrideStatement]


@dataclass(frozen=True)
class Signatures:
    """All signatures of a run, the oldest first, and by path why a file there is no signature as it was made."""

    approvals: tuple[SignedApproval, ...] = ()
    overrides: tuple[SignedOverride, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> list[SignedApproval | SignedOverride]:
        """Those whose key is a known person's and was good."""
        every: list[SignedApproval | SignedOverride] = [*self.approvals, *self.overrides]
        return [each for each in every if each.problem is None]


def read_signatures(run: Path, trust: Trust, now: datetime) -> Signatures:
    """Every signature in a run's folder; raises SigningError where they cannot be read."""
    folder = run / SIGNATURES
    names = signature_names(run)
    broken = {f"{SIGNATURES}/{name}": problem for name, problem in _strays(folder, names)}
    approvals: list[SignedApproval] = []
    overrides: list[SignedOverride] = []
    for name in names:
        if not NAME.fullmatch(name) or f"{SIGNATURES}/{name}" in broken:
            continue
        try:
            signed = read_signed(folder, name)
        except BrokenError as cause:
            broken[f"{SIGNATURES}/{cause.name}"] = str(cause)
            continue
        principal, problem = judge(signed, trust, now)
        if isinstance(signed.statement, OverrideStatement):
            overrides.append(Signature(name, signed.statement, signed.fingerprint, principal, problem))
        else:
            approvals.append(Signature(name, signed.statement, signed.fingerprint, principal, problem))
    approvals.sort(key=lambda each: (each.at, each.name))
    overrides.sort(key=lambda each: (each.at, each.name))
    return Signatures(tuple(approvals), tuple(overrides), broken)


def signature_names(run: Path) -> list[str]:
    """The names of the files in a run's folder of signatures; raises SigningError where that cannot be read."""
    folder = run / SIGNATURES
    if not folder.is_dir() or folder.is_symlink():
        return []
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError as cause:
        raise SigningError(folder, f"cannot be read: {cause.strerror}", "correct its permissions") from cause
    if len(names) > 2 * MAX_SIGNATURES:
        raise SigningError(folder, f"holds more than {2 * MAX_SIGNATURES} files", "name the folder of one run")
    return names


def _strays(folder: Path, names: list[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        stem = name.removesuffix(".sig")
        other = stem if name != stem else f"{name}.sig"
        if not NAME.fullmatch(stem):
            yield name, "is no signature"
        elif other not in names:
            yield name, "is half a signature"
        elif (folder / name).is_symlink() or not (folder / name).is_file():
            yield name, "is no plain file"
            yield stem, "is half a signature"


def has_override(run: Path) -> bool:
    """Whether a statement that is called an override is kept with a run, whatever it is worth."""
    return any(name.startswith("override.") for name in signature_names(run))
