"""Requests as checks: one request with what the page says of its answer, or the same one twice."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from checks.importing.counting import value_expected
from checks.importing.curl import Request, request_of
from checks.importing.draft import Draft, literal
from checks.importing.outline import Item
from checks.importing.shell_lines import Pipeline
from checks.importing.surroundings import Page

_REASONS = "OK|Created|Accepted|No Content|Not Found|Unauthorized|Forbidden"
_STATUS = re.compile(
    rf"(?<![\d.])([1-5][0-9]{{2}})\s+(?:{_REASONS})\b|\b(?:status|returns?|http|code)\s*:?\s*([1-5][0-9]{{2}})\b",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\bmay be (?:blocked or allowed|allowed or blocked)\b", re.IGNORECASE)
_OBJECT = re.compile(r"\{[^{}]{2,300}\}")
_JQ = re.compile(r"^\.[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){0,5}$")
_REPEAT = re.compile(
    r"\brepeat\s+(?:the\s+)?(?P<what>[\w #-]{1,40}?)(?:\s+immediately|\s+again|[.,:;]|$)", re.IGNORECASE
)
_FASTER = re.compile(r"\bfast(?:er)?\b", re.IGNORECASE)
TIMES_FASTER = 2
"""How many times as fast a repeated request must be answered where the page says no more than `faster`."""


def checks_of_requests(lines: Sequence[Pipeline], item: Item, page: Page) -> tuple[list[Draft], set[int]]:
    """A check for each `curl` line, and the lines that were understood: theirs, and what the page expects of them."""
    drafts: list[Draft] = []
    understood: set[int] = set()
    expected = [detail for detail in item.details if detail.text.lower().startswith(("expected", "returns"))]
    for line in lines:
        request = request_of(line.first) if line.first[0] == "curl" and line.certain else None
        if request is None or len(line.programs) > 2 or (len(line.programs) == 2 and line.names[1] != "jq"):
            continue
        said = "; ".join([*line.comments, item.text, *(each.text for each in expected)])
        expect, whole = _expectations(line, said, request)
        fields: dict[str, Any] = {"kind": "http", **_own(request, page, item), "expect": expect}
        if request.effect:
            fields["effect"] = request.effect
        if _EITHER.search(said):
            fields["todo"] = "The page takes either outcome; say which request must be refused."
        says = "" if whole else "the request is answered as expected by its status"
        drafts.append(Draft(fields, says, (line.line,)))
        understood |= {line.line}
        if whole:
            understood |= {each.line for each in expected}
    return drafts, understood


def repeated(item: Item, page: Page) -> tuple[list[Draft], set[int]]:
    """The same request twice, where the item repeats another one or tells of a first and a second one."""
    found = _REPEAT.search(item.whole)
    original: Request | None = None
    if found is not None:
        original = _named(found["what"], page)
    elif re.search(r"\bfirst request\b", item.whole, re.IGNORECASE) and re.search(
        r"\bsecond request\b.{0,20}\bsame\b", item.whole, re.IGNORECASE
    ):
        original = next((each for each in page.requests.values() if each.json is not None), None)
    if original is None:
        return [], set()
    request = _own(original, page, item)
    compare: dict[str, Any] = {}
    expect: dict[str, Any] = {"first.status": 200, "second.status": 200}
    if _FASTER.search(item.whole):
        compare["times_faster"] = {"ratio": ["first.latency", "second.latency"]}
        expect["times_faster"] = {"above": TIMES_FASTER}
    if "/images/" in original.url:
        compare["same_image"] = {"same": ["first.image.sha256", "second.image.sha256"]}
        expect["same_image"] = True
    if not compare:
        return [], set()
    steps = [{"name": "first", **request}, {"name": "second", **request}]
    fields: dict[str, Any] = {"kind": "sequence", "steps": steps, "compare": compare, "expect": expect}
    if original.effect:
        fields["effect"] = original.effect
    told = re.compile(r"\b(?:repeat|faster|first request|second request)\b", re.IGNORECASE)
    return [Draft(fields)], {detail.line for detail in item.details if told.search(detail.text)}


def _named(what: str, page: Page) -> Request | None:
    """The request of the item whose text begins with a name, such as `Test 1`."""
    name = what.strip().lower()
    for item in page.outline.items:
        text = item.text.strip("*_` ").lower()
        if item.line in page.requests and (text.startswith((f"{name}:", f"{name} ")) or text == name):
            return page.requests[item.line]
    return None


def _own(request: Request, page: Page, item: Item) -> dict[str, Any]:
    """The request's fields; a prompt is made this run's and this item's own, so that no old answer stands in."""
    fields = request.fields(page.target)
    body = fields.get("json")
    if isinstance(body, dict) and isinstance(body.get("prompt"), str):
        fields["json"] = {**body, "prompt": f"{body['prompt']} ${{run.nonce}}-{item.line}"}
    return fields


def _expectations(line: Pipeline, said: str, request: Request) -> tuple[dict[str, Any], bool]:
    """What is expected, and whether that is all that the page says."""
    expect: dict[str, Any] = {"status": {"between": [200, 299]}}
    status = _STATUS.search(said)
    whole = False
    if _EITHER.search(said):
        expect["status"], whole = {"one_of": [200, 400]}, True
    elif status:
        expect["status"], whole = int(status[1] or status[2]), True
    if re.search(r"\bimage data\b|\bvalid (?:base64 )?image\b", said, re.IGNORECASE):
        expect["image.valid"] = True
        if isinstance(request.json, dict) and isinstance(request.json.get("n", 1), int):
            expect["image.count"] = request.json.get("n", 1)
    for found in _OBJECT.findall(said):
        expect |= _members(found)
    if len(line.programs) == 2:
        path, value = line.programs[1][-1], value_expected(line.said)
        if _JQ.match(path) and value:
            expect[f"json{path}"] = value
        else:
            whole = False
    return expect, whole


def _members(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    simple = {key: value for key, value in parsed.items() if re.fullmatch(r"[A-Za-z_]\w{0,60}", key)}
    return {f"json.{key}": literal(value) for key, value in simple.items() if isinstance(value, (str, bool))}
