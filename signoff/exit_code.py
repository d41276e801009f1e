"""The exit codes, one table (design §2)."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a caller can act on."""

    GO = 0
    NO_GO = 1
    USAGE = 2
    HOLD = 3
    INTERNAL = 4
    OVERRIDDEN = 5
    ROLLBACK = 10
    HALF_ROLLED_BACK = 11
    INTERRUPTED = 130
