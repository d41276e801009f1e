"""The signatures kept in a run's folder, each judged by itself: whose it is, and whether it counts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from checks.signing.allowed_signers import Signer
from checks.signing.armour import MAX_BYTES, fingerprint, read_armour
from checks.signing.errors import SigningError
from checks.signing.inventory import SIGNATURES
from checks.signing.ssh import NAMESPACE, mismatch, refusal
from checks.signing.statement import Statement, decoded

MAX_STATEMENT_BYTES = 16 << 20
MAX_SIGNATURES = 200
CLOCK_SKEW = timedelta(minutes=1)
"""How far a signer's clock may be before ours."""

_NAME = re.compile(r"(?P<role>[a-z0-9-]+)\.(?P<key>[0-9a-f]{16})\.json")


@dataclass(frozen=True)
class Signature:
    """One signed statement; `problem` says why it does not count, None where it is a known person's and good."""

    name: str
    statement: Statement
    fingerprint: str
    principal: str | None
    problem: str | None

    @property
    def role(self) -> str:
        """The role that it was given in."""
        return self.statement.predicate.role

    @property
    def at(self) -> datetime:
        """When, by the signer's clock."""
        return self.statement.predicate.signed_at


@dataclass(frozen=True)
class Signatures:
    """All signatures of a run, the oldest first, and by path why a file there is no signature as it was made."""

    found: tuple[Signature, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)


def file_name(role: str, key_fingerprint: str) -> str:
    """Where the statement of a role and a key is kept; its signature is beside it, with `.sig` after the name."""
    return f"{role}.{hashlib.sha256(key_fingerprint.encode()).hexdigest()[:16]}.json"


def read_signatures(run: Path, signers: Mapping[str, Signer], now: datetime) -> Signatures:
    """Every signature in a run's folder; raises SigningError where they cannot be read."""
    folder = run / SIGNATURES
    if not folder.is_dir() or folder.is_symlink():
        return Signatures()
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError as cause:
        raise SigningError(folder, f"cannot be read: {cause.strerror}", "correct its permissions") from cause
    if len(names) > 2 * MAX_SIGNATURES:
        raise SigningError(folder, f"holds more than {2 * MAX_SIGNATURES} files", "name the folder of one run")
    found: list[Signature] = []
    broken: dict[str, str] = {}
    for name, problem in _strays(folder, names):
        broken[f"{SIGNATURES}/{name}"] = problem
    for name in names:
        if _NAME.fullmatch(name) and f"{name}.sig" in names and f"{SIGNATURES}/{name}" not in broken:
            read = _read(folder, name, signers, now)
            if isinstance(read, Signature):
                found.append(read)
            else:
                broken |= read
    return Signatures(tuple(sorted(found, key=lambda each: (each.at, each.name))), broken)


def _strays(folder: Path, names: list[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        stem = name.removesuffix(".sig")
        other = stem if name != stem else f"{name}.sig"
        if not _NAME.fullmatch(stem):
            yield name, "is no signature"
        elif other not in names:
            yield name, "is half a signature"
        elif (folder / name).is_symlink() or not (folder / name).is_file():
            yield name, "is no plain file"
            yield stem, "is half a signature"


def _read(folder: Path, name: str, signers: Mapping[str, Signer], now: datetime) -> Signature | dict[str, str]:
    """The signature, or by path what is wrong with its bytes."""
    content = _content(folder / name, MAX_STATEMENT_BYTES)
    armour = _content(folder / f"{name}.sig", MAX_BYTES)
    try:
        read = read_armour(armour)
    except ValueError as cause:
        return {f"{SIGNATURES}/{name}.sig": f"is no signature as it was made: {cause}"}
    try:
        statement = decoded(content)
    except ValueError:
        return {f"{SIGNATURES}/{name}": "is no statement as it was made"}
    key = fingerprint(read.public_key)
    if read.namespace != NAMESPACE:
        return {f"{SIGNATURES}/{name}.sig": f"is a signature for {read.namespace!r}, not for an approval"}
    if name != file_name(statement.predicate.role, key):
        return {f"{SIGNATURES}/{name}": "is not under its own name"}
    unfitting = mismatch(content, armour)
    if unfitting is not None:
        return {f"{SIGNATURES}/{name}": f"does not fit its signature: {unfitting}"}
    signer = signers.get(key)
    if signer is None:
        return Signature(name, statement, key, None, f"is made with {key}, which no allowed signer has")
    at = statement.predicate.signed_at
    problem = signer.problem_at(at)
    if problem is None and at > now + CLOCK_SKEW:
        problem = f"is of {at:%Y-%m-%d %H:%M:%S} UTC, which is yet to come; set the clocks right"
    if problem is None:
        refused = refusal(content, armour, signer, at)
        problem = None if refused is None else f"is refused by ssh-keygen: {refused}"
    return Signature(name, statement, key, signer.principal, problem)


def _content(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as cause:
        raise SigningError(path, f"cannot be read: {cause.strerror}", "correct its permissions") from cause
