"""The beginnings of evidence files, for a report that shows what was seen without opening them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.outcome import EvidenceFile, RunRecord, Status
from checks.redaction import visible

MOST_CHARACTERS = 2_000
"""Characters of one file that are shown."""
MOST_OF_ALL = 500_000
"""Characters of all files together: a report is to be opened on a phone."""
MOST_BYTES = 1 << 20
"""A file that is larger is not read; evidence is bounded to this by the engine."""


@dataclass(frozen=True)
class Excerpt:
    """The first lines of a file; `note` says what is left out, or why nothing is shown."""

    lines: tuple[str, ...]
    note: str = ""


def excerpts_of(run: Path, record: RunRecord) -> Mapping[str, Excerpt]:
    """Excerpts by path, of what did not pass first; files beyond `MOST_OF_ALL` have none."""
    found: dict[str, Excerpt] = {}
    left = MOST_OF_ALL
    for file in _by_weight(record):
        if left <= 0:
            break
        excerpt = _excerpt(run, file)
        if excerpt is not None:
            found[file.path] = excerpt
            left -= sum(len(line) for line in excerpt.lines)
    return found


def _by_weight(record: RunRecord) -> Iterator[EvidenceFile]:
    for passed in (False, True):
        for result in record.checks:
            if (result.status is Status.PASS) is passed:
                yield from result.evidence


def _excerpt(run: Path, file: EvidenceFile) -> Excerpt | None:
    """None where the file is not text, or is too large to be looked at."""
    path = run / file.path
    if file.bytes > MOST_BYTES or not path.resolve().is_relative_to(run.resolve()):
        return None
    try:
        content = path.read_bytes()
    except OSError as cause:
        return Excerpt((), f"cannot be read: {cause.strerror}")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        return Excerpt((), "is not what verdict.json says it was")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    shown = text[:MOST_CHARACTERS]
    note = f"the first {MOST_CHARACTERS} of {len(text)} characters" if len(text) > len(shown) else ""
    return Excerpt(tuple(visible(line) for line in shown.replace("\t", "    ").splitlines()), note)
