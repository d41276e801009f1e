"""The kind `backup`: makes backups, restores them into a scratch folder and compares."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from checks.backup_files import Backup, BackupError, Work, back_up, check_fit, restored
from checks.check import Check, Context
from checks.contents import UnreadableError, chunks_of
from checks.database import DatabaseUnavailableError
from checks.effects import Effect
from checks.outcome import Evidence, Observation, error, failed
from checks.units import Dimension, Quantity


class BackupCheck(Check):
    """Backs up files, folders and SQLite databases, and shows that each backup can be restored.

    ```yaml
    kind: backup
    of: ["${target.data_dir}/config.json", "${target.data_dir}/accounts", "${target.data_dir}/proxy.db"]
    to: backups
    expect: {restored: true, mode: "0600", contents.files: {at_least: 3}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "exists": "whether a backup of every source was written",
        "age": "seconds since the oldest of them was written",
        "bytes": "their length, together",
        "contents": "files: number of members; databases: how many of them are databases",
        "restored": "whether every member, restored, equals its source: files by SHA-256, databases by their rows",
        "mode": "permissions of the backups as four octal digits; where they differ, all of them together",
        "paths": "where the backups lie",
    }
    slow: ClassVar[bool] = True
    usual_effect: ClassVar[Effect] = "write"

    kind: Literal["backup"]
    of: tuple[str, ...] = Field(min_length=1, description="Files, folders and databases.")
    to: str = Field(min_length=1, description="The folder for the backups; made, with mode 0700, if need be.")
    restore: bool = Field(default=True, description="Restore into a scratch folder and compare.")

    def observe(self, context: Context) -> Observation:
        """Write one backup for each source; a source that is missing, empty or a link fails before any is written."""
        deadline = time.monotonic() + context.timeout_s
        work = Work(
            context.path(self.to),
            f"{context.now():%Y%m%dT%H%M%SZ}",
            context.scratch,
            lambda: context.stop.is_set() or time.monotonic() > deadline,
        )
        differing: list[str] = []
        try:
            sources = [context.path(source) for source in self.of]
            for source in sources:
                check_fit(source, work.folder)
            made = [back_up(source, work) for source in sources]
            if self.restore:
                differing = [each for backup in made for each in _differences(backup, restored(backup, work))]
            seen = _seen(made, context.now())
        except BackupError as unfit:
            return failed(str(unfit))
        except sqlite3.Error as damage:
            return failed(f"a database cannot be copied whole: {damage}")
        except (UnreadableError, DatabaseUnavailableError, OSError) as problem:
            return error(f"the backup could not be made: {problem}")
        evidence = Evidence("manifest.json", json.dumps([_manifest(each) for each in made], indent=1).encode())
        seen["restored"] = not differing if self.restore else None
        if differing:
            return failed(f"differs after it was restored: {', '.join(differing[:5])}", evidence, **seen)
        return Observation(seen, (evidence,))


def _differences(backup: Backup, found: Mapping[str, str]) -> list[str]:
    names = sorted(backup.members.keys() | found.keys())
    return [name for name in names if backup.members.get(name) != found.get(name)]


def _seen(made: Sequence[Backup], now: datetime) -> dict[str, Any]:
    files = [each.path.lstat() for each in made]
    modes = 0
    for each in files:
        modes |= stat.S_IMODE(each.st_mode)
    digests = [digest for each in made for digest in each.members.values()]
    return {
        "exists": all(stat.S_ISREG(each.st_mode) and each.st_size > 0 for each in files),
        "age": Quantity(max(0.0, now.timestamp() - min(each.st_mtime for each in files)), Dimension.TIME),
        "bytes": Quantity(sum(each.st_size for each in files), Dimension.SIZE),
        "contents": {"files": len(digests), "databases": sum(digest.startswith("rows ") for digest in digests)},
        "mode": f"{modes:04o}",
        "paths": [str(each.path) for each in made],
    }


def _manifest(backup: Backup) -> dict[str, object]:
    digest = hashlib.sha256()
    for chunk in chunks_of(backup.path):
        digest.update(chunk)
    return {
        "source": str(backup.source),
        "backup": str(backup.path),
        "sha256": digest.hexdigest(),
        "members": backup.members,
    }
