"""What restoring a backup would lose: what was written since it was made, in files, folders and databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from checks.backup_files import BackupError
from checks.contents import UnreadableError
from checks.database import DatabaseUnavailableError, is_database
from checks.outcome import Record
from checks.rollback.stored import Stored, digests_below, sha256_of

MOST_NAMES = 5
"""Names that are listed of what is added, changed or removed; the rest is counted."""
COMPARE_S = 5.0
"""How long another's lock on the database is waited for."""


class Loss(Record):
    """What would be lost at one place. `known` is false where it could not be found out, and `lines` say why."""

    to: str
    backup: str
    made_at: datetime
    has_digest: bool
    known: bool
    lines: tuple[str, ...]
    """Each one thing that would be lost; none where what is there is what the backup has."""


def loss_of(stored: Stored, to: Path) -> Loss:
    """Compare what is there with the backup, changing neither."""
    try:
        lines, known = _compared(stored, to), True
    except (UnreadableError, DatabaseUnavailableError, sqlite3.Error, BackupError, OSError) as cause:
        lines, known = [f"it cannot be told what would be lost: {cause}"], False
    return Loss(
        to=str(to),
        backup=str(stored.path),
        made_at=datetime.fromtimestamp(stored.made_at, UTC),
        has_digest=stored.has_digest,
        known=known,
        lines=tuple(lines),
    )


def _compared(stored: Stored, to: Path) -> list[str]:
    if not to.exists():
        return []
    if stored.is_archive:
        return _of_folder(stored, to)
    if stored.is_database and is_database(to):
        return _of_database(stored.path, to)
    return [] if sha256_of(to) == stored.members[""] else [f"{to.name} differs from the backup"]


def _of_folder(stored: Stored, to: Path) -> list[str]:
    there = digests_below(to)
    added = sorted(there.keys() - stored.members.keys())
    changed = sorted(name for name in there.keys() & stored.members.keys() if there[name] != stored.members[name])
    found = {"new since the backup": added, "changed since the backup": changed}
    return [f"{len(names)} files {what}: {_listed(names)}" for what, names in found.items() if names]


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _of_database(backup: Path, to: Path) -> list[str]:
    """Rows of each table that only one of the two has; each of them is a row that was written since."""
    address = f"{to.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=COMPARE_S)) as database:
        database.execute("ATTACH ? AS kept", (f"{backup.absolute().as_uri()}?mode=ro",))
        tables = {schema: _tables(database, schema) for schema in ("main", "kept")}
        lines = [
            line for table in sorted(tables["main"] & tables["kept"]) for line in _of_table(database, table) if line
        ]
    return lines + [f"table {table} is not in the backup" for table in sorted(tables["main"] - tables["kept"])]


def _tables(database: sqlite3.Connection, schema: str) -> set[str]:
    asked = f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^'"  # noqa: S608 - one of two words of ours
    return {name for (name,) in database.execute(asked)}


def _of_table(database: sqlite3.Connection, table: str) -> list[str]:
    name = f'"{table.replace(chr(34), 2 * chr(34))}"'
    try:
        now, then = (
            database.execute(
                f"SELECT count(*) FROM (SELECT * FROM {one}.{name} EXCEPT SELECT * FROM {other}.{name})"  # noqa: S608 - quoted
            ).fetchone()[0]
            for one, other in (("main", "kept"), ("kept", "main"))
        )
    except sqlite3.OperationalError as cause:
        return [f"table {table} has another shape than in the backup: {cause}"]
    return [f"table {table}: {now} rows written or changed since the backup"] if now or then else []
