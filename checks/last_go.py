"""The last run of the same thing that was GO: what `baseline: last-go` compares with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from checks.errors import SignoffError
from checks.journal import read_journal
from checks.outcome import RunRecord, Verdict
from checks.record_file import RecordError, read_record
from checks.signing.inventory import SIGNATURES, take_inventory
from checks.signing.signatures import signature_names
from checks.signing.signed_file import NAME, BrokenError, read_signed
from checks.signing.statement import OverrideStatement

MOST_RUNS = 1000
"""Folders beside the run's that are looked into."""


class NoLastGoError(Exception):
    """There is no run to compare with; the text says why."""


@dataclass(frozen=True)
class Lineage:
    """Which other runs are of the same thing: beside this run's folder, of its release's name, and of its profile.

    Runs of the reference environment are compared with such runs alone.
    """

    run: Path
    run_id: str
    product: str
    profile: str | None
    reference: bool

    @cached_property
    def last_go(self) -> tuple[Path, RunRecord]:
        """The newest whole run that was GO and that nobody rejected.

        Raises NoLastGoError where there is none, or where its bytes are not those that it recorded or that were signed.
        """
        newest = sorted(self._go(), key=lambda found: found[1].finished_at, reverse=True)
        for run, record in newest:
            try:
                changed, rejected = _changed(run, record)
            except SignoffError as cause:
                raise NoLastGoError(f"the last GO run cannot be relied on: {cause}") from cause
            if changed:
                raise NoLastGoError(f"the last GO run, {run.name}, is not as it was recorded: {', '.join(changed[:5])}")
            if not rejected:
                return run, record
        what = f"profile {self.profile}" if self.profile else "no profile"
        raise NoLastGoError(f"no run of {self.product} under {what} beside this one was GO")

    def _go(self) -> Iterator[tuple[Path, RunRecord]]:
        folders = [each for each in self.run.parent.iterdir() if _holds_a_record(each)]
        if len(folders) > MOST_RUNS:
            raise NoLastGoError(f"more than {MOST_RUNS} runs lie beside this one; move old ones elsewhere")
        for folder in folders:
            try:
                record = read_record(folder)
            except RecordError:
                continue
            if record.run_id == self.run_id:
                continue
            kin = (record.release.name, record.profile, record.reference) == (
                self.product,
                self.profile,
                self.reference,
            )
            if kin and record.verdict is Verdict.GO and record.scope == "full" and not record.interrupted:
                yield folder, record


def _holds_a_record(folder: Path) -> bool:
    try:
        return (folder / "verdict.json").is_file()
    except OSError:
        return False


def _changed(run: Path, record: RunRecord) -> tuple[list[str], bool]:
    """The files that are not as recorded or signed, and whether somebody rejected the run.

    Raises SigningError or JournalError where that cannot be told.
    """
    inventory = take_inventory(run)
    changed, rejected = set(inventory.not_as_recorded(record)), False
    ended = read_journal(run / "journal.jsonl")[-1:]
    if [(each["event"], each.get("verdict")) for each in ended] != [("run_finished", record.verdict.value)]:
        changed.add("verdict.json")
    for name in signature_names(run):
        if not NAME.fullmatch(name):
            continue
        try:
            said = read_signed(run / SIGNATURES, name).statement
        except BrokenError as broken:
            changed.add(f"{SIGNATURES}/{broken.name}")
            continue
        if not isinstance(said, OverrideStatement) and said.predicate.decision == "reject":
            rejected = True
        else:
            changed |= set(inventory.differences(said.digests))
    return sorted(changed), rejected
