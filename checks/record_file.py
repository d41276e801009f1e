"""Reads the record of a run back from its folder."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from checks.errors import SignoffError
from checks.outcome import RunRecord

MAX_BYTES = 64 << 20
"""A verdict.json of 2,000 checks has some 4 MB; anything beyond this is none."""
SCHEMA_VERSION = 1


class RecordError(SignoffError):
    """The record of a run cannot be read; the message names the file, what is wrong with it, and the remedy."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}; {remedy}")


def read_record(run: Path) -> RunRecord:
    """The record in the `verdict.json` of a run's folder.

    Raises RecordError where there is none, where it cannot be read or understood, or where it is of a newer version.
    """
    path = run / "verdict.json"
    content = _content(run, path)
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError) as cause:
        raise RecordError(path, f"is not JSON: {cause}", "restore the file, or run the checklist again") from cause
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        problem = f"has schema_version {version}, and this signoff reads {SCHEMA_VERSION}"
        raise RecordError(path, problem, "use the newer signoff that wrote it")
    try:
        return RunRecord.model_validate_json(content)
    except ValidationError as cause:
        first = cause.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        problem = f"is no record of a run: {place}: {first['msg']} ({cause.error_count()} problems)"
        raise RecordError(path, problem, "restore the file, or run the checklist again") from cause


def _content(run: Path, path: Path) -> bytes:
    if not run.is_dir():
        raise RecordError(run, "is not a folder", "name the folder of a run, such as signoff-runs/<UTC>-<nonce>")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as cause:
        raise RecordError(
            path, "does not exist", "wait for the run to end, or name another run; without it there is no verdict"
        ) from cause
    except OSError as cause:
        raise RecordError(path, f"cannot be read: {cause.strerror}", "correct its permissions") from cause
    if len(content) > MAX_BYTES:
        raise RecordError(path, f"has more than {MAX_BYTES >> 20} MiB", "restore the file; no run writes one so large")
    return content
