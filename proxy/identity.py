"""Which software this is: its version and a digest of its own sources."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from proxy import __version__

VERSION = f"v{__version__}"
"""The version as it is reported."""


@cache
def build() -> str:
    """The first 12 hex digits of a SHA-256 over the package's sources.

    Over each *.py file, sorted by its relative posix name: the name, NUL, the content, NUL. Equal in a source tree,
    an installed wheel and a fresh environment.
    """
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for name in sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py")):
        digest.update(name.encode() + b"\0" + (package / name).read_bytes() + b"\0")
    return digest.hexdigest()[:12]
