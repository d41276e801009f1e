"""How long the reports of a run of 2,000 checks take, and how large its HTML is."""

import hashlib
import tempfile
import time
from pathlib import Path

from checks.outcome import EvidenceFile, Result, RunRecord, Status, Verdict
from reports import github, html, junit, markdown, table
from reports.excerpts import excerpts_of
from tests.benchmarks.ratio import Figure
from tests.reports import records

CHECKS = 2000
MOST_SECONDS = 2.0
MOST_MEGABYTES = 3.0
ROUNDS = 3


def ratios() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        record = _record(run)
        times, sizes = zip(*(_render(run, record) for _ in range(ROUNDS)), strict=True)
    return [
        Figure(f"reports of {CHECKS} checks, CPU", min(times), MOST_SECONDS, "s"),
        Figure(f"report.html of {CHECKS} checks", max(sizes), MOST_MEGABYTES, "MB"),
    ]


def _render(run: Path, record: RunRecord) -> tuple[float, float]:
    """CPU seconds for all views, and megabytes of the HTML one."""
    begun = time.process_time()
    written = html.render(record, excerpts=excerpts_of(run, record))
    for view in (markdown.render, junit.render, github.summary, table.render):
        view(record)
    return time.process_time() - begun, len(written.encode()) / 1e6


def _record(run: Path) -> RunRecord:
    """Every tenth check failed, each with two kilobytes of evidence."""
    checks = tuple(_check(run, number) for number in range(CHECKS))
    reasons = tuple(f"{each.id}: fail: {each.reason}" for each in checks if each.status is Status.FAIL)
    return records.record(checks, verdict=Verdict.NO_GO, reasons=reasons)


def _check(run: Path, number: int) -> Result:
    name = f"check-{number}"
    content = (f"line of {name}\n" * 120).encode()
    path = run / "evidence" / name / "stdout.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = EvidenceFile(name=path.name, path=f"evidence/{name}/{path.name}", sha256=digest, bytes=len(content))
    status = Status.PASS if number % 10 else Status.FAIL
    facts = {"expected": {"exit_code": "equals 0"}, "observed": {"exit_code": 0 if number % 10 else 1}}
    return records.result(name, status, reason="because " * 8, evidence=(file,), **facts)
