"""The HTML report in a real browser: axe finds nothing, and it is used by keyboard, on a phone and in print."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from checks.outcome import Criterion, EvidenceFile, RunRecord, StateChange, Status
from reports import html
from reports.excerpts import excerpts_of
from tests.reports import records
from tests.reports.test_gate import overridden

AXE = Path(__file__).parents[1] / "clients" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desk": (1280, 900), "phone": (360, 740)}
OUTPUT = "GET /v1/models\n  <b>401</b>\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; `make setup-test` installs it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "there is no chromium on PATH; run `make setup-test`"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program)
        yield started
        started.close()


def _record(folder: Path) -> RunRecord:
    """A run with all statuses, a chart of a rate and one of a latency, a timeline, and evidence."""
    evidence = folder / "evidence" / "shown" / "answer.txt"
    evidence.parent.mkdir(parents=True)
    evidence.write_text(OUTPUT)
    file = EvidenceFile(
        name="answer.txt",
        path="evidence/shown/answer.txt",
        sha256=hashlib.sha256(OUTPUT.encode()).hexdigest(),
        bytes=len(OUTPUT),
    )
    base = records.no_go()
    times = [(records.START + timedelta(minutes=each)).isoformat() for each in range(4)]
    rate = records.result(
        "rate",
        Status.PASS,
        kind="metric",
        expected={"value": "below 5 %"},
        observed={"unit": "rate", "windows": [[at, 0.01, 200] for at in times]},
    )
    latency = records.result(
        "latency",
        Status.PASS,
        kind="metric",
        expected={"value": "below 5 s"},
        observed={
            "unit": "duration_ms",
            "windows": [[at, 900.0, 50] for at in times],
            "percentiles": [[at, 800.0, 1600.0, 2400.0] for at in times],
        },
    )
    shown = records.result("shown", Status.FAIL, title="What was answered", evidence=(file,))
    criteria = tuple(_with_history(each) for each in base.criteria)
    return base.model_copy(update={"checks": (*base.checks, rate, latency, shown), "criteria": criteria})


def _with_history(criterion: Criterion) -> Criterion:
    changes = [("unknown", 0), ("clear", 2), ("breached", 5)]
    history = tuple(
        StateChange.model_validate({"at": records.START + timedelta(minutes=m), "state": s}) for s, m in changes
    )
    return criterion.model_copy(update={"history": history})


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    record = _record(folder)
    (folder / "report.html").write_text(html.render(record, excerpts=excerpts_of(folder, record)))
    return folder / "report.html"


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.goto(report.as_uri())
    yield opened
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_and_nothing_is_fetched_or_cut_off(
    browser: Browser, report: Path, tmp_path: Path, size: str, scheme: Any
) -> None:
    width, height = SIZES[size]
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(report.as_uri())
    opened.get_by_role("button", name="Open what is shown").click()
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.screenshot(path=tmp_path / "report.png", full_page=True).startswith(b"\x89PNG")
    assert (said, asked) == ([], [report.as_uri()])
    opened.evaluate(AXE.read_text(encoding="utf-8"))
    found = opened.evaluate("axe.run()")
    assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert len(found["passes"]) > 20
    opened.close()


def test_checks_are_filtered_by_status_and_by_words(page: Page) -> None:
    every = page.locator("li.check").count()
    boxes = page.get_by_role("checkbox")
    for place in range(boxes.count()):
        if boxes.nth(place).input_value() != "fail":
            boxes.nth(place).uncheck()
    failed = page.locator("li.check:visible")
    assert 0 < failed.count() < every
    assert {failed.nth(each).get_attribute("data-status") for each in range(failed.count())} == {"fail"}
    page.get_by_role("searchbox").fill("what was ANSWERED")
    assert failed.count() == 1
    assert page.get_by_role("status").inner_text() == f"1 of {every} checks are shown"


def test_a_check_and_its_evidence_open_by_keyboard(page: Page) -> None:
    check = page.locator("#check-shown")
    assert not check.locator(".body").is_visible()
    check.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert check.locator(".body").is_visible()
    assert not check.locator("pre").is_visible()
    check.locator(".excerpt summary").focus()
    page.keyboard.press("Space")
    assert check.locator("pre").inner_text() == OUTPUT
    page.goto(page.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the checks"


def test_a_link_opens_what_it_leads_to_though_it_was_filtered_out(page: Page) -> None:
    page.get_by_role("searchbox").fill("nothing has these words")
    assert page.locator("li.check:visible").count() == 0
    page.get_by_role("link", name="What was answered").first.click()
    assert page.locator("#check-shown .body").is_visible()


def test_in_print_everything_is_open_and_the_filter_is_gone(page: Page) -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("li.check").count() == page.locator("li.check .body:visible").count()
    assert not page.locator("form.filter").is_visible()
    rendered = "[...document.querySelectorAll('.check')].map(each => getComputedStyle(each).contentVisibility)"
    assert set(page.evaluate(rendered)) == {"visible"}, "what is off the screen has to be on the paper"
    assert page.pdf().startswith(b"%PDF")


def test_an_override_is_seen_above_all_else(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html.render(records.no_go(), decision=overridden("qa-lead: awaiting a signature")))
    opened = browser.new_page(viewport={"width": 360, "height": 740})
    opened.goto(path.as_uri())
    banner = opened.locator(".banner.override")
    assert "OVERRIDDEN" in banner.inner_text()
    assert "Passed over: qa-lead: awaiting a signature" in banner.inner_text()
    place = banner.bounding_box()
    assert place is not None
    assert place["y"] + place["height"] < 740
    border = "getComputedStyle(document.querySelector('.banner')).borderTopColor"
    assert opened.evaluate(border) == "rgb(179, 38, 30)"
    opened.evaluate(AXE.read_text(encoding="utf-8"))
    assert opened.evaluate("axe.run()")["violations"] == []
    opened.close()


def test_without_scripts_everything_is_there_but_the_filter(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(report.as_uri())
    assert opened.locator("li.check:visible").count() == opened.locator("li.check").count()
    assert not opened.locator("form.filter").is_visible()
    context.close()


def test_charts_are_drawn_with_their_limits_and_values(page: Page) -> None:
    figures = page.locator("figure")
    captions = [figures.nth(each).locator("figcaption").inner_text() for each in range(figures.count())]
    assert any("bars are 95 % intervals" in each and "dashed line is what is expected" in each for each in captions)
    assert any("p50 (dotted), p95 (dashed) and p99" in each for each in captions)
    assert any("How the criteria stood" in each for each in captions)
    assert page.locator("svg .percentile").count() == 3
    assert page.locator("rect.stretch.breached").first.is_visible()
    table = page.locator("figure", has_text="p50 (dotted)").locator("details")
    table.locator("summary").click()
    assert "1.6 s" in table.inner_text()
