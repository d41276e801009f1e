"""A run is given up: its verdict is never GO, and nothing more is looked at."""

from __future__ import annotations

from pathlib import Path

from checks.errors import ConfigurationError, Problem
from checks.journal import Journal
from checks.outcome import RunRecord, Verdict
from checks.past import read_past
from checks.record_file import read_record
from checks.resuming import SHORTEST_REASON
from checks.run_folder import RunFolder, write_atomically
from checks.session import user
from checks.signing.voiding import void_approvals


def abandon(run: Path, reason: str) -> RunRecord | None:
    """Give a run up, for a reason that its record tells; None where it was killed before it had a record.

    Raises ConfigurationError where it was given up before, is held by another process, or the reason says nothing.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise _refused(run, f"a reason of at least {SHORTEST_REASON} characters is needed; the report tells it")
    found = read_past(run)
    folder = RunFolder(run.resolve(), found.run_id, found.nonce)
    with folder.locked(), Journal(folder.path / "journal.jsonl") as journal:
        past = read_past(run)
        if past.abandoned is not None:
            raise _refused(run, f"the run was abandoned already: {past.abandoned}")
        voided = void_approvals(folder.path)
        if voided:
            journal.append("approvals_voided", {"approvals": voided})
        told = f"{reason.strip()} ({user()})"
        journal.append("run_abandoned", {"reason": told})
        folder.clear()
        if not (folder.path / "verdict.json").is_file():
            return None
        record = _given_up(read_record(folder.path), told)
        write_atomically(folder.path / "verdict.json", (record.model_dump_json(indent=2) + "\n").encode())
        return record


def _given_up(record: RunRecord, told: str) -> RunRecord:
    verdict = Verdict.NO_GO if record.verdict is Verdict.NO_GO else Verdict.HOLD
    return record.model_copy(
        update={"verdict": verdict, "reasons": (f"the run was abandoned: {told}", *record.reasons)}
    )


def _refused(path: Path, message: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), None, None, message)])
