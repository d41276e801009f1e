"""A backup as it lies there: which one is taken, whether it can be read to its end, and what is in it."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from checks.backup_files import DIGEST_SUFFIX, BackupError
from checks.contents import CHUNK_BYTES, UnreadableError, chunks_of, read_bounded
from checks.database import DatabaseUnavailableError, integrity_of, is_database, opened


@dataclass(frozen=True)
class Stored:
    """A backup that verifies. `members` has the SHA-256 of each file by its name; a single file's name is empty."""

    path: Path
    is_archive: bool
    is_database: bool
    members: Mapping[str, str]
    has_digest: bool
    """Whether it was compared with a digest that was recorded beside it."""
    bytes_restored: int
    made_at: float
    """When it was last written, in seconds since 1970."""


def newest(pattern: Path, before: datetime | None) -> Path | None:
    """The newest regular file that `pattern` matches, of those that were written before a moment where one is given."""
    found = [
        path
        for path in pattern.parent.glob(pattern.name)
        if path.is_file() and not path.is_symlink() and path.suffix != DIGEST_SUFFIX
        if before is None or path.stat().st_mtime < before.timestamp()
    ]
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def verified(path: Path) -> Stored:
    """Read a backup to its end; raises BackupError, naming it, for one that could not be restored.

    A file is compared with the digest beside it where there is one. An archive must be whole, with files in one folder
    and nothing that would leave it; a database must be so by SQLite's integrity check; JSON must be JSON.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            raise BackupError(f"{path} is empty")
        has_digest = _matches_its_digest(path)
        made_at = path.stat().st_mtime
        if path.name.endswith((".tar.gz", ".tgz", ".tar")):
            members, bytes_restored = _members(path)
            return Stored(path, True, False, members, has_digest, bytes_restored, made_at)
        database = is_database(path)
        if database:
            _check_whole(path)
        elif path.suffix == ".json":
            json.loads(read_bounded(path))
        elif path.suffix == ".db":
            raise BackupError(f"{path} is no database")
        return Stored(path, False, database, {"": sha256_of(path)}, has_digest, size, made_at)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as damage:
        raise BackupError(f"{path} cannot be unpacked: {damage}") from damage
    except sqlite3.Error as damage:
        raise BackupError(f"{path} is a damaged database: {damage}") from damage
    except ValueError as damage:
        raise BackupError(f"{path} is no whole JSON: {damage}") from damage
    except (UnreadableError, DatabaseUnavailableError, OSError) as problem:
        raise BackupError(f"{path} cannot be read: {problem}") from problem


def size_restored(path: Path) -> int:
    """Bytes that restoring a backup takes on disk, by an archive's own listing; raises BackupError."""
    try:
        if not path.name.endswith((".tar.gz", ".tgz", ".tar")):
            return path.stat().st_size
        with tarfile.open(path) as archive:
            return sum(member.size for member in archive)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OSError) as damage:
        raise BackupError(f"{path} cannot be unpacked: {damage}") from damage


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; raises UnreadableError."""
    digest = hashlib.sha256()
    for chunk in chunks_of(path):
        digest.update(chunk)
    return digest.hexdigest()


def digests_below(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path from there; raises UnreadableError."""
    return {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def unpack(stored: Stored, folder: Path) -> Path:
    """Unpack an archive into an empty folder and return the one folder that it holds; raises BackupError."""
    try:
        with tarfile.open(stored.path) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as damage:
        raise BackupError(f"{stored.path} cannot be unpacked: {damage}") from damage
    (inner,) = folder.iterdir()
    return inner


def _matches_its_digest(path: Path) -> bool:
    beside = path.with_name(path.name + DIGEST_SUFFIX)
    if not beside.exists():
        return False
    recorded = read_bounded(beside, 4096).decode(errors="replace").split()[:1]
    if recorded != [sha256_of(path)]:
        raise BackupError(f"{path} is not what was backed up: its SHA-256 differs from the one in {beside.name}")
    return True


def _check_whole(path: Path) -> None:
    with opened(path, lambda: False) as database:
        integrity = integrity_of(database)
    if integrity != "ok":
        raise BackupError(f"{path} is a damaged database: {integrity}")


def _members(path: Path) -> tuple[dict[str, str], int]:
    """The digests of an archive's files by their path below its one folder, and the bytes of them all."""
    members: dict[str, str] = {}
    total = 0
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.startswith("/") or ".." in member.name.split("/"):
                raise BackupError(f"{path} holds {member.name}, which would leave its folder")
            top, _, name = member.name.removeprefix("./").partition("/")
            if member.isdir() and not top.strip("."):
                continue
            file = archive.extractfile(member) if member.isfile() else None
            if file is None and not member.isdir():
                raise BackupError(f"{path} holds {member.name}, which is neither a file nor a folder")
            if file is None:
                continue
            if not name:
                raise BackupError(f"{path} holds {member.name} outside of a folder")
            members[f"{top}/{name}"] = _sha256_of_stream(file)
            total += member.size
    if len({name.partition("/")[0] for name in members}) != 1:
        raise BackupError(f"{path} must hold one folder with files in it")
    return {name.partition("/")[2]: digest for name, digest in members.items()}, total


def _sha256_of_stream(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
