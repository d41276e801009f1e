"""The HTML view: read back by an HTML parser, self-contained, and nothing breaks out of it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from checks.outcome import RunRecord, Status
from checks.redaction import visible
from reports import html
from reports.escaping import plain
from reports.links import evidence_target, runbook_target
from tests.reports import records
from tests.reports.hostile import examples, hostile_records

Attributes = dict[str, str | None]
RECORDS = [records.go, records.no_go, records.partial]
VOID = {"meta", "br", "input", "line", "path"}
LABELLED = {"input", "select", "textarea"}


@dataclass
class Element:
    """A tag with its attributes, and the text of it and of all inside."""

    tag: str
    attributes: Attributes
    inside: list[str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page as a browser's parser would have it, with what was not closed as it should be."""

    elements: list[Element] = field(default_factory=list)
    misnested: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), [each.tag for each in self.open])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), [each.tag for each in self.open]))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Every element of a tag, in order."""
        return [each for each in self.elements if each.tag == tag]


def parsed(written: str) -> Page:
    page = Page()
    page.feed(written)
    page.close()
    return page


def checks_of(page: Page) -> list[tuple[str | None, str | None]]:
    listed = [each.attributes for each in page.all("li") if "data-status" in each.attributes]
    return [(each["data-check"], each["data-status"]) for each in listed]


@pytest.mark.parametrize("make", RECORDS)
def test_every_check_reads_back_with_what_it_saw(make: Callable[[], RunRecord]) -> None:
    record = make()
    page = parsed(html.render(record))
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
    page = parsed(html.render(make()))
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
    page = parsed(html.render(make()))
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


def test_charts_are_drawn_of_what_has_windows() -> None:
    page = parsed(html.render(records.go()))
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


@given(hostile_records())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_breaks_out(record: RunRecord) -> None:
    written = html.render(record)
    assert visible(written) == written
    page = parsed(written)
    assert (page.misnested, page.open) == ([], [])
    tags = {tag: len(page.all(tag)) for tag in ("script", "style", "h1", "form", "img", "iframe", "object", "main")}
    assert tags == {"script": 1, "style": 1, "h1": 1, "form": 1, "img": 0, "iframe": 0, "object": 0, "main": 1}
    assert [
        name for each in page.elements for name in each.attributes if name.startswith("on") or name == "style"
    ] == []
    assert [status for _, status in checks_of(page)] == [each.status.value for each in record.checks]
    evidence = {evidence_target(each.path) for result in record.checks for each in result.evidence}
    named = [each.runbook for each in record.checks] + [each.runbook for each in record.criteria]
    allowed = evidence | {runbook_target(each, "../..") for each in named}
    outside = {each.attributes["href"] for each in page.all("a") if not str(each.attributes["href"]).startswith("#")}
    assert outside <= {plain(each) for each in allowed if each}
    listed = [each.text for each in page.all("li") if "data-status" in each.attributes]
    for text, result in zip(listed, record.checks, strict=True):
        assert plain(result.reason) in text
        assert plain(result.remedy) in text
