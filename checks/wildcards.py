"""Files that a pattern such as `logs/*.jsonl` or `src/**/*.py` matches, with nothing left out in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from checks.contents import UnreadableError

MAXIMUM_ENTRIES = 100_000
"""Most directory entries that are looked at for one pattern."""


def fixed_part(pattern: Path) -> tuple[Path, tuple[str, ...]]:
    """Split a pattern into the folder before its first wildcard and the parts from there on, at least one."""
    parts = pattern.parts
    first = next((index for index, part in enumerate(parts) if set(part) & set("*?[")), len(parts) - 1)
    return Path(*parts[:first]), parts[first:]


def matching(pattern: Path) -> list[Path]:
    """Return what a pattern matches, sorted: `*`, `?` and `[…]` within one name, `**` for any folders or none.

    Hidden names match as others do; links to folders are not followed by `**`. Raises FileNotFoundError where the
    folder before the first wildcard is not there, and UnreadableError where a folder cannot be read or more than
    100,000 entries would have to be looked at: half a list is never returned.
    """
    folder, parts = fixed_part(pattern)
    folder.stat()
    return sorted(set(_Walk().matches(folder, parts)))


class _Walk:
    """One walk over folders, with the count of what it has seen."""

    def __init__(self) -> None:
        self.seen = 0

    def matches(self, folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self.matches(folder, rest or ("*",))
            for entry in self.entries(folder):
                if entry.is_dir(follow_symlinks=False):
                    yield from self.matches(Path(entry.path), parts)
            return
        for entry in self.entries(folder):
            if not fnmatchcase(entry.name, part):
                continue
            if not rest:
                yield Path(entry.path)
            elif entry.is_dir():
                yield from self.matches(Path(entry.path), rest)

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        found = []
        try:
            with os.scandir(folder) as listed:
                for entry in listed:
                    self.seen += 1
                    if self.seen > MAXIMUM_ENTRIES:
                        raise UnreadableError(f"{folder}: more than {MAXIMUM_ENTRIES} entries, the most that is read")
                    found.append(entry)
        except OSError as problem:
            raise UnreadableError(f"{folder}: {problem.strerror}") from problem
        return found
