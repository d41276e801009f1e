"""Puts a backup back beside what is there, verifies it, and changes places; what was there is put aside, never deleted.

Each change is one rename, so that a restoration that was killed at any point is finished by doing it again.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from checks.backup_files import COMPANIONS, BackupError
from checks.contents import UnreadableError
from checks.rollback.action import Planned, StepError, Work
from checks.rollback.loss import Loss, loss_of
from checks.rollback.stored import Stored, digests_below, newest, sha256_of, size_restored, unpack, verified

MARGIN_BYTES = 16 << 20
"""Bytes that must stay free on the disk that a backup is restored to: 16 MiB."""


@dataclass(frozen=True)
class Restoring:
    """Restores to `to` the newest backup of `pattern`, or the one that was `chosen` before."""

    pattern: Path
    to: Path
    before: datetime | None = None
    chosen: Path | None = None

    @property
    def backup(self) -> Path | None:
        """The backup that is restored; None where there is none."""
        return self.chosen or newest(self.pattern, self.before)

    def plan(self) -> Planned:
        """No backup, a full disk, and a backup that does not verify, are problems."""
        path = self.backup
        if path is None:
            since = f" and is older than {self.before:%Y-%m-%dT%H:%M:%SZ}" if self.before else ""
            return Planned(problems=(f"no backup matches {self.pattern}{since}",))
        would = (f"restore {path.name} ({path.stat().st_size} bytes) to {self.to}" if path.exists() else "",)
        try:
            self._check_room(path)
            verified(path)
        except (BackupError, StepError) as problem:
            return Planned(would, (f"the newest backup does not verify: {problem}",))
        return Planned(would)

    def loss(self) -> Loss | None:
        """What would be lost; None where there is no backup that verifies."""
        path = self.backup
        try:
            return loss_of(verified(path), self.to) if path else None
        except BackupError:
            return None

    def perform(self, work: Work) -> None:
        """Restore, verify, change places."""
        work.check_wanted()
        old = self.to.with_name(f"{self.to.name}.rolled-back-{work.rollback_id}")
        new = self.to.with_name(f".{self.to.name}.restored-{work.rollback_id}")
        path = self.backup
        if path is None:
            raise StepError(f"no backup matches {self.pattern}")
        try:
            stored = verified(path)
            if not (_is_there(old) and _is_there(self.to)):
                self._check_room(path)
                _check_unused(self.to)
                if not _is_there(old):
                    _stage(stored, new, self.to)
                _change_places(self.to, old, new)
            _check_same(stored, self.to)
        except (BackupError, UnreadableError) as cause:
            raise StepError(str(cause)) from cause
        except OSError as cause:
            raise StepError(f"{cause.filename or self.to}: {cause.strerror or cause}") from cause
        work.note(f"restored {path} to {self.to}" + (f"; what was there is {old.name}" if _is_there(old) else ""))

    def _check_room(self, path: Path) -> None:
        folder = self.to.parent
        if not folder.is_dir():
            raise StepError(f"there is no folder {folder} to restore to")
        needed, free = size_restored(path) + MARGIN_BYTES, shutil.disk_usage(folder).free
        if needed > free:
            raise StepError(
                f"the disk of {folder} is full: {free >> 20} MiB are free, {needed >> 20} MiB are needed; make room"
            )


def _stage(stored: Stored, new: Path, to: Path) -> None:
    """Restore to `new`, with owner and, for a single file, mode of what is there now; verified and on the disk."""
    _remove(new)
    like = to.stat() if to.exists() else to.parent.stat()
    if stored.is_archive:
        folder = new.with_name(f"{new.name}.unpacked")
        _remove(folder)
        folder.mkdir(mode=0o700)
        inner = unpack(stored, folder)
        inner.chmod(like.st_mode & 0o777 if to.exists() else 0o700)
        _check_same(stored, inner)
        for path in (*inner.rglob("*"), inner):
            os.chown(path, like.st_uid, like.st_gid)
            _sync(path)
        inner.rename(new)
        folder.rmdir()
    else:
        new.touch(mode=0o600, exist_ok=False)
        shutil.copyfile(stored.path, new)
        new.chmod(like.st_mode & 0o777 if to.exists() else 0o600)
        os.chown(new, like.st_uid, like.st_gid)
        _check_same(stored, new)
        _sync(new)


def _change_places(to: Path, old: Path, new: Path) -> None:
    if _is_there(to) and not _is_there(old):
        to.rename(old)
    for suffix in COMPANIONS:
        companion = to.with_name(to.name + suffix)
        if _is_there(companion):
            companion.rename(old.with_name(old.name + suffix))
    new.rename(to)
    _sync(to.parent)


def _check_same(stored: Stored, place: Path) -> None:
    """Raise StepError unless what lies at a place is what the backup has, byte for byte."""
    there = digests_below(place) if stored.is_archive else {"": sha256_of(place)}
    differing = sorted(
        name for name in there.keys() | stored.members.keys() if there.get(name) != stored.members.get(name)
    )
    if differing:
        raise StepError(f"{place} is not what {stored.path.name} holds; differing: {', '.join(differing[:5])}")


def _check_unused(to: Path) -> None:
    """Raise StepError where a process that we can see has a file at `to`, below it or beside a database, open."""
    import psutil

    place = str(to.resolve())
    places = {place, *(place + suffix for suffix in COMPANIONS)}
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error, OSError):
            for file in process.open_files():
                if file.path in places or file.path.startswith(place + os.sep):
                    raise StepError(
                        f"process {process.pid} ({process.info['name']}) has {file.path} open; stop it first"
                    )


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
