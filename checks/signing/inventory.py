"""The files of a run's folder with their digests: what a signature covers."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.outcome import RunRecord
from checks.signing.errors import SigningError

SIGNATURES = "signatures"
"""The folder of a run's folder that holds the signatures, and that they do not cover."""
NEEDED = ("verdict.json", "checklist.yaml", "journal.jsonl", "report.md", "report.html", "junit.xml")
"""Without these a run is not whole; the last is the last that is written."""
MAX_FILES = 100_000
VIEW = re.compile(r"override\.[a-z0-9-]+\.[0-9a-f]{16}\.[a-z.]+")
"""Views of an overridden run, beside its own files: only the override that they are named after covers them."""

_PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f\\\"\ud800-\udfff]+")
"""What `sha256sum --check` and JSON both write as it is."""


@dataclass(frozen=True)
class Inventory:
    """SHA-256 by path relative to the run's folder, and the paths that can't be signed, with why.

    `views` are digests too, of the views that were written for overrides.
    """

    digests: Mapping[str, str]
    unsignable: Mapping[str, str]
    views: Mapping[str, str] = field(default_factory=dict)

    def differences(self, signed: Mapping[str, str]) -> list[str]:
        """The paths whose bytes are not the signed ones: changed, taken away or added; of all but `views`."""
        paths = {*self.digests, *(path for path in signed if not VIEW.fullmatch(path))}
        return sorted({path for path in paths if self.digests.get(path) != signed.get(path)} | {*self.unsignable})

    def not_as_recorded(self, record: RunRecord) -> list[str]:
        """The paths whose digest is not the one that verdict.json has for them."""
        recorded = {each.path: each.sha256 for result in record.checks for each in result.whole_evidence}
        recorded[record.checklist.path] = record.checklist.sha256
        return sorted(path for path, digest in recorded.items() if self.digests.get(path) != digest)


def take_inventory(run: Path) -> Inventory:
    """Digest every file of a run's folder but the signatures.

    Links, special files and names that no list of digests can hold are unsignable. Raises SigningError where the
    folder or a file of it cannot be read, or where a run is being written there.
    """
    if not run.is_dir():
        raise SigningError(run, "is not a folder", "name the folder of a run, such as signoff-runs/<UTC>-<nonce>")
    _refuse_a_writer(run)
    digests: dict[str, str] = {}
    views: dict[str, str] = {}
    unsignable: dict[str, str] = {}
    for path in _files(run):
        name = path.relative_to(run).as_posix()
        if path.is_symlink() or not path.is_file():
            unsignable[name] = "is no plain file"
        elif not _PLAIN_NAME.fullmatch(name):
            unsignable[name] = "has a name that no list of digests can hold"
        else:
            (views if VIEW.fullmatch(name) else digests)[name] = _digest(path)
        if len(digests) + len(views) + len(unsignable) > MAX_FILES:
            raise SigningError(run, f"holds more than {MAX_FILES} files", "name the folder of one run")
    return Inventory(digests, unsignable, views)


def _files(run: Path) -> Iterator[Path]:
    """Everything but folders, in order; a link to a folder is a link."""

    def unreadable(cause: OSError) -> None:
        raise SigningError(cause.filename, f"cannot be read: {cause.strerror}", "correct its permissions") from cause

    for parent, folders, files in os.walk(run, onerror=unreadable):
        at = Path(parent)
        if at == run and SIGNATURES in folders and not (at / SIGNATURES).is_symlink():
            folders.remove(SIGNATURES)
        links = [each for each in folders if (at / each).is_symlink()]
        yield from (at / each for each in sorted([*files, *links]))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as cause:
        raise SigningError(path, f"cannot be read: {cause.strerror}", "correct its permissions") from cause


def _refuse_a_writer(run: Path) -> None:
    lock = run / ".lock"
    if lock.is_symlink() or not lock.is_file():
        return
    with lock.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as cause:
            raise SigningError(run, "is still being written", "wait for the run to end") from cause
