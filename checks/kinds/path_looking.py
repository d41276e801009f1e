"""Paths as the kinds `file` and `files` see them, on this machine or at an instance."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from checks.check import Context
from checks.contents import UnreadableError, read_bounded
from checks.errors import ConfigurationError
from checks.far.asking import ask
from checks.path_facts import content_facts, facts_of
from checks.query import answer, parse_json
from checks.target import Instance
from checks.units import Dimension, Quantity
from checks.wildcards import matching
from checks.yaml_reader import read_yaml

_READ = frozenset({"lines", "sha256", "value"})
"""The properties that a file is read for."""


class Paths(Protocol):
    """Where paths are looked at. `asked` are the properties wanted, `query` is for `value`."""

    def path(self, text: str) -> Path:
        """The path that a checklist's text names."""

    def matching(self, pattern: Path) -> list[Path]:
        """As `wildcards.matching`."""

    def seen(self, path: Path) -> dict[str, Any]:
        """What is known of a path; raises UnreadableError, and ValueError where it is not what its suffix says."""


def paths_of(context: Context, asked: Collection[str], query: str | None) -> Paths:
    """Where the check's paths are: at its instance, or here."""
    if context.elsewhere is None:
        return _Here(context, asked, query)
    return _There(context.elsewhere, context, asked, query)


class _Here:
    def __init__(self, context: Context, asked: Collection[str], query: str | None) -> None:
        self._context = context
        self._asked = _READ & set(asked)
        self._query = query

    def path(self, text: str) -> Path:
        return self._context.path(text)

    def matching(self, pattern: Path) -> list[Path]:
        return matching(pattern)

    def seen(self, path: Path) -> dict[str, Any]:
        seen = facts_of(path, self._context.now().timestamp())
        if seen["kind"] == "file" and self._asked & {"lines", "sha256"}:
            seen |= content_facts(path, self._context.stop.is_set)
        value = None
        if seen["kind"] == "file" and "value" in self._asked and self._query is not None:
            value = answer(self._query, structured(path, lambda: read_bounded(path)))
        return _measured(seen) | {"value": value}


class _There:
    """Asks once for all that a pattern matches."""

    def __init__(self, instance: Instance, context: Context, asked: Collection[str], query: str | None) -> None:
        self._instance = instance
        self._context = context
        self._asked = _READ & set(asked)
        self._query = query
        self._known: dict[str, dict[str, Any]] = {}

    def path(self, text: str) -> Path:
        return Path(text)

    def matching(self, pattern: Path) -> list[Path]:
        told = self._told(pattern, many=True)
        if not told["folder"]:
            raise FileNotFoundError(pattern)
        self._known = told["paths"]
        return sorted(map(Path, self._known))

    def seen(self, path: Path) -> dict[str, Any]:
        if str(path) not in self._known:
            (found,) = self._told(path, many=False)["paths"].values()
            self._known[str(path)] = found
        seen = dict(self._known[str(path)])
        content = seen.pop("content", None)
        value = None
        if content is not None and self._query is not None:
            value = answer(self._query, structured(path, lambda: base64.b64decode(content)))
        return _measured(seen) | {"value": value}

    def _told(self, path: Path, *, many: bool) -> dict[str, Any]:
        digest = bool(self._asked & {"lines", "sha256"})
        content = "value" in self._asked and self._query is not None
        told: dict[str, Any] = ask(
            self._instance,
            "checks.path_facts",
            self._context,
            path=str(path),
            many=many,
            digest=digest,
            content=content,
        )
        return told


def _measured(seen: dict[str, Any]) -> dict[str, Any]:
    """Facts with their units."""
    for name, dimension in (("size", Dimension.SIZE), ("age", Dimension.TIME)):
        if seen[name] is not None:
            seen[name] = Quantity(seen[name], dimension)
    return seen


def structured(path: Path, read: Callable[[], bytes]) -> Any:
    """Parse a file by its suffix; raises UnreadableError, and ValueError with no word of the content."""
    parsers: Mapping[str, Callable[[bytes], Any]] = {
        ".json": parse_json,
        ".jsonl": lambda content: list(_parsed_lines(content)),
        ".yaml": lambda content: _strict_yaml(content, path.name),
        ".yml": lambda content: _strict_yaml(content, path.name),
        ".toml": lambda content: tomllib.loads(content.decode()),
    }
    if path.suffix not in parsers:
        raise UnreadableError(f"{path}: a query is answered for {', '.join(parsers)}")
    content = read()
    try:
        return parsers[path.suffix](content)
    except UnicodeDecodeError as problem:
        raise ValueError(f"not UTF-8 at byte {problem.start}") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ValueError(f"not {path.suffix[1:].upper()}") from None


def _parsed_lines(content: bytes) -> Iterator[Any]:
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                yield parse_json(line)
            except ValueError as problem:
                raise ValueError(f"line {number}: {problem}") from None


def _strict_yaml(content: bytes, name: str) -> Any:
    try:
        return read_yaml(content, name).data
    except ConfigurationError as problem:
        places = ", ".join(f"{each.line}:{each.column}" for each in problem.problems[:3])
        raise ValueError(f"not YAML that means one thing only, at {places}") from None
