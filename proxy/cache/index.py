"""The index of the filesystem cache: one SQLite row for each answer. It holds no prompt and no image."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = 1
"""The layout's number, kept in `user_version`; an index of another layout is not read."""

PAGES_KB = 32_000
"""How much of the index is kept in memory, in KB, once it was read; not mapped: another's cut would end the process."""
TURN_MS = 10
"""How long SQLite waits for the lock before it begins to wait anew, in milliseconds."""

_STATEMENTS = (
    """CREATE TABLE entries (
        key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, images INTEGER NOT NULL,
        model TEXT NOT NULL, prompt_hash TEXT NOT NULL, created_at REAL NOT NULL, used_at REAL NOT NULL
    )""",
    "CREATE INDEX entries_by_use ON entries (used_at)",
    "CREATE INDEX entries_by_age ON entries (created_at)",
    "CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL)",
    "INSERT INTO totals VALUES (0, 0)",
    """CREATE TRIGGER added AFTER INSERT ON entries
        BEGIN UPDATE totals SET entries = entries + 1, bytes = bytes + new.bytes; END""",
    """CREATE TRIGGER removed AFTER DELETE ON entries
        BEGIN UPDATE totals SET entries = entries - 1, bytes = bytes - old.bytes; END""",
    "PRAGMA user_version = 1",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What the index knows of an answer; times are in seconds since 1970."""

    key: str
    sha256: str
    bytes: int
    images: int
    model: str
    prompt_hash: str
    created_at: float
    used_at: float


class Index:
    """The rows, changed one by one or in transactions, by as many processes as there are.

    busy_seconds  how long another process's change is waited for
    Not safe for use by two threads at once; raises sqlite3.Error as it comes.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 1.0) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._busy_seconds = busy_seconds
        self._database = sqlite3.connect(path, timeout=busy_seconds, check_same_thread=False, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(f"PRAGMA cache_size = -{PAGES_KB}")
        if self._layout() == 0:
            with self.transaction():
                # Another process may have made them while this one waited.
                if self._layout() == 0:
                    for statement in _STATEMENTS:
                        self._database.execute(statement)
        if self._layout() != SCHEMA:
            raise sqlite3.DatabaseError(f"the index has layout {self._layout()}, not {SCHEMA}")

    def _layout(self) -> int:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        return int(version)

    def check(self) -> None:
        """Raise sqlite3.DatabaseError where the file is damaged."""
        (found,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"the index is damaged: {found}")

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Changes inside are made together or not at all; no other process can change anything meanwhile."""
        self._begin()
        try:
            yield
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _begin(self) -> None:
        """Get the one lock for changes; SQLite's own waiting grows so coarse that a busy process starves another."""
        deadline = time.monotonic() + self._busy_seconds
        self._database.execute(f"PRAGMA busy_timeout = {TURN_MS}")
        try:
            while True:
                try:
                    self._database.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                        raise
                else:
                    return
        finally:
            self._database.execute(f"PRAGMA busy_timeout = {int(self._busy_seconds * 1000)}")

    def find(self, key: str) -> Row | None:
        """The row of a key."""
        row = self._database.execute("SELECT * FROM entries WHERE key = ?", (key,)).fetchone()
        return Row(*row) if row else None

    def add(self, row: Row) -> None:
        """Add a row; its key must not be there."""
        self._database.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.key,
                row.sha256,
                row.bytes,
                row.images,
                row.model,
                row.prompt_hash,
                row.created_at,
                row.used_at,
            ),
        )

    def touch(self, used_at: Mapping[str, float]) -> None:
        """Note when answers were used; a use is never made earlier than one that is known."""
        self._database.executemany(
            "UPDATE entries SET used_at = ? WHERE key = ? AND used_at < ?",
            [(at, key, at) for key, at in used_at.items()],
        )

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the rows of keys, where there are any."""
        self._database.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in keys])

    def totals(self) -> tuple[int, int]:
        """How many answers there are, and how many bytes they have together."""
        entries, size = self._database.execute("SELECT entries, bytes FROM totals").fetchone()
        return entries, size

    def keys(self) -> set[str]:
        """The keys of all answers."""
        return {key for (key,) in self._database.execute("SELECT key FROM entries")}

    def keys_outside(self, earliest: float, latest: float) -> list[str]:
        """The keys of answers made before `earliest`, or after `latest` (the clock was set back since)."""
        rows = self._database.execute(
            "SELECT key FROM entries WHERE created_at <= ? OR created_at > ?", (earliest, latest)
        )
        return [key for (key,) in rows]

    def least_recently_used(self) -> Iterator[tuple[str, int]]:
        """Keys and bytes of the answers, the one that was used longest ago first."""
        yield from self._database.execute("SELECT key, bytes FROM entries ORDER BY used_at")

    def rows(self) -> list[Row]:
        """All rows, by key."""
        return [Row(*row) for row in self._database.execute("SELECT * FROM entries ORDER BY key")]

    def close(self) -> None:
        """Close the file."""
        self._database.close()
