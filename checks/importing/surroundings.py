"""What a page says of the release and its target as a whole: version, URL, key, logs, profiles, programs it uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from checks.importing.curl import Request, request_of
from checks.importing.draft import plain
from checks.importing.outline import Block, Item, Outline
from checks.importing.shell_lines import Pipeline, one_line, pipelines

_EXPORT = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]{1,99})=([\"']?)([\w./:@+-]{1,200})\2\s*$")
_LOG = re.compile(r"(?:\.log\b|/logs?/)")
_CODE = re.compile(r"`([^`]{1,500})`")
LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - recognised in a page, never bound


@dataclass(frozen=True)
class Page:
    """An outline, and what the whole of it tells."""

    outline: Outline
    name: str
    version: str
    target: str | None
    key: str | None
    logs: tuple[str, ...]
    profiles: Mapping[str, Mapping[str, Any]]
    programs: frozenset[str]
    requests: Mapping[int, Request] = field(repr=False)
    """The first request of each item that has one, by the item's line."""


def read_page(outline: Outline) -> Page:
    """Look at the whole page once."""
    lines = [(item, line) for item in outline.items for line in item_pipelines(item)]
    requests: dict[int, Request] = {}
    for item, line in lines:
        request = request_of(line.first) if line.first[0] == "curl" else None
        if request is not None:
            requests.setdefault(item.line, request)
    facts = {key: value for section in outline.sections[:2] for key, (_, value) in section.facts.items()}
    return Page(
        outline,
        plain(facts.get("epic", "") or outline.title) or "Release",
        plain(facts.get("version", "") or facts.get("release", "")) or "unknown",
        _target(requests),
        next((request.key for request in requests.values() if request.key), None),
        _logs(line for _, line in lines),
        dict(_profiles(outline)),
        frozenset(name for _, line in lines for name in line.names),
        requests,
    )


def item_pipelines(item: Item) -> list[Pipeline]:
    """The shell lines of an item: those between backticks in its own line, then those of its blocks."""
    inline = [line for code in _CODE.findall(item.text) for line in one_line(code, item.line)]
    return [*inline, *(line for block in item.blocks for line in pipelines(block))]


def is_log(path: str) -> bool:
    """Whether a path looks like a log's."""
    return _LOG.search(path) is not None


def _target(requests: Mapping[int, Request]) -> str | None:
    origins = Counter(request.origin for request in requests.values() if "$" not in request.origin)
    local = [origin for origin, _ in origins.most_common() if urlsplit(origin).hostname in LOCAL]
    return next(iter([*local, *(origin for origin, _ in origins.most_common())]), None)


def _logs(lines: Iterator[Pipeline]) -> tuple[str, ...]:
    found = [word for line in lines if line.first[0] in {"grep", "cat", "tail"} for word in line.first[1:]]
    return tuple(dict.fromkeys(word for word in found if is_log(word) and "$" not in word and " " not in word))


def _profiles(outline: Outline) -> Iterator[tuple[str, dict[str, Any]]]:
    """A profile for each labelled block that does nothing but set variables; all with the same names."""
    found: dict[str, dict[str, Any]] = {}
    for section in outline.sections:
        for block in section.blocks:
            label = re.sub(r"[^a-z0-9]+", "-", plain(block.label).lower()).strip("-")
            values = _exports(block)
            if label and values and label not in found:
                found[label[:40]] = values
    names = {name for values in found.values() for name in values}
    yield from ((label, values) for label, values in found.items() if set(values) == names)


def _exports(block: Block) -> dict[str, Any]:
    written = [line for line in block.lines if line.strip() and not line.lstrip().startswith("#")]
    matches = [_EXPORT.match(line) for line in written]
    if not all(matches):
        return {}
    return {each[1].lower(): _value(each[3]) for each in matches if each}


def _value(text: str) -> int | str:
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,14}", text) else text
