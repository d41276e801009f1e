"""Answers in memory, each only as good as its file: a file that changed or went takes its answer along."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass

from proxy.cache.protocol import Entry


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was when its content was known to be right."""

    path: str
    inode: int
    changed_ns: int
    size: int

    @classmethod
    def of(cls, path: str) -> FileState:
        """The file as it is now; raises OSError."""
        found = os.stat(path)  # noqa: PTH116 - some microseconds count here
        return cls(path, found.st_ino, found.st_mtime_ns, found.st_size)

    def still_holds(self) -> bool:
        """Whether the file is the same as then; this is one system call, and reads nothing."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - some microseconds count here
        except OSError:
            return False
        return (found.st_ino, found.st_mtime_ns, found.st_size) == (self.inode, self.changed_ns, self.size)


class HotSet:
    """The answers used last, up to a number of bytes. For use by one thread."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, tuple[Entry, FileState]] = OrderedDict()

    def find(self, key: str) -> Entry | None:
        """The answer for a key, if its file has not changed since."""
        found = self._entries.get(key)
        if found is None:
            return None
        entry, state = found
        if not state.still_holds():
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def add(self, key: str, entry: Entry, state: FileState) -> None:
        """Keep an answer; others go, those first that were used longest ago."""
        self.drop(key)
        if len(entry.body) > self._max_bytes:
            return
        self._entries[key] = entry, state
        self._bytes += len(entry.body)
        while self._bytes > self._max_bytes:
            self.drop(next(iter(self._entries)))

    def drop(self, key: str) -> None:
        """Forget the answer for a key, where there is one."""
        found = self._entries.pop(key, None)
        if found:
            self._bytes -= len(found[0].body)
