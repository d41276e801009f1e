"""Strict YAML: plain data, a position for every value, and every problem of a file at once.

Built on PyYAML's events, so that nothing is ever constructed, expanded or guessed. Where YAML 1.1 and 1.2 disagree
about an unquoted text, the file has to say what it means (`checks.yaml_scalars`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from checks.errors import ConfigurationError, Problem
from checks.yaml_scalars import plain_scalar

MAXIMUM_BYTES = 1 << 20
"""Largest file that is read: 1 MiB of UTF-8."""
MAXIMUM_DEPTH = 32
"""Most mappings and lists inside each other."""
MAXIMUM_PROBLEMS = 100
"""Most problems listed for one file."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The source of events: libyaml where PyYAML has it (some 20 times faster), else PyYAML's own."""

Path = tuple[str | int, ...]

_UNPRINTABLE = re.compile("[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass
class Node:
    """A value with its place, and the places and nodes of what it holds."""

    value: Any
    place: tuple[int, int]
    children: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    file: str | None = None
    """The file that it stands in, where that is not its parent's."""


@dataclass(frozen=True)
class Document:
    """What a YAML file says, as plain Python data, with the place of everything in it."""

    file: str
    root: Node = field(repr=False)

    @property
    def data(self) -> Any:
        """The whole of it: dict, list, str, int, float, bool or None."""
        return self.root.value

    def position(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return line and column (from 1) of the value at a path, or with `key` of the key that names it.

        Where the path leads to nothing, as for a key that is missing, the nearest place above it is given. A list's
        item and the whole document have no key: their value's place is given.
        """
        node = self.root
        place = node.place
        for step in path:
            if step not in node.children:
                break
            place = node.keys.get(step, node.children[step].place) if key else node.children[step].place
            node = node.children[step]
        return place

    def file_at(self, path: Path) -> str:
        """The file that the value at a path stands in, or what is nearest above it."""
        node, file = self.root, self.file
        for step in path:
            if step not in node.children:
                break
            node = node.children[step]
            file = node.file or file
        return file


def read_yaml(text: str | bytes, file: str) -> Document:
    """Read one strict YAML document; `file` is the name that problems carry.

    Accepted: UTF-8 with or without a byte order mark, any line ending, one document with or without `---`.
    Raises ConfigurationError with every problem in the order of the file: at most 1 MiB and 32 levels; no duplicate
    keys, aliases, anchors, tags, directives or further documents; keys are text; no tab but in quoted and block text
    and comments; no invisible characters; unquoted texts mean the same in YAML 1.1 and 1.2.
    """
    return _Reading(file).document(text)


class _Stop(Exception):  # noqa: N818 - not an error but the end of a reading whose problems are noted
    """What follows in the file cannot be told."""


class _Reading:
    """One pass over one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.scalars: list[tuple[int, int]] = []

    def document(self, text: str | bytes) -> Document:
        root = None
        try:
            content = self.printable(self.decoded(text))
            root = self.root(content)
        except _Stop:
            pass
        if self.problems or root is None:
            raise ConfigurationError(self.listed())
        return Document(self.file, root)

    def listed(self) -> list[Problem]:
        ordered = sorted(set(self.problems), key=lambda each: (each.line or 0, each.column or 0, each.message))
        more = len(ordered) - MAXIMUM_PROBLEMS
        if more <= 0:
            return ordered
        return [*ordered[:MAXIMUM_PROBLEMS], Problem(self.file, None, None, f"{more} more problems are not listed")]

    def note(self, place: tuple[int, int] | None, message: str) -> None:
        line, column = place or (None, None)
        self.problems.append(Problem(self.file, line, column, message))

    def decoded(self, text: str | bytes) -> str:
        raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if len(raw) > MAXIMUM_BYTES:
            self.note(None, f"the file has {len(raw)} bytes; at most {MAXIMUM_BYTES} (1 MiB) are read")
            raise _Stop
        if isinstance(text, bytes) and (text[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in text[:4]):
            self.note(None, "the file is encoded as UTF-16 or UTF-32; save it as UTF-8")
            raise _Stop
        try:
            content = text if isinstance(text, str) else text.decode("utf-8")
        except UnicodeDecodeError as error:
            before = raw[: error.start].decode("utf-8")
            self.note(
                _place(before, len(before)), f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
            )
            raise _Stop from None
        return content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")

    def printable(self, content: str) -> str:
        for found in _UNPRINTABLE.finditer(content):
            code = f"U+{ord(found[0]):04X}"
            self.note(
                _place(content, found.start()), f"the invisible character {code}; remove it, or escape it in quotes"
            )
            if len(self.problems) > MAXIMUM_PROBLEMS:
                raise _Stop
        return _UNPRINTABLE.sub("\ufffd", content)

    def root(self, content: str) -> Node | None:
        events = yaml.parse(content, Loader=LOADER)
        end = len(content)
        root = None
        try:
            root = self.stream(events)
        except yaml.MarkedYAMLError as error:
            end = self.refused(error, content)
        finally:
            self.tabs(content[:end])
        if root is None and not self.problems:
            self.note(None, "the file is empty")
        return root

    def stream(self, events: Iterator[Any]) -> Node | None:
        root = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.note(_start(event), "a second document starts here; a file holds one")
                    raise _Stop
                if event.version or event.tags:
                    self.note(_start(event), "a %YAML or %TAG directive stands before this; remove it")
                first = next(events)
                root = self.node(first, events, 1)
                if isinstance(first, yaml.ScalarEvent) and not first.value and first.implicit[0]:
                    return None
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            self.note(_start(event), f"the alias *{event.anchor}; aliases are not allowed, write the value out")
            return Node(None, _start(event))
        if event.anchor is not None:
            self.note(_start(event), f"the anchor &{event.anchor}; anchors are not allowed, remove it")
        if event.tag is not None:
            self.note(_start(event), f"the tag {event.tag}; tags are not allowed, remove it")
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        if depth > MAXIMUM_DEPTH:
            self.note(_start(event), f"nested deeper than {MAXIMUM_DEPTH} levels")
            raise _Stop
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(event, events, depth)
        return self.sequence(event, events, depth)

    def scalar(self, event: Any) -> Node:
        self.scalars.append((event.start_mark.index, event.end_mark.index))
        node = Node(event.value, _start(event))
        if not event.value.isascii() and _HALF_CHARACTER.search(event.value):
            self.note(node.place, "an escape of half a character; write the character itself")
        if event.implicit[0]:
            try:
                node.value = plain_scalar(event.value)
            except ValueError as error:
                self.note(node.place, str(error))
        return node

    def sequence(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        node = Node([], _start(event))
        for each in events:
            if isinstance(each, yaml.SequenceEndEvent):
                break
            item = self.node(each, events, depth + 1)
            node.children[len(node.value)] = item
            node.value.append(item.value)
        return node

    def mapping(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        node = Node({}, _start(event))
        for each in events:
            if isinstance(each, yaml.MappingEndEvent):
                break
            noted = len(self.problems)
            key = self.node(each, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not isinstance(key.value, str):
                if len(self.problems) == noted:
                    self.note(key.place, "a key must be text; quote it")
                continue
            if key.value in node.keys:
                first = node.keys[key.value][0]
                self.note(key.place, f'the key "{key.value}" is given twice; it stands on line {first} already')
                continue
            node.value[key.value] = value.value
            node.keys[key.value] = key.place
            node.children[key.value] = value
        return node

    def refused(self, error: yaml.MarkedYAMLError, content: str) -> int:
        """Note what the parser refused, and return how far it understood the text."""
        unclosed = "quoted scalar" in (error.context or "") and "end of" in (error.problem or "")
        mark: Any = error.context_mark if unclosed else error.problem_mark
        at = content[mark.index : mark.index + 1]
        if unclosed:
            self.note((mark.line + 1, mark.column + 1), "a quoted text starts here and is never closed")
        elif at != "\t":
            self.note((mark.line + 1, mark.column + 1), _hint(error.problem or "not YAML", error.context, at))
        return int(mark.index) + 1

    def tabs(self, content: str) -> None:
        """Note the first tab of every line that stands outside text and comments."""
        if "\t" not in content:
            return
        ends = [0, *(end for _, end in self.scalars)]
        starts = [*(start for start, _ in self.scalars), len(content)]
        for gap_start, gap_end in zip(ends, starts, strict=True):
            for found in re.finditer(r"(?m)^[^#\n\t]*\t", content[gap_start:gap_end]):
                place = _place(content, gap_start + found.end() - 1)
                self.note(place, "a tab; indent and separate with spaces, or quote the text that holds it")


def _hint(problem: str, context: str | None, at: str) -> str:
    if "cannot start any token" in problem:
        return f'an unquoted text cannot start with "{at}"; quote it'
    if "mapping values are not allowed" in problem:
        return 'a ":" that cannot be read as a key\'s; quote the text that holds it, or check the indentation'
    return f"{problem} ({context})" if context else problem


def _start(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _place(content: str, index: int) -> tuple[int, int]:
    return content.count("\n", 0, index) + 1, index - content.rfind("\n", 0, index)
