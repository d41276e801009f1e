"""OSV records out of a file, a folder or an archive (OSV schema 1.x, ossf.github.io/osv-schema)."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from checks.contents import MAXIMUM_BYTES, UnreadableError, is_there, open_regular, read_bounded
from checks.query import parse_json
from checks.wildcards import matching

MAXIMUM_RECORDS = 200_000
MAXIMUM_TOTAL = 1 << 30
"""Most bytes of records that are read, after decompression: 1 GiB; all of PyPI's are a tenth of that."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Event(_Part):
    """Where a range of affected versions begins or ends."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(_Part):
    """Versions in order, of one kind of order."""

    type: Literal["ECOSYSTEM", "SEMVER", "GIT"]
    events: tuple[Event, ...]


class Package(_Part):
    """What the record is about."""

    ecosystem: str
    name: str


class Affected(_Part):
    """Versions of one package that the record is about."""

    package: Package | None = None
    versions: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    ecosystem_specific: dict[str, Any] | None = None
    database_specific: dict[str, Any] | None = None


class Record(_Part):
    """One advisory."""

    id: str = Field(min_length=1, max_length=200)
    modified: AwareDatetime
    withdrawn: AwareDatetime | None = None
    aliases: tuple[str, ...] = ()
    summary: str = ""
    affected: tuple[Affected, ...] = ()
    database_specific: dict[str, Any] | None = None

    @property
    def severity(self) -> str:
        """critical, high, moderate, low, or unknown where the database does not say it in a word."""
        said = str((self.database_specific or {}).get("severity", "")).lower()
        word = {"medium": "moderate"}.get(said, said)
        return word if word in SEVERITIES else "unknown"


SEVERITIES = ("critical", "high", "moderate", "low", "unknown")
"""The words of GitHub's advisory database, worst first, and `unknown`."""


def read_records(path: Path) -> list[Record]:
    """Every record of a .json or .jsonl file, of a .zip of such, or of all such files under a folder.

    Raises UnreadableError for what cannot be read whole, ValueError naming the file for what is no OSV record; no
    record is left out in silence. Withdrawn ones are among them.
    """
    if not is_there(path):
        raise UnreadableError(f"{path}: there is nothing")
    found: list[Record] = []
    left = MAXIMUM_TOTAL
    for name, content in _documents(path):
        left -= len(content)
        for raw in _records(name, content):
            try:
                found.append(Record.model_validate(raw))
            except ValidationError as problem:
                first = problem.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"]))
                raise ValueError(f"{name}: not an OSV record: {where}: {first['msg']}") from None
        if left < 0 or len(found) > MAXIMUM_RECORDS:
            raise UnreadableError(f"{path}: more than {MAXIMUM_RECORDS} records or {MAXIMUM_TOTAL >> 20} MiB")
    return found


def _documents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for each in matching(path / "**" / "*"):
            if each.suffix in {".json", ".jsonl", ".zip"} and each.is_file():
                yield from _documents(each)
    elif path.suffix == ".zip":
        yield from _archived(path)
    else:
        yield str(path), read_bounded(path)


def _archived(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.filename.endswith((".json", ".jsonl")):
                    with archive.open(member) as content:
                        read = content.read(MAXIMUM_BYTES + 1)
                    if len(read) > MAXIMUM_BYTES:
                        raise UnreadableError(f"{path}: {member.filename}: more than {MAXIMUM_BYTES} bytes")
                    yield f"{path}: {member.filename}", read
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise UnreadableError(f"{path}: not a zip archive that can be read: {problem}") from problem


def _records(name: str, content: bytes) -> Iterator[Any]:
    try:
        if name.endswith(".jsonl"):
            yield from (parse_json(line) for line in content.splitlines() if line.strip())
            return
        parsed = parse_json(content)
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from None
    if isinstance(parsed, list):
        yield from parsed
    else:
        yield parsed
