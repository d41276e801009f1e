"""Who may use the proxy: client keys, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from proxy.errors import ProxyError


class ClientKeys:
    """The accepted keys, held as SHA-256 digests; none at all refuses every request."""

    def __init__(self, plain: Iterable[str], hashed: Iterable[str]) -> None:
        self._digests = frozenset([*(_digest(key) for key in plain), *hashed])

    def __len__(self) -> int:
        return len(self._digests)

    def tenant(self, authorization: str | None) -> str:
        """The digest that stands for the client of an `Authorization: Bearer KEY` header.

        Raises ProxyError invalid_api_key. Every accepted key is compared, whether or not one matched before.
        """
        scheme, _, key = (authorization or "").partition(" ")
        given = _digest(key)
        matches = [hmac.compare_digest(given, accepted) for accepted in self._digests]
        if scheme.lower() != "bearer" or not any(matches):
            raise ProxyError("invalid_api_key")
        return given


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
