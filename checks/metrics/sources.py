"""Which files to read: paths and patterns become real files, each once."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.metrics.coverage import Note
from checks.metrics.errors import LogSourceError

REMOTE = "://"
"""What a path has that is not of this machine's files."""


@dataclass(frozen=True)
class LogFile:
    """A file that can be opened: its path with all links resolved, and its size on disk in bytes."""

    path: Path
    bytes: int


@dataclass(frozen=True)
class Sources:
    """The files behind some paths, in order of their names, and what is missing of them."""

    files: tuple[LogFile, ...]
    notes: tuple[Note, ...]


def resolve(paths: Sequence[str | Path]) -> Sources:
    """Find the files that paths and glob patterns name.

    A file named twice, through a link or through a pattern besides, counts once. A pattern that matches nothing, and
    a file that can't be opened beside others that can, are noted. Raises LogSourceError, naming the first of what is
    wrong, where no file is left.
    """
    if not paths:
        raise LogSourceError("no log file", "none was named", "name files or patterns, as logs/*.jsonl*")
    found: dict[tuple[int, int], LogFile] = {}
    notes: dict[Note, None] = {}
    problems: list[LogSourceError] = []
    for path in map(str, paths):
        matches = _matches(path)
        if not matches:
            problems.append(LogSourceError(path, "no file matches this pattern", "check the folder and the pattern"))
            notes[Note("pattern_without_file", path)] = None
        for match in matches:
            try:
                identity, file = _opened(match)
            except LogSourceError as problem:
                problems.append(problem)
                notes[Note("source_unreadable", str(problem))] = None
            else:
                found.setdefault(identity, file)
    if not found:
        raise problems[0]
    return Sources(tuple(sorted(found.values(), key=lambda file: file.path)), tuple(notes))


def _matches(path: str) -> list[str]:
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    found = glob.glob(path, recursive=True)  # noqa: PTH207 - Path.glob refuses absolute patterns
    return sorted(match for match in found if not Path(match).is_dir())


def _opened(path: str) -> tuple[tuple[int, int], LogFile]:
    if REMOTE in path:
        raise LogSourceError(
            path, "only Spark reads from there", "use --engine spark, or copy the files to this machine"
        )
    try:
        real = Path(path).resolve(strict=True)
        status = real.stat()
        if stat.S_ISREG(status.st_mode):
            real.open("rb").close()
    except FileNotFoundError as error:
        raise LogSourceError(path, "there is no such file", "check the path, or that the service logs there") from error
    except PermissionError as error:
        raise LogSourceError(path, "reading it is not permitted", "let this user read it") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise LogSourceError(path, f"it can't be opened ({error})", "check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise LogSourceError(path, "it is a folder", f"name files, as {path.rstrip('/')}/*.jsonl*")
    if not stat.S_ISREG(status.st_mode):
        raise LogSourceError(path, "it is not a regular file", "copy its contents into a file first")
    return (status.st_dev, status.st_ino), LogFile(real, status.st_size)
