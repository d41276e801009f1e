"""Backups of files, folders and databases: written under names never used before, and read back member by member."""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from checks.contents import CHUNK_BYTES, chunks_of
from checks.database import copy_database, integrity_of, is_database, opened, rows_digest
from checks.wildcards import matching

DIGEST_SUFFIX = ".sha256"
"""A file of this name beside a backup holds its SHA-256, as `sha256sum` writes it."""
COMPANIONS = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside a database; a copy made through SQLite has their content in it."""


class BackupError(Exception):
    """What was to be backed up is not fit for it; the text names it and says why."""


@dataclass(frozen=True)
class Backup:
    """A backup that was written, and the digest of each of its members as the source had it."""

    source: Path
    path: Path
    is_archive: bool
    members: Mapping[str, str]


@dataclass(frozen=True)
class Work:
    """Where a backup goes, the time in its name, a folder for what is in between, and whether to give up."""

    folder: Path
    stamp: str
    scratch: Path
    over: Callable[[], bool]

    def new_name(self) -> Path:
        """A name in the scratch folder that is not taken."""
        return self.scratch / secrets.token_hex(8)


def check_fit(source: Path, folder: Path) -> None:
    """Raise BackupError where `source` is missing, empty, a symbolic link, or holds the folder of the backups."""
    if source.is_symlink():
        raise BackupError(f"{source} is a symbolic link; name what it leads to")
    if not source.exists():
        raise BackupError(f"{source} does not exist")
    if source.is_dir() and folder.resolve().is_relative_to(source.resolve()):
        raise BackupError(f"{folder} lies in {source}, which would be backed up into itself")
    if source.is_file() and source.stat().st_size == 0:
        raise BackupError(f"{source} is empty")


def back_up(source: Path, work: Work) -> Backup:
    """Write a backup of `source`, mode 0600: a copy of a file or database, a .tar.gz of a folder; and its SHA-256.

    Raises BackupError for a source that is not fit, has no file or a link in it, or changes meanwhile;
    UnreadableError, DatabaseUnavailableError, OSError and sqlite3.Error for what cannot be read or written.
    """
    check_fit(source, work.folder)
    archive = source.is_dir()
    work.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem = source.stem.lstrip(".") or "backup"
    path = work.folder / f"{stem}-{work.stamp}-{secrets.token_hex(4)}{'.tar.gz' if archive else source.suffix}"
    with _new_file(path) as file:
        members = _pack(source, file, work) if archive else _copy(source, file, work)
    _record_digest(path)
    return Backup(source, path, archive, members)


def restored(backup: Backup, work: Work) -> dict[str, str]:
    """Restore a backup into a new folder in the scratch folder and return the digest of each member found there.

    Raises as `back_up` does, BackupError also for an archive that cannot be unpacked.
    """
    folder = work.new_name()
    folder.mkdir()
    if backup.is_archive:
        try:
            with tarfile.open(backup.path) as archive:
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as damage:
            raise BackupError(f"{backup.path} cannot be unpacked: {damage}") from damage
    else:
        shutil.copyfile(backup.path, folder / backup.source.name)
    files = [path for path in matching(folder / "**") if path.is_file()]
    return {str(path.relative_to(folder)): _digest(path, work.over) for path in files}


def _record_digest(path: Path) -> None:
    """Write NAME.sha256 beside a backup, as `sha256sum` does, so that it can be told later that it is the same."""
    digest = hashlib.sha256()
    for chunk in chunks_of(path):
        digest.update(chunk)
    with _new_file(path.with_name(path.name + DIGEST_SUFFIX)) as file:
        file.write(f"{digest.hexdigest()}  {path.name}\n".encode())


def _copy(source: Path, file: BinaryIO, work: Work) -> dict[str, str]:
    copy, digest = _settled(source, work)
    with copy.open("rb") as content:
        shutil.copyfileobj(content, file, CHUNK_BYTES)
    return {source.name: digest}


def _pack(source: Path, file: BinaryIO, work: Work) -> dict[str, str]:
    members: dict[str, str] = {}
    with tarfile.open(fileobj=file, mode="w:gz", dereference=True) as archive:
        for path in matching(source / "**"):
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise BackupError(f"{path} is a symbolic link or a special file; what it stands for would be lost")
            name = str(Path(source.name) / path.relative_to(source))
            member = archive.gettarinfo(path, name)
            if path.is_dir():
                archive.addfile(member)
            elif not _is_companion(path):
                copy, members[name] = _settled(path, work)
                member.size = copy.stat().st_size
                with copy.open("rb") as content:
                    archive.addfile(member, content)
                copy.unlink()
    if not members:
        raise BackupError(f"{source} has no file in it")
    return members


def _settled(path: Path, work: Work) -> tuple[Path, str]:
    """Copy a file in one state of it into the scratch folder; return the copy and the digest of what was read."""
    copy = work.new_name()
    if is_database(path):
        return copy, f"rows {copy_database(path, copy, work.over)}"
    before = path.stat()
    digest = hashlib.sha256()
    with copy.open("xb") as file:
        for chunk in _in_time(chunks_of(path), work.over):
            digest.update(chunk)
            file.write(chunk)
    after = path.stat()
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise BackupError(f"{path} changed while it was copied")
    return copy, f"sha256 {digest.hexdigest()}"


def _digest(path: Path, over: Callable[[], bool]) -> str:
    """What a member is compared by: SHA-256 of a file; of a database that it is whole, and its rows."""
    if is_database(path):
        with opened(path, over) as database:
            integrity = integrity_of(database)
            return f"rows {rows_digest(database)}" if integrity == "ok" else f"damaged: {integrity}"
    digest = hashlib.sha256()
    for chunk in _in_time(chunks_of(path), over):
        digest.update(chunk)
    return f"sha256 {digest.hexdigest()}"


def _in_time(chunks: Iterator[bytes], over: Callable[[], bool]) -> Iterator[bytes]:
    for chunk in chunks:
        if over():
            raise TimeoutError("not done in time")
        yield chunk


def _is_companion(path: Path) -> bool:
    databases = [path.with_name(path.name.removesuffix(suffix)) for suffix in COMPANIONS if path.name.endswith(suffix)]
    return any(each.is_file() and is_database(each) for each in databases)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when it is complete, and never in another's place."""
    partial = path.with_name(f".{path.name}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
