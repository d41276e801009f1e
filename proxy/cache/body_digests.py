"""The SHA-256 of answers' bodies, computed while they are written."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor

SMALL_BODY = 1_048_576
"""The largest body, in bytes, whose digest keeps nobody waiting: it takes less than a millisecond."""


def digest_of(body: bytes) -> str:
    """The digest of a body, in hex."""
    return hashlib.sha256(body).hexdigest()


class BodyDigests:
    """Computes digests beside the threads that need them; a large body's by a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digests")

    def begin(self, body: bytes, digest: Future[str]) -> None:
        """Compute the digest of a body: at once where it is small, since one more thread would cost more than that."""
        if len(body) > SMALL_BODY:
            self._thread.submit(_compute, body, digest)
        else:
            _compute(body, digest)

    def close(self) -> None:
        """End the thread once it has computed what was begun."""
        self._thread.shutdown()


def _compute(body: bytes, digest: Future[str]) -> None:
    digest.set_result(digest_of(body))
