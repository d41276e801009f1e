"""How the C library keeps memory for bodies of a megabyte, which come and go with every answer."""

from __future__ import annotations

import ctypes

KEPT_BLOCK = 8 * 1024 * 1024
"""Blocks below this size, in bytes, come from memory that the process keeps."""
KEPT_AT_MOST = 32 * 1024 * 1024
"""How much free memory at its end the process keeps, in bytes."""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def keep_large_blocks() -> None:
    """Spare each answer the system's clearing of fresh pages, about a tenth of a miss; see mallopt(3) of glibc.

    Another C library is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, KEPT_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, KEPT_AT_MOST)
