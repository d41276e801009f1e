"""A statement as it is kept, with its signature beside it: whether both are as they were made, and whose it is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from checks.signing.armour import MAX_BYTES, fingerprint, read_armour
from checks.signing.errors import SigningError
from checks.signing.inventory import VIEW
from checks.signing.ssh import mismatch, refusal
from checks.signing.statement import OverrideStatement, Statement, decoded, namespace_of
from checks.signing.trust import Trust

MAX_STATEMENT_BYTES = 16 << 20
CLOCK_SKEW = timedelta(minutes=1)
"""How far a signer's clock may be before ours."""
NAME = re.compile(r"(?:override\.)?[a-z0-9-]+\.[0-9a-f]{16}\.json")
"""What statements are called."""


class BrokenError(Exception):
    """A file is not as it was made; `name` is the file's, the text says what is wrong with it."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(problem)


@dataclass(frozen=True)
class SignedFile:
    """A statement that fits its signature, and the fingerprint of the key that made it."""

    statement: Statement
    fingerprint: str
    content: bytes
    armour: bytes


def file_name(statement: Statement, key_fingerprint: str) -> str:
    """Where a statement made with a key is kept; its signature is beside it, with `.sig` after the name."""
    named = override_name if isinstance(statement, OverrideStatement) else _name
    return f"{named(statement.predicate.role, key_fingerprint)}.json"


def override_name(role: str, key_fingerprint: str) -> str:
    """What the files of an override in a role begin with."""
    return f"override.{_name(role, key_fingerprint)}"


def _name(role: str, key_fingerprint: str) -> str:
    return f"{role}.{hashlib.sha256(key_fingerprint.encode()).hexdigest()[:16]}"


def views_of(name: str, statement: Statement) -> dict[str, str]:
    """SHA-256 by path of the views that a statement of that name covers: those that are named after it."""
    own = name.removesuffix("json")
    return {path: digest for path, digest in statement.digests.items() if VIEW.fullmatch(path) and path.startswith(own)}


def read_signed(folder: Path, name: str) -> SignedFile:
    """The statement of that name; raises BrokenError where it or its signature is not as it was made.

    Raises SigningError where one of the two cannot be read.
    """
    content = _content(folder / name, MAX_STATEMENT_BYTES)
    armour = _content(folder / f"{name}.sig", MAX_BYTES)
    try:
        read = read_armour(armour)
    except ValueError as cause:
        raise BrokenError(f"{name}.sig", f"is no signature as it was made: {cause}") from cause
    try:
        statement = decoded(content)
    except ValueError as cause:
        raise BrokenError(name, "is no statement as it was made") from cause
    namespace = namespace_of(statement)
    if read.namespace != namespace:
        raise BrokenError(f"{name}.sig", f"is a signature for {read.namespace!r}, not for {namespace!r}")
    if name != file_name(statement, read.fingerprint):
        raise BrokenError(name, "is not under its own name")
    unfitting = mismatch(content, armour, namespace)
    if unfitting is not None:
        raise BrokenError(name, f"does not fit its signature: {unfitting}")
    return SignedFile(statement, fingerprint(read.public_key), content, armour)


def judge(signed: SignedFile, trust: Trust, now: datetime) -> tuple[str | None, str | None]:
    """Whose a signed statement is, and why it does not count; None for a stranger, and for no problem."""
    signer = trust.signers.get(signed.fingerprint)
    if signer is None:
        return None, f"is made with {signed.fingerprint}, which no allowed signer has"
    at = signed.statement.predicate.signed_at
    problem = signer.problem_at(at)
    if signer.fingerprint in trust.revoked:
        problem = f"is made with a key of {signer.principal} that was revoked"
    elif problem is None and at > now + CLOCK_SKEW:
        problem = f"is of {at:%Y-%m-%d %H:%M:%S} UTC, which is yet to come; set the clocks right"
    elif problem is None:
        refused = refusal(signed.content, signed.armour, namespace_of(signed.statement), signer, at)
        problem = None if refused is None else f"is refused by ssh-keygen: {refused}"
    return signer.principal, problem


def _content(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as cause:
        raise SigningError(path, f"cannot be read: {cause.strerror}", "correct its permissions") from cause
