"""The log's file: appended to by several processes, rotated by size and by day, reopened when it was moved away."""

from __future__ import annotations

import fcntl
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from proxy.errors import StartError

RETRY_SECONDS = 60.0
"""How long a rotation that failed is not tried again."""

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_FIRST_TIME = re.compile(rb'"ts": ?"(\d{4}-\d\d-\d\d)T')


class LogFile:
    """A file of lines. Each is appended by one unbuffered write, so that lines of several processes never mix.

    Before a line that would make the file larger than `max_bytes`, and before the first line of a new UTC day, the
    file is renamed to `NAME.<UTC time>`; the process that does it holds a lock on the folder, and the others notice
    at their next line. A line is never lost: it ends in the old file or in the new one. Rotated files older than
    `keep_days` are removed.

    clock  the time in seconds since 1970
    works  whether the last line could be written
    Raises StartError where the file cannot be opened; a later failure is told on stderr and raises nothing.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep_days: int, clock: Callable[[], float]) -> None:
        self.max_bytes = max_bytes
        self.keep_days = keep_days
        self.works = True
        self._path = path
        self._name = str(path)
        self._clock = clock
        self._torn = b""
        self._not_before = 0.0
        try:
            self._descriptor = self._opened()
            self._note_file()
            self._drop_old()
        except OSError as error:
            raise StartError(f"the log {path} cannot be written: {error.strerror}") from error

    def append(self, line: bytes) -> None:
        """Write a line, which must end with a newline."""
        # After a line that was cut short, a new line must not be joined to it.
        whole = self._torn + line
        try:
            self._make_ready(len(whole))
            written = os.write(self._descriptor, whole)
        except OSError as error:
            self.works = False
            _tell(f"an event cannot be logged: {error.strerror}")
        else:
            self.works = written == len(whole)
            self._torn = b"" if written == len(whole) else b"\n"

    def reopen(self) -> None:
        """Open the file at the path again, as after a rename by another program; the old one stays on failure."""
        try:
            descriptor = self._opened()
        except OSError as error:
            _tell(f"the log cannot be opened again: {error.strerror}")
            return
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._note_file()

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _note_file(self) -> None:
        """Remember which file is open, and the day of its first line: today where it has none."""
        found = os.fstat(self._descriptor)
        self._identity = (found.st_dev, found.st_ino)
        self._day_ends = _end_of(_day_of(self._path) or self._today())

    def _make_ready(self, length: int) -> None:
        """Follow a file that was moved away, and rotate one that is full or of an earlier day."""
        try:
            found = os.stat(self._name)  # noqa: PTH116 - for every line: some microseconds count
        except FileNotFoundError:
            self.reopen()
            return
        if (found.st_dev, found.st_ino) != self._identity:
            self.reopen()
        elif self._is_due(found.st_size, length) and self._clock() >= self._not_before:
            try:
                self._rotate(length)
            except OSError as error:
                self._not_before = self._clock() + RETRY_SECONDS
                _tell(f"the log cannot be rotated: {error.strerror}")

    def _is_due(self, size: int, length: int) -> bool:
        return size > 0 and (size + length > self.max_bytes or self._clock() >= self._day_ends)

    def _rotate(self, length: int) -> None:
        with _locked(self._path.parent):
            found = self._path.stat()
            if (found.st_dev, found.st_ino) == self._identity and self._is_due(found.st_size, length):
                self._path.rename(self._rotated_name())
        self.reopen()
        self._drop_old()

    def _rotated_name(self) -> Path:
        moment = datetime.fromtimestamp(self._clock(), UTC)
        while True:
            name = self._path.with_name(f"{self._path.name}.{moment.strftime(_STAMP)}")
            if not name.exists():
                return name
            moment += timedelta(microseconds=1)

    def _drop_old(self) -> None:
        """Remove rotated files by the time in their names; files with other names are none of ours."""
        earliest = datetime.fromtimestamp(self._clock(), UTC) - timedelta(days=self.keep_days)
        prefix = f"{self._path.name}."
        for path in self._path.parent.iterdir():
            if path.name.startswith(prefix):
                moment = _moment(path.name.removeprefix(prefix))
                if moment is not None and moment < earliest:
                    path.unlink(missing_ok=True)

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).date().isoformat()


def _end_of(day: str) -> float:
    """When a UTC day ends, in seconds since 1970."""
    return (datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)).timestamp()


def _day_of(path: Path) -> str | None:
    with path.open("rb") as file:
        found = _FIRST_TIME.search(file.readline(4096))
    return found[1].decode() if found else None


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _tell(message: str) -> None:
    sys.stderr.write(f"image-proxy: {message}\n")
