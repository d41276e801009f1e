"""Words of an item as checks: thresholds, documents it names, what a log must and must not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from checks.importing.draft import Draft, literal, plain
from checks.importing.outline import Item
from checks.importing.programs import check_of_program, compilation, program_of, tests_named
from checks.importing.shell_lines import Pipeline
from checks.importing.surroundings import Page, item_pipelines
from checks.importing.thresholds import MIN_SAMPLES, REPEATED_SAMPLES, Threshold, span_in, thresholds

LOG_READERS = {"grep", "awk", "sort", "uniq", "wc", "tail", "head", "cat", "echo", "bc", "sed", "cut"}
_NAMED_FILE = re.compile(
    r"\b(?:file|evidence|document|report|guide|see)\b\W{1,6}`(?P<path>[\w./-]{1,200}\.\w{1,8})`", re.IGNORECASE
)
_LINES = re.compile(r"\b([0-9]{1,6})\+?\s+lines\b", re.IGNORECASE)
_EVERY = re.compile(r"\bevery\s+([0-9]{1,4}\s*[a-z]{1,10}|minute|hour)\b", re.IGNORECASE)
_FOR = re.compile(
    r"\b(?:for|first|over)\s+(?:the\s+)?(?:first\s+)?((?:[0-9]{1,4}\s*)?(?:hours?|minutes?|days?))\b", re.IGNORECASE
)
_LOGGED = re.compile(r"\blogs?\s+for\s+[\"'“](?P<text>[\w .:=-]{2,100})[\"'”]", re.IGNORECASE)
_NO_ERRORS = re.compile(r"\bno\s+(?:critical\s+|severe\s+|fatal\s+)?errors?\s+in\s+(?:the\s+)?logs?\b", re.IGNORECASE)
_FIELDS = re.compile(
    r"\b(?:structured\s+)?logs?\s+(?:with|have|contain)\s+(?P<names>[a-z]+_[a-z_]+(?:\s*,\s*(?:and\s+)?[a-z]+_[a-z_]+)*)"
)
_PRIVATE = re.compile(r"\bprompts?\s+(?:are\s+)?(?:hashed|never|not)\b|\bprivacy-preserving\b", re.IGNORECASE)


def checks_of_words(item: Item, page: Page) -> tuple[list[Draft], set[int]]:
    """What the words of an item surely ask for, and the lines that were understood."""
    drafts: list[Draft] = []
    understood: set[int] = set()
    for rule in (_measured, _documents, _logged):
        made = list(rule(item, page))
        drafts += made
        understood |= {line for draft in made for line in draft.lines}
    if not drafts and (compiled := compilation(item.text, set(page.programs))):
        drafts.append(compiled)
    return drafts, understood


def reads_logs(line: Pipeline) -> bool:
    """Whether a line only reads a log, or reckons with what was read."""
    return set(line.names) <= LOG_READERS


def borrowed_tests(item: Item, page: Page) -> list[Draft]:
    """Where an item says that so many tests of a sort pass and gives no command: the command of that sort's item."""
    number = tests_named(item.text)
    sort = re.search(r"\b(unit|e2e|integration|end-to-end)\s+tests?\b", item.text, re.IGNORECASE)
    if number is None or sort is None or item_pipelines(item):
        return []
    for other in page.outline.items:
        if other is not item and re.search(rf"\b{sort[1]}\s+tests?\b", other.text, re.IGNORECASE):
            for line in item_pipelines(other):
                known = program_of(line.first)
                if known and known.does == "test" and (made := check_of_program(line, item.text)):
                    why = f"The page gives no command here; this is that of line {other.line}."
                    return [Draft({**made.fields, "why": why})]
    return []


def _measured(item: Item, page: Page) -> Iterator[Draft]:
    """A metric for each threshold, the same one once; repeated where the item says how often and how long."""
    again = _repeat(item.text)
    found: dict[tuple[str, str, str], tuple[Threshold, list[int]]] = {}
    for line, text in _sayings(item):
        for threshold in thresholds(text, item.text):
            known, lines = found.get(threshold.key, (threshold, []))
            found[threshold.key] = (threshold if threshold.warm_up else known, [*lines, line])
    for (measure, comparator, bound), (threshold, lines) in found.items():
        samples = REPEATED_SAMPLES if again else MIN_SAMPLES
        fields: dict[str, Any] = {"kind": "metric", "measure": measure, "min_samples": samples}
        if threshold.warm_up:
            fields["warm_up"] = threshold.warm_up
        if again:
            fields |= {"repeat": again, "window": again["for"], "timeout": "60s"}
        fields["expect"] = {comparator: bound}
        if threshold.rising:
            fields["prefer"] = {"trend": "rising"}
        yield Draft(fields, _said(item, threshold, lines, alone=len(found) == 1), tuple(lines))


def _said(item: Item, threshold: Threshold, lines: Sequence[int], *, alone: bool) -> str:
    """What a threshold's check says beside its item's title: its own line, or the threshold itself."""
    if item.line in lines or alone:
        return ""
    details = {detail.line: plain(detail.text) for detail in item.details}
    text = details[lines[0]]
    if text.lower().startswith("expected"):
        return f"{threshold.measure} {threshold.comparator.replace('_', ' ')} {threshold.bound}"
    return text


def _sayings(item: Item) -> Iterator[tuple[int, str]]:
    yield item.line, item.text
    for detail in item.details:
        yield detail.line, detail.text


def _repeat(text: str) -> dict[str, str] | None:
    every, span = _EVERY.search(text), _FOR.search(text)
    if every is None or span is None:
        return None
    each, whole = _span(every[1]), _span(span[1])
    return {"every": each, "for": whole} if each and whole else None


def _span(text: str) -> str | None:
    return span_in(text) or span_in(f"1 {text}")


def _documents(item: Item, page: Page) -> Iterator[Draft]:
    """The files that an item names as its evidence: that they are there, and as long as the page says."""
    least = _LINES.search(item.whole)
    for line, text in _sayings(item):
        for found in _NAMED_FILE.finditer(text):
            path = found["path"]
            if path.lower().endswith((".md", ".markdown")):
                expect: dict[str, Any] = {"lines": {"at_least": int(least[1]) if least else 1}}
                preferred: dict[str, Any] = {"links.broken": {"equals": []}, "headings.empty": {"equals": []}}
                fields: dict[str, Any] = {"kind": "document", "path": path, "expect": expect, "prefer": preferred}
            else:
                fields = {"kind": "file", "path": path, "expect": {"exists": True, "size": {"above": "0B"}}}
            why = "That the file is there with content; whether what it says is true is for its reader."
            yield Draft({**fields, "why": why}, f"{path} is there", (line,))


def _logged(item: Item, page: Page) -> Iterator[Draft]:
    again = _repeat(item.text)
    for line, text in _sayings(item):
        if found := _LOGGED.search(text):
            expect: dict[str, Any] = {"count": {"at_least": 1}}
            yield Draft({"kind": "log", "text": found["text"], "expect": expect}, plain(text), (line,))
        if _NO_ERRORS.search(text):
            why = "An event of level ERROR counts: no level above it can be relied on to exist."
            fields: dict[str, Any] = {"kind": "log", "where": {"level": "ERROR"}, "expect": {"count": 0}, "why": why}
            if again:
                fields |= {"repeat": again, "timeout": "60s"}
            yield Draft(fields, plain(text), (line,))
        if found := _FIELDS.search(text):
            names = re.findall(r"[a-z]+_[a-z_]+", found["names"])
            expect = {"count": {"at_least": 1}, "missing_fields": {"equals": []}}
            fields = {"kind": "log", "text": names[0], "required_fields": names, "expect": expect}
            yield Draft(fields, plain(text), (line,))
        if _PRIVATE.search(text) and (prompts := _prompts(page)):
            expect = {"occurrences": 0}
            fields = {"kind": "log", "absent_text": literal(prompts), "expect": expect}
            why = "The prompts that the page's own requests send are looked for."
            yield Draft({**fields, "why": why}, plain(text), (line,))


def _prompts(page: Page) -> list[str]:
    bodies: Sequence[Any] = [request.json for request in page.requests.values()]
    sent = [body.get("prompt") for body in bodies if isinstance(body, dict)]
    return list(dict.fromkeys(prompt for prompt in sent if isinstance(prompt, str) and len(prompt) >= 4))[:20]
