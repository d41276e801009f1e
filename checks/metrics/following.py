"""Logs read as they grow: each round counts what is new, across rotation, restarts and files that come and go."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.metrics.checkpoint import Checkpoint, Mark
from checks.metrics.coverage import Note
from checks.metrics.detection import chosen
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.format_file import format_named
from checks.metrics.growth import Growth, GrowthError
from checks.metrics.log_format import FieldName
from checks.metrics.sources import LogFile, resolve
from checks.metrics.table import Source, WindowTable

MOST_WINDOWS = 1440
"""Windows that are kept, the latest: a day of minutes. What is older was told and is forgotten."""

STEPS_UNSEEN = 5
"""So many steps a file is still read that was renamed: its writer may not know yet."""

MOST_AT_ONCE = 16 << 20
"""Bytes that are counted at once; memory stays bounded by a few times that."""


@dataclass
class Follower:
    """Follows logs; `table` is what was counted so far, of the latest windows.

    `paths` are files and patterns, of which none need exist yet. `log_format` may be auto until the first line has
    come. The latest `most_windows` are kept, and those of the first `first_s` seconds. `tracked` are the files under
    way, by device and inode: a file keeps its place whatever it is called, and is still read for some steps, which
    `absent` counts, after it is called nothing that `paths` name. `copies` and `damaged` are sizes, as last seen, of
    files with nothing new in them and of packed ones that were not whole.
    """

    paths: Sequence[str]
    log_format: str = "auto"
    window_s: int = 60
    by: FieldName | None = None
    since: datetime | None = None
    versions: frozenset[str] | None = None
    most_windows: int = MOST_WINDOWS
    first_s: float = 0.0
    table: WindowTable = field(init=False)
    tracked: dict[tuple[int, int], Growth] = field(default_factory=dict)
    finished: list[Mark] = field(default_factory=list)
    absent: dict[tuple[int, int], int] = field(default_factory=dict)
    copies: dict[tuple[int, int], int] = field(default_factory=dict)
    damaged: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.table = WindowTable(self.window_s)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was written.

        Raises LogSourceError where it was written for windows of another length or for another format.
        """
        if checkpoint.window_s != self.window_s:
            remedy = f"ask for --window {checkpoint.window_s}s, or begin another checkpoint"
            raise LogSourceError("the checkpoint", f"its windows are {checkpoint.window_s} s long", remedy)
        if self.log_format not in ("auto", checkpoint.log_format):
            remedy = f"ask for --format {checkpoint.log_format}, or begin another checkpoint"
            raise LogSourceError("the checkpoint", f"it is of the format {checkpoint.log_format}", remedy)
        self.log_format = checkpoint.log_format
        self.table = replace(checkpoint.table, since=self.since)
        self.finished = [*checkpoint.finished, *checkpoint.marks]

    def checkpoint(self) -> Checkpoint:
        """Say where each file was read to, and what was counted."""
        marks = [growth.mark for growth in self.tracked.values()]
        return Checkpoint(self.window_s, self.log_format, tuple(marks), tuple(self.finished), self.table)

    def step(self, now: datetime) -> int:
        """Count what has come since the last step; return how many requests that were.

        A record at the end of a file that others may continue is counted when the next begins, or when the file has
        not grown for one step. Raises LogSourceError where a file can't be read.
        """
        before = self.table.total.requests
        found = {_identity(file): file for file in sorted(self._found(), key=lambda file: -file.bytes)}
        for identity, growth in list(self.tracked.items()):
            if growth.begun_anew() or (identity in found and not growth.mark.offset):
                self._finish(identity)  # looked at anew below: it may be the copy of another by now
        for identity, file in found.items():
            if identity not in self.tracked and self.copies.get(identity) != file.bytes:
                self._track(identity, file)
        for identity, growth in list(self.tracked.items()):
            self._count(growth, now)
            self.absent[identity] = 0 if identity in found else self.absent.get(identity, 0) + 1
            if self.absent[identity] > STEPS_UNSEEN:
                self._finish(identity)
        return self.table.total.requests - before

    def close(self) -> None:
        """Close the files."""
        for growth in self.tracked.values():
            growth.close()

    def _found(self) -> tuple[LogFile, ...]:
        with suppress(LogSourceError):  # nothing is there yet, or between two names of a file that is rotated
            return resolve(self.paths).files
        return ()

    def _track(self, identity: tuple[int, int], file: LogFile) -> None:
        try:
            growth = Growth(file.path)
        except FileNotFoundError:
            return
        except GrowthError:
            self._note_damaged(identity, file)
            return
        twin = next((known for known, other in self.tracked.items() if growth.is_copy_of(other)), None)
        if twin is None:
            self._resume_at_mark(growth)
        elif growth.size > self.tracked[twin].size:  # what was followed is the copy: it does not grow
            growth.skip_to(self.tracked[twin].mark)
            self.tracked.pop(twin).close()
        else:
            growth.close()
            self.copies[identity] = file.bytes
            return
        self.tracked[identity] = growth

    def _note_damaged(self, identity: tuple[int, int], file: LogFile) -> None:
        """A packed file that is not whole may be under way; one that no longer grows is damaged."""
        if self.damaged.get(identity) == file.bytes:
            notes = {**self.table.notes, Note("source_truncated", str(file.path)): 1}
            self.table = replace(self.table, notes=notes)
        self.damaged[identity] = file.bytes

    def _resume_at_mark(self, growth: Growth) -> None:
        """A rotated, copied or packed file goes on where the file of the same beginning was left."""
        for mark in self.finished:
            if growth.begins_as(mark):
                growth.skip_to(mark)
                self.finished.remove(mark)
                return

    def _finish(self, identity: tuple[int, int]) -> None:
        growth = self.tracked.pop(identity)
        self.absent.pop(identity, None)
        self.copies.clear()
        growth.close()
        if growth.mark.offset:
            self.finished = [*self.finished, growth.mark][-_MOST_FINISHED:]

    def _count(self, growth: Growth, now: datetime) -> None:
        size = growth.size  # what comes meanwhile is for the next step, or there might be no end to this one
        try:
            while growth.mark.offset < size and (block := growth.records(self._format(growth), MOST_AT_ONCE)):
                self._add(block, growth, now)
        except GrowthError as error:
            raise LogSourceError(str(growth.path), str(error), "check the file") from error

    def _format(self, growth: Growth) -> str | None:
        """Give the format's name; while nothing tells it, None."""
        if self.log_format == "auto" and growth.has_lines():
            resolved = resolve([growth.path]).files
            self.log_format = chosen(resolved, "auto").log_format.name
        return None if self.log_format == "auto" else self.log_format

    def _add(self, block: bytes, growth: Growth, now: datetime) -> None:
        path = growth.path
        with TemporaryDirectory(prefix="signoff-") as folder:
            spool = Path(folder) / "lines"
            spool.write_bytes(block)
            steps = growth.clock.steps_back(spool, format_named(self.log_format))
            read = read_windows(
                [spool],
                log_format=self.log_format,
                since=self.since,
                window_s=self.window_s,
                by=self.by,
                versions=self.versions,
                now=now,
            )
        sources = (Source(str(path), self.log_format, 0),)
        notes = {Note(note.code, note.subject.replace(str(spool), str(path))): n for note, n in read.notes.items()}
        if steps:
            notes[Note("clock_went_back", str(path))] = len(steps)
        merged = self.table.merge(replace(read, sources=sources, notes=notes, clock_steps=tuple(steps)))
        starts = sorted(merged.by_window)
        oldest = starts[-self.most_windows :][0] if starts else 0
        first_until = starts[0] + self.first_s if starts else 0
        rows = {key: sums for key, sums in merged.rows.items() if key.start >= oldest or key.start < first_until}
        self.table = replace(merged, rows=rows, since=self.since)


_MOST_FINISHED = 64


def _identity(file: LogFile) -> tuple[int, int]:
    status = file.path.stat()
    return status.st_dev, status.st_ino
