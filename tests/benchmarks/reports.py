"""How long the reports of a run of 2,000 checks take, how large its HTML is, and how soon its filter answers."""

import hashlib
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from checks.outcome import EvidenceFile, Result, RunRecord, Status, Verdict
from reports import github, html, junit, markdown, table
from reports.excerpts import excerpts_of
from tests.benchmarks.ratio import Figure, UnavailableError
from tests.reports import records

CHECKS = 2000
MOST_SECONDS = 2.0
MOST_MEGABYTES = 3.0
MOST_MILLISECONDS = 500.0
ROUNDS = 3


def ratios() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        record = _record(run)
        times, sizes = zip(*(_render(run, record) for _ in range(ROUNDS)), strict=True)
        (run / "report.html").write_text(html.render(record, excerpts=excerpts_of(run, record)))
        filtering = _filtering_ms(run / "report.html")
    return [
        Figure(f"reports of {CHECKS} checks, CPU", min(times), MOST_SECONDS, "s"),
        Figure(f"report.html of {CHECKS} checks", max(sizes), MOST_MEGABYTES, "MB"),
        Figure(f"filtering {CHECKS} checks in Chromium", filtering, MOST_MILLISECONDS, "ms"),
    ]


def _filtering_ms(page: Path) -> float:
    """How long Chromium takes, from a word typed into the filter of all these checks, until the page is laid out."""
    program = shutil.which("chromium")
    if program is None:
        raise UnavailableError("there is no chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        opened = browser.new_page()
        opened.goto(page.as_uri())
        times = [float(opened.evaluate(_TYPE, word)) for word in ("check-7", "because", "nothing", "")]
        browser.close()
    return max(times)


_TYPE = """word => {
  const box = document.querySelector("[type=search]"), begun = performance.now();
  box.value = word;
  box.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.getBoundingClientRect();
  return performance.now() - begun;
}"""


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
