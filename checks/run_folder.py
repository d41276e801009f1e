"""The folder of one run: verdict.json, reports, the journal, a copy of the checklist, and evidence (design §4)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checks.errors import ConfigurationError, Problem
from checks.outcome import Evidence, EvidenceFile
from checks.redaction import Redactor

DEFAULT_PARENT = Path("signoff-runs")


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the whole new one, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class RunFolder:
    """Where a run keeps what it found. `run_id` is `<UTC>-<nonce>`; one writer at a time."""

    def __init__(self, path: Path, run_id: str, nonce: str) -> None:
        self.path = path
        self.run_id = run_id
        self.nonce = nonce

    @classmethod
    def create(cls, output: Path | None, now: datetime) -> RunFolder:
        """Make the folder of a new run: `output` itself, or one of its own under signoff-runs/.

        Raises ConfigurationError where `output` holds a run already, or cannot be made.
        """
        nonce = secrets.token_hex(4)
        run_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{nonce}"
        path = (output or DEFAULT_PARENT / run_id).resolve()
        if (path / "journal.jsonl").exists():
            message = "holds a run already; name another folder, or leave --output out"
            raise ConfigurationError([Problem(str(path), None, None, message)])
        try:
            (path / "evidence").mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            message = f"cannot make the run's folder: {cause.strerror}; name another with --output"
            raise ConfigurationError([Problem(str(path), None, None, message)]) from cause
        return cls(path, run_id, nonce)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run; raises ConfigurationError where another process holds it."""
        with (self.path / ".lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as cause:
                message = "another signoff process is writing this run; wait for it, or name another folder"
                raise ConfigurationError([Problem(str(self.path), None, None, message)]) from cause
            yield
        (self.path / ".lock").unlink(missing_ok=True)

    def store(self, check_id: str, evidence: Evidence, redactor: Redactor) -> EvidenceFile:
        """Keep `evidence` of a check, redacted."""
        content = redactor.data(evidence.content)
        path = self.path / "evidence" / check_id / Path(evidence.name).name
        write_atomically(path, content)
        return EvidenceFile(
            name=evidence.name,
            path=path.relative_to(self.path).as_posix(),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )

    @contextmanager
    def scratch(self, check_id: str) -> Iterator[Path]:
        """An empty folder for one check, removed afterwards."""
        parent = self.path / ".scratch"
        parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=f"{check_id}-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    def close(self) -> None:
        """Remove what no report refers to."""
        scratch = self.path / ".scratch"
        if scratch.exists() and not any(scratch.iterdir()):
            scratch.rmdir()

    def discard(self) -> None:
        """Take away the folder of a run that could not begin; what stood in it before stays."""
        for file in (".lock", "journal.jsonl"):
            (self.path / file).unlink(missing_ok=True)
        for folder in (self.path / "evidence", self.path):
            if not any(folder.iterdir()):
                folder.rmdir()

    def names(self) -> dict[str, Any]:
        """What `${run.…}` may name."""
        return {"run.dir": str(self.path), "run.id": self.run_id, "run.nonce": self.nonce}
