"""The id of a request: the client's own where it can be taken as it is, else a new one."""

from __future__ import annotations

import random
import re

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def request_id_of(given: str) -> str:
    """A client's own `x-request-id` where it has 8 to 64 letters, digits, `_` and `-`; else 32 hex digits."""
    if given and _REQUEST_ID.fullmatch(given):
        return given
    return f"{random.getrandbits(128):032x}"
