"""Upstream accounts: one file each, checked when they are loaded, and loaded again when they change."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from proxy.home import read_private


class _AccountFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: Annotated[str, Field(min_length=1, max_length=100)]
    project: Annotated[str, Field(min_length=1, max_length=100)]
    api_key: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]


@dataclass(frozen=True, slots=True)
class Account:
    """An account that may be used.

    id        a short keyed hash of its key: what the log calls it
    version   the time of its file's last change, in nanoseconds
    """

    id: str
    name: str
    project: str
    api_key: SecretStr
    version: int


@dataclass(frozen=True, slots=True)
class RejectedAccount:
    """A file that cannot be used, and why; the reason quotes nothing of its content."""

    file: str
    reason: str


class AccountFolder:
    """The accounts of a folder's *.json files as they are now.

    accounts   the usable ones, in the order of their names
    rejected   broken files, files that others may read, and files with a name or a key that an earlier one has
    """

    def __init__(self, folder: Path, log_key: bytes) -> None:
        self._folder = folder
        self._log_key = log_key
        self._seen: object = None
        self.accounts: tuple[Account, ...] = ()
        self.rejected: tuple[RejectedAccount, ...] = ()
        self.refresh()

    def refresh(self) -> bool:
        """Load the files again if any has come, gone or changed; whether that was so."""
        seen = self._look()
        if seen == self._seen:
            return False
        self._seen = seen
        accounts, rejected = load_accounts(self._folder, self._log_key)
        self.accounts, self.rejected = tuple(accounts), tuple(rejected)
        return True

    def _look(self) -> object:
        """What tells one state of the files from another; the files are not read."""
        try:
            entries = [entry for entry in os.scandir(self._folder) if entry.name.endswith(".json")]
            states = {entry.name: entry.stat() for entry in entries}
        except OSError as error:
            return error.errno
        return {name: (at.st_mtime_ns, at.st_size, at.st_ino, at.st_mode) for name, at in states.items()}


def load_accounts(folder: Path, log_key: bytes) -> tuple[list[Account], list[RejectedAccount]]:
    """The usable accounts of a folder's *.json files, in the order of their names, and those that were rejected.

    Rejected: broken files, files that others may read, and a name or a key that an earlier file has.
    """
    accounts: list[Account] = []
    rejected: list[RejectedAccount] = []
    for path in sorted(folder.glob("*.json")):
        try:
            account = _load(path, log_key)
            _check_unique(account, accounts)
        except (OSError, ValueError) as error:
            rejected.append(RejectedAccount(path.name, _plain(error)))
        else:
            accounts.append(account)
    return accounts, rejected


def _load(path: Path, log_key: bytes) -> Account:
    content = read_private(path)
    found = _AccountFile.model_validate_json(content)
    identity = hmac.digest(log_key, found.api_key.encode(), hashlib.sha256).hex()[:12]
    return Account(identity, found.name, found.project, SecretStr(found.api_key), path.stat().st_mtime_ns)


def _check_unique(account: Account, others: list[Account]) -> None:
    if any(account.id == other.id for other in others):
        raise ValueError("it has the key of an earlier file")
    if any(account.name == other.name for other in others):
        raise ValueError("it has the name of an earlier file")


def _plain(error: OSError | ValueError) -> str:
    if isinstance(error, ValidationError):
        places = sorted({".".join(map(str, detail["loc"])) or detail["type"] for detail in error.errors()})
        return f"it is not a valid account (see: {', '.join(places)[:200]})"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)
