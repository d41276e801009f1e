"""Answers as files beside their index: what is there, what goes, and how a crash is mended. All calls block."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from proxy.atomic import place_private, settle
from proxy.cache.answer_files import answer_files, answer_path, put_aside
from proxy.cache.hot_set import FileState
from proxy.cache.index import Index, Row
from proxy.cache.protocol import Entry, cause_of

INDEX = "index.db"


class AnswerStore:
    """The answers in one folder, which several processes may use at one time.

    An answer is a temporary file, renamed, then a row with its SHA-256, which is checked on every read: what a loss
    of power tears is never served. Nobody waits for the disk: files and their folders are synced behind the requests.
    Every change is made in a transaction, which also keeps the other processes from changing files: a crash leaves a
    file without a row, or a row without a file, never a wrong pair; the next start removes them.

    max_bytes  the most bytes that all answers may have together, at any time
    ttl        seconds for which an answer may be served
    Raises OSError and sqlite3.Error as they come.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int,
        ttl: int,
        clock: Callable[[], float],
        on_damage: Callable[[str], None],
        on_eviction: Callable[[str, int], None],
    ) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._ttl = ttl
        self._clock = clock
        self._on_damage = on_damage
        self._on_eviction = on_eviction
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="digests")
        self._settling = ThreadPoolExecutor(1, thread_name_prefix="settling")
        self.evictions = 0
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        self._writes = self._open()
        try:
            self._reads = Index(directory / INDEX)
            self._mend()
        except BaseException:
            self._writes.close()
            raise

    def find(self, key: str) -> Row | None:
        """The row of a key; looks at nothing but the index, and no writer keeps it waiting."""
        with self._reading:
            return self._reads.find(key)

    def read(self, row: Row | None) -> tuple[Entry, FileState] | None:
        """The answer of a row, whole and fresh, and its file's state; one that is damaged is put aside."""
        while row is not None:
            if not self.is_fresh(row.created_at):
                self._discard(row)
                return None
            path = answer_path(self._directory, row.key)
            try:
                state = FileState.of(str(path))
                body = path.read_bytes()
            except FileNotFoundError:
                body = None
            if body is not None and digest_of(body) == row.sha256:
                return Entry(body, row.images, row.model, row.prompt_hash, row.created_at), state
            # Another process may have replaced or removed it between the two looks.
            before, row = row, self.find(row.key)
            if row == before:
                self._discard_damaged(row, missing=body is None)
                return None
        return None

    def digest(self, body: bytes) -> Future[str]:
        """The digest of a body, which a thread begins to compute at once. This call does not block."""
        return self._hashing.submit(digest_of, body)

    def put(self, key: str, entry: Entry, digest: Future[str], used_at: Mapping[str, float]) -> FileState | None:
        """Keep an answer, after the uses of others have been noted; None where it is larger than the whole cache.

        digest  of its body; it is needed only once the file is written
        """
        if len(entry.body) > self._max_bytes:
            return None
        with self._writing:
            state = self._replaced(key, entry, digest, used_at)
        self._settling.submit(self._settle, key)
        return state

    def touch(self, used_at: Mapping[str, float]) -> None:
        """Note when answers were used."""
        with self._writing, self._writes.transaction():
            self._writes.touch(used_at)

    def totals(self) -> tuple[int, int]:
        """How many answers there are, and how many bytes they have together."""
        with self._reading:
            return self._reads.totals()

    def is_fresh(self, created_at: float) -> bool:
        """Whether an answer made at a time may be served; one from the future may not: the clock was set back."""
        now = self._clock()
        return now - self._ttl < created_at <= now

    def close(self) -> None:
        """Close the index."""
        self._settling.shutdown()
        self._hashing.shutdown()
        with self._writing, self._reading:
            self._reads.close()
            self._writes.close()

    def _open(self) -> Index:
        """The index; one that cannot be read is put aside, since a cache may always start empty."""
        path = self._directory / INDEX
        try:
            return _checked(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._on_damage(f"the index was put aside: {error}")
            put_aside(self._directory, path, self._clock())
            for suffix in ("-wal", "-shm"):
                path.with_name(INDEX + suffix).unlink(missing_ok=True)
            return _checked(path)

    def _mend(self) -> None:
        """Make files and rows agree, and hold the limits: what a crash left, and what new settings forbid, goes."""
        with self._writes.transaction():
            missing = self._writes.keys()
            for name, path in answer_files(self._directory):
                if name in missing:
                    missing.remove(name)
                else:
                    Path(path).unlink()
            self._writes.remove(missing)
            self._drop_expired()
            self._make_room(0)

    def _replaced(self, key: str, entry: Entry, digest: Future[str], used_at: Mapping[str, float]) -> FileState:
        while True:
            with self._writes.transaction():
                if not self._writes.find(key):
                    self._writes.touch(used_at)
                    return self._add(key, entry, digest)
                # In a transaction of its own: a crash must not leave the old row beside the new file.
                self._remove([key])

    def _add(self, key: str, entry: Entry, digest: Future[str]) -> FileState:
        size, path = len(entry.body), answer_path(self._directory, key)
        self._drop_expired()
        self._make_room(size)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, exist_ok=True)
        place_private(path, entry.body)
        now = self._clock()
        self._writes.add(
            Row(key, digest.result(), size, entry.images, entry.model, entry.prompt_hash, entry.created_at, now)
        )
        return FileState.of(str(path))

    def _settle(self, key: str) -> None:
        """Bring an answer to the disk; where that fails, its file cannot be trusted any more, and it goes."""
        try:
            settle(answer_path(self._directory, key))
        except FileNotFoundError:
            return  # It had to make room, or another process has removed it.
        except OSError as error:
            self._on_damage(f"the file of an answer did not reach the disk: {cause_of(error)}")
            row = self.find(key)
            if row:
                self._discard(row)

    def _discard(self, row: Row) -> None:
        with self._writing, self._writes.transaction():
            if self._writes.find(row.key) == row:
                self._remove([row.key])

    def _discard_damaged(self, row: Row, *, missing: bool) -> None:
        with self._writing, self._writes.transaction():
            if self._writes.find(row.key) != row:
                return
            self._writes.remove([row.key])
            if not missing:
                put_aside(self._directory, answer_path(self._directory, row.key), self._clock())
        self._on_damage("the file of an answer is missing" if missing else "the file of an answer is damaged")

    def _drop_expired(self) -> None:
        now = self._clock()
        expired = self._writes.keys_outside(now - self._ttl, now)
        self._remove(expired)
        self._on_eviction("expired", len(expired))

    def _make_room(self, needed: int) -> None:
        excess = self._writes.totals()[1] + needed - self._max_bytes
        victims: list[str] = []
        if excess > 0:
            for key, size in self._writes.least_recently_used():
                victims.append(key)
                excess -= size
                if excess <= 0:
                    break
        self._remove(victims)
        self.evictions += len(victims)
        self._on_eviction("room", len(victims))

    def _remove(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        self._writes.remove(keys)
        for key in keys:
            answer_path(self._directory, key).unlink(missing_ok=True)


def digest_of(body: bytes) -> str:
    """The SHA-256 of a body, in hex."""
    return hashlib.sha256(body).hexdigest()


def _checked(path: Path) -> Index:
    index = Index(path)
    try:
        index.check()
    except BaseException:
        index.close()
        raise
    return index
