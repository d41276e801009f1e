"""What a file system says of a path, in plain numbers; sent to instances too, so it uses the standard library alone."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from checks.contents import MAXIMUM_BYTES, UnreadableError, chunks_of, read_bounded
from checks.wildcards import matching

SENT = ("checks.contents", "checks.wildcards")
"""The modules that this one needs where it is sent."""

CLOCK_SLACK_S = 2.0
"""How far in the future a file's time may lie, for the file system's grain, and still count as now."""

FACTS = ("exists", "kind", "symlink", "size", "mode", "owner", "writable", "world_readable", "age", "lines", "sha256")


def facts_of(path: Path, now: float) -> dict[str, Any]:
    """Return what is known of a path without reading it; size in bytes, age in seconds. Raises UnreadableError.

    A path that leads to nothing, as through a dangling link, does not exist, and the rest is None.
    """
    nothing: dict[str, Any] = {**dict.fromkeys(FACTS), "exists": False}
    try:
        nothing["symlink"] = path.is_symlink()
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return nothing
    except OSError as problem:
        raise UnreadableError(f"{path}: {problem.strerror}") from problem
    regular, folder = stat.S_ISREG(found.st_mode), stat.S_ISDIR(found.st_mode)
    age = now - found.st_mtime
    return {
        **nothing,
        "exists": True,
        "kind": "file" if regular else "directory" if folder else "other",
        "size": found.st_size if regular else None,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "owner": _owner(found.st_uid),
        "writable": os.access(path, os.W_OK),
        "world_readable": bool(found.st_mode & stat.S_IROTH),
        "age": max(0.0, age) if age > -CLOCK_SLACK_S else None,
    }


def content_facts(path: Path, stopped: Callable[[], bool]) -> dict[str, Any]:
    """Return lines and sha256 of a file; raises UnreadableError, also when stopped half-way."""
    digest, breaks, last = hashlib.sha256(), 0, b"\n"
    for chunk in chunks_of(path):
        if stopped():
            raise UnreadableError(f"{path}: not read to its end in time")
        digest.update(chunk)
        breaks += chunk.count(b"\n")
        last = chunk[-1:]
    return {"lines": breaks + (last != b"\n"), "sha256": digest.hexdigest()}


def answer(path: str, many: bool, digest: bool, content: bool) -> dict[str, Any]:
    """What an instance says of a path, or of all that a pattern matches: `paths`, each a mapping of facts.

    `digest` asks for lines and sha256, `content` for the bytes, in base64, of 16 MiB together. Without the folder of
    a pattern, `folder` is false.
    """
    named = Path(path).expanduser()
    try:
        found = matching(named) if many else [named]
    except FileNotFoundError:
        return {"folder": False, "paths": {}}
    left = MAXIMUM_BYTES
    told = {}
    for each in found:
        seen = facts_of(each, time.time())
        if seen["kind"] == "file" and digest:
            seen.update(content_facts(each, lambda: False))
        if seen["kind"] == "file" and content:
            read = read_bounded(each, left)
            left -= len(read)
            seen["content"] = base64.b64encode(read).decode()
        told[str(each)] = seen
    return {"folder": True, "paths": told}


def _owner(user: int) -> str:
    import pwd

    if user == os.geteuid():
        return "self"
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
