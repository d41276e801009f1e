"""Whom a gate believes: allowed signers, less the keys that were revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.signing.allowed_signers import Signer, read_allowed_signers
from checks.signing.errors import SigningError
from checks.signing.ssh import is_revoked


@dataclass(frozen=True)
class Trust:
    """Signers by their key's fingerprint, and the fingerprints of theirs that are revoked."""

    signers: Mapping[str, Signer]
    revoked: frozenset[str] = field(default=frozenset())


def read_trust(allowed_signers: Path, revoked: Path | None) -> Trust:
    """Read both files, `revoked` being a KRL as `ssh-keygen -k` makes it.

    Raises ConfigurationError where the signers cannot be relied on, SigningError where the revoked keys cannot.
    """
    signers = read_allowed_signers(allowed_signers)
    if revoked is None:
        return Trust(signers)
    if not revoked.is_file():
        raise SigningError(revoked, "there is no such list of revoked keys", "name a KRL that `ssh-keygen -k` made")
    return Trust(signers, frozenset(key for key, signer in signers.items() if is_revoked(signer.public_key, revoked)))
