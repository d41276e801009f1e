"""The folder of one run: verdict.json, reports, the journal, a copy of the checklist, and evidence (design §4)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from checks.errors import ConfigurationError, Problem
from checks.outcome import Evidence, EvidenceFile
from checks.redaction import Redactor

DEFAULT_PARENT = Path("signoff-runs")


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the whole new one, also after a crash.

    Raises OSError, which names `path`, where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException as cause:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(cause, OSError):
            raise OSError(cause.errno, cause.strerror, str(path)) from cause
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
        folder = cls((output or DEFAULT_PARENT / run_id).resolve(), run_id, nonce)
        folder.refuse_a_run()
        try:
            (folder.path / "evidence").mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            message = f"cannot make the run's folder: {cause.strerror}; name another with --output"
            raise ConfigurationError([Problem(str(folder.path), None, None, message)]) from cause
        return folder

    def refuse_a_run(self) -> None:
        """Raise ConfigurationError where a run is kept here already."""
        if (self.path / "journal.jsonl").exists():
            message = f"holds a run already; name another folder, or go on with it: signoff continue {self.path}"
            raise ConfigurationError([Problem(str(self.path), None, None, message)])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run; raises ConfigurationError where another process holds it, or has just held it."""
        lock = self.path / ".lock"
        with lock.open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_the_lock = lock.exists() and os.path.samestat(os.fstat(stream.fileno()), lock.stat())
            except OSError:
                is_the_lock = False
            if not is_the_lock:
                message = "another signoff process is writing this run; wait for it, or name another folder"
                raise ConfigurationError([Problem(str(self.path), None, None, message)])
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)

    def evidence_of(self, check_id: str, number: int) -> Callable[[Evidence, Redactor], EvidenceFile]:
        """Where evidence of a look at a check is kept, emptied of what a look that was cut short left.

        `number` is how many looks came before; what they left stays beside it.
        """
        folder = Path("evidence", check_id, *([f"rerun-{number}"] if number else []))
        if (self.path / folder).is_dir():
            for left in (self.path / folder).iterdir():
                if left.is_file():
                    left.unlink()
        return partial(self._store, folder)

    def _store(self, folder: Path, evidence: Evidence, redactor: Redactor) -> EvidenceFile:
        content = redactor.data(evidence.content)
        path = folder / Path(evidence.name).name
        write_atomically(self.path / path, content)
        return EvidenceFile(
            name=evidence.name, path=path.as_posix(), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)
        )

    @contextmanager
    def scratch(self, check_id: str) -> Iterator[Callable[[], Path]]:
        """An empty folder for one check, made when it is first asked for and removed afterwards."""
        made: list[Path] = []
        making = threading.Lock()

        def folder() -> Path:
            with making:
                if not made:
                    parent = self.path / ".scratch"
                    parent.mkdir(exist_ok=True)
                    made.append(Path(tempfile.mkdtemp(dir=parent, prefix=f"{check_id}-")))
            return made[0]

        try:
            yield folder
        finally:
            for each in made:
                shutil.rmtree(each, ignore_errors=True)

    def close(self) -> None:
        """Remove what no report refers to."""
        scratch = self.path / ".scratch"
        if scratch.exists() and not any(scratch.iterdir()):
            scratch.rmdir()

    def clear(self) -> None:
        """Remove what a session that was killed left; nothing of it is referred to."""
        shutil.rmtree(self.path / ".scratch", ignore_errors=True)

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
