"""The HTML view: read back by an HTML parser, self-contained, and nothing breaks out of it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections.abc import Callable

import pytest

from checks.outcome import RunRecord, Status
from checks.ways_out import ways_out
from reports import html
from tests.reports import records
from tests.reports.html_page import checks_of, read_page

RECORDS = [records.go, records.no_go, records.partial]
LABELLED = {"input", "select", "textarea"}


@pytest.mark.parametrize("make", RECORDS)
def test_every_check_reads_back_with_what_it_saw(make: Callable[[], RunRecord]) -> None:
    record = make()
    page = read_page(html.render(record))
    assert sorted(checks_of(page)) == sorted((each.id, each.status.value) for each in record.checks)
    listed = {each.attributes["data-check"]: each.text for each in page.all("li") if "data-check" in each.attributes}
    for result in record.checks:
        assert result.title in listed[result.id]
        assert result.reason in listed[result.id]
        assert all(line.text in listed[result.id] for line in result.covers)
        assert all(file.sha256 in listed[result.id] for file in result.evidence)
    assert page.all("title")[0].text.startswith(page.all("h1")[0].text.split()[0])
    boxes = {each.attributes["value"] for each in page.all("input") if each.attributes["type"] == "checkbox"}
    assert boxes == {each.status.value for each in record.checks}


@pytest.mark.parametrize("make", RECORDS)
def test_the_page_needs_nothing_else(make: Callable[[], RunRecord]) -> None:
    page = read_page(html.render(make()))
    assert page.misnested == []
    assert page.open == []
    assert [each.tag for each in page.elements if {"src", "srcset", "data", "action"} & set(each.attributes)] == []
    (policy,) = [each.attributes["content"] for each in page.all("meta") if "http-equiv" in each.attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (inline,) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(inline.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "url(" not in inline.text
        assert "http" not in inline.text


@pytest.mark.parametrize("make", RECORDS)
def test_the_page_can_be_used_without_seeing_or_pointing(make: Callable[[], RunRecord]) -> None:
    page = read_page(html.render(make()))
    assert page.all("html")[0].attributes["lang"] == "en"
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    assert all(ids)
    inside = [each.attributes["href"] for each in page.all("a") if str(each.attributes["href"]).startswith("#")]
    assert {str(each)[1:] for each in inside} <= set(ids)
    assert all(each.text.strip() for each in page.all("a"))
    levels = [int(each.tag[1]) for each in page.elements if each.tag in {"h1", "h2", "h3", "h4"}]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all("label" in each.inside for each in page.elements if each.tag in LABELLED)
    assert all(each.attributes["role"] == "img" and each.attributes["aria-label"] for each in page.all("svg"))
    assert all(each.attributes.get("scope") for each in page.all("th"))
    assert len(page.all("main")) == 1


def test_ways_out_earlier_results_and_reruns_are_shown() -> None:
    record = records.no_go()
    page = read_page(html.render(record))
    (ways,) = [each for each in page.all("details") if each.attributes.get("class") == "ways"]
    assert all(way.command in ways.text for way in ways_out(record, "RUN", record.finished_at))
    (check,) = [each for each in page.all("li") if each.attributes.get("data-check") == "cache-hit-rate"]
    assert "no_data, 2 attempts: 12 samples, and at least 200 are needed Looked at again because:" in check.text
    assert "cache-hit-rate ac-2 by release-manager: the traffic had not begun" in page.all("main")[0].text
    healthy = read_page(html.render(records.go())).all("main")[0].text
    assert ("ways out" in healthy, "Earlier results" in healthy, "Re-runs" in healthy) == (False, False, False)


def test_charts_are_drawn_of_what_has_windows() -> None:
    page = read_page(html.render(records.go()))
    (chart,) = page.all("svg")
    assert chart.attributes["aria-label"] == "Monitored for the first hour, from 1.0 % to 2.0 %"
    assert len(page.all("circle")) == 2


def test_two_thousand_checks_take_little() -> None:
    checks = tuple(
        records.result(
            f"c-{each}", Status.FAIL, reason="because " * 10, evidence=(records.evidence(f"c-{each}", "stdout.txt"),)
        )
        for each in range(2000)
    )
    begun = time.perf_counter()
    written = html.render(records.record(checks))
    assert time.perf_counter() - begun < 10, "the target is 2 s on a quiet machine"
    assert len(written.encode()) < 3_000_000
