"""A small drill of every site through the public door: healthy runs are quiet, faults are caught, nothing is left."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from checks.drill.catalogue import chosen
from checks.drill.drill import DrillRequest, conduct_drill
from checks.drill.events import DrillEvent
from checks.drill.outcome import DrillRecord
from checks.errors import ConfigurationError
from reports.drill import render_html, render_markdown

ROOT = Path(__file__).parents[3]
PROGRAM = Path(sys.executable).parent / "image-proxy"
SMOKE = (
    "value-in-lower-case",
    "authentication-off",
    "hits-below-target",
    "threshold-not-passed-on",
    "slower-than-before",
    "misses-at-debug-level",
    "checklist-misspelt",
    "evidence-edited",
    "signature-missing",
    "counters-from-zero",
)
"""One fault or two of each site, and one that cannot be injected."""


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not [child.cmdline() for child in left if "image-proxy" in " ".join(child.cmdline())]
    assert list((ROOT / ".signoff").glob(f"drill-{os.getpid()}-*")) == []


def drill(*faults: str, healthy_runs: int = 0, stop: threading.Event | None = None) -> DrillRecord:
    request = DrillRequest(
        ROOT / "checklist.yaml", chosen(faults, ()), jobs=2, healthy_runs=healthy_runs, program=PROGRAM
    )
    return conduct_drill(request, lambda event: None, stop or threading.Event())


@pytest.fixture(scope="module")
def smoke() -> DrillRecord:
    return drill(*SMOKE, healthy_runs=1)


def test_every_fault_of_the_smoke_subset_is_caught_by_the_check_that_is_named(smoke: DrillRecord) -> None:
    states = {fault.id: (fault.state, fault.why) for fault in smoke.faults}
    assert {name: state for name, (state, _) in states.items()} == dict.fromkeys(SMOKE, "caught") | {
        "counters-from-zero": "not_possible"
    }, states


def test_nothing_else_alarms(smoke: DrillRecord) -> None:
    assert (smoke.false_alarms, smoke.alarms) == (0, ())
    assert {(run.site, run.alarms) for run in smoke.healthy} == {
        ("service", ()), ("criteria", ()), ("original", ()), ("project", ()), ("release", ()),
    }  # fmt: skip
    assert smoke.healthy_runs == 1


def test_a_healthy_run_looks_at_what_the_faults_are_looked_at_with(smoke: DrillRecord) -> None:
    healthy = next(run for run in smoke.healthy if run.site == "service")
    fault = next(fault for fault in smoke.faults if fault.id == "hits-below-target")
    assert {check.id for check in fault.looked_at} == {check.id for check in healthy.looked_at}
    assert len(fault.looked_at) >= 60
    assert fault.failed == ("cache-hit-rate",)


def test_checks_that_nothing_has_failed_are_named(smoke: DrillRecord) -> None:
    assert "unit-tests" in smoke.checks_never_failed
    assert "smoke-key[wrong]" not in smoke.checks_never_failed


def test_the_page_is_run_beside_it(smoke: DrillRecord) -> None:
    fault = next(fault for fault in smoke.faults if fault.id == "misses-at-debug-level")
    assert fault.page is not None
    assert (fault.page.said, fault.page.is_ticked) == ("100.00", True)


def test_the_reports_say_what_the_record_says(smoke: DrillRecord) -> None:
    markdown, html = render_markdown(smoke), render_html(smoke)
    assert markdown.startswith("# Drill: 9 of 9 faults caught, 0 false alarms\n")
    for fault in smoke.faults:
        assert f"| `{fault.id}` |" in markdown
        assert f'<th scope="row">{fault.id}</th>' in html
    row = next(line for line in markdown.splitlines() if line.startswith("| `hits-below-target` |") and "·" in line)
    assert row.count("●") == 1
    assert "line 316: ticked; it printed: 100.00" in markdown
    assert "line 316: ticked; it printed: 100.00" in html


def test_what_nobody_notices_is_missed_and_what_nobody_foresaw_is_an_alarm() -> None:
    (fault,) = chosen(["evidence-edited"], ())
    blind = fault.model_copy(update={"after": (), "id": "blind"})
    request = DrillRequest(ROOT / "checklist.yaml", [blind], healthy_runs=0, program=PROGRAM)
    record = conduct_drill(request, lambda event: None, threading.Event())
    assert [(each.id, each.state) for each in record.missed] == [("blind", "missed")]
    assert "not noticed by gate" in record.missed[0].why


def test_an_interrupted_drill_says_what_it_has_not_done() -> None:
    stop = threading.Event()

    def interrupt(event: DrillEvent) -> None:
        if event.name == "fault_finished":
            stop.set()

    request = DrillRequest(
        ROOT / "checklist.yaml",
        chosen(["misses-at-debug-level", "quoted-values", "prompt-in-clear"], ()),
        healthy_runs=0,
    )
    record = conduct_drill(request, interrupt, stop)
    assert record.interrupted
    assert [fault.state for fault in record.faults].count("not_run") == 2
    assert {fault.why for fault in record.faults if fault.state == "not_run"} == {"the drill was interrupted"}


def test_a_fault_that_cannot_be_injected_is_not_taken_for_caught() -> None:
    (fault,) = chosen(["misses-at-debug-level"], ())
    from checks.drill.steps import read_step

    broken = fault.model_copy(update={"before": (read_step({"remove": "user/nothing"}),)})
    record = conduct_drill(
        DrillRequest(ROOT / "checklist.yaml", [broken], healthy_runs=0), lambda event: None, threading.Event()
    )
    assert record.faults[0].state == "not_run"
    assert "nothing there to remove" in record.faults[0].why


def test_without_the_sources_there_is_no_drill(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run it in a checkout"):
        conduct_drill(DrillRequest(tmp_path / "checklist.yaml", chosen((), ())), lambda event: None, threading.Event())


def test_one_that_is_interrupted_before_it_begins_has_run_nothing() -> None:
    stop = threading.Event()
    stop.set()
    record = drill("misses-at-debug-level", "value-in-lower-case", stop=stop)
    assert record.interrupted
    assert [fault.state for fault in record.faults] == ["not_run", "not_run"]
