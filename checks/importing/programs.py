"""Programs that the importer knows: what they do, and how their exit code and output answer."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from checks.check import Model
from checks.importing.counting import at_least_pattern
from checks.importing.draft import Draft, literal
from checks.importing.phrases import data
from checks.importing.shell_lines import Pipeline

_PASSED = re.compile(r"\b(?P<number>[0-9]{1,7})(?P<more>\+?)\s+(?:[\w-]+\s+)?tests?\b", re.IGNORECASE)
_COMPILED = re.compile(r"\b(?:compilation|compiles?|build)\b.{0,40}\b(?:successful|succeeds|clean)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"/path/to\b|<[^<>]+>|\bYOUR[-_]", re.IGNORECASE)


class Program(Model):
    """A command by its beginning; `unless` is an argument with which it is taken as it stands, or not at all."""

    start: tuple[str, ...]
    does: Literal["test", "build", "check", "format"]
    add: tuple[str, ...] = ()
    unless: str | None = None
    passed: str | None = None


@cache
def programs() -> tuple[Program, ...]:
    """Those of `programs.yaml`, the longest beginnings first."""
    known = [Program.model_validate(each) for each in data("programs.yaml")]
    return tuple(sorted(known, key=lambda each: -len(each.start)))


def program_of(command: tuple[str, ...]) -> Program | None:
    """The known program that a command begins with."""
    return next((each for each in programs() if command[: len(each.start)] == each.start), None)


def check_of_program(line: Pipeline, text: str) -> Draft | None:
    """The check that runs a known program alone; `text` is the item's, for the number of tests that it names."""
    if len(line.programs) != 1 or not line.certain:
        return None
    known = program_of(line.first)
    if known is None:
        return None
    command = list(line.first)
    if known.unless in command and not known.add:
        return None
    if known.add and known.unless not in command:
        command += known.add
    fields: dict[str, Any] = {"kind": "command", "command": literal(command), "timeout": "30m"}
    if known.does in {"build", "test"}:
        fields["effect"] = "write"
    expect: dict[str, Any] = {"exit_code": 0}
    if known.passed:
        expect["stdout"] = {"matches": _passed_pattern(known.passed, text)}
    if line.folder:
        fields["cwd"] = literal(line.folder)
    if _PLACEHOLDER.search(" ".join((*command, line.folder or ""))):
        fields["todo"] = "Replace the placeholder by the real path or value."
    if known.add:
        fields["why"] = f"`{' '.join(line.first)}` itself rewrites files and always ends well; this form only looks."
    return Draft({**fields, "expect": expect}, "", (line.line,))


def compilation(text: str, page_programs: set[str]) -> Draft | None:
    """A check that the sources compile, where a line says so and the page's own commands tell the tool chain."""
    commands = {"cargo": ["cargo", "check", "--all-targets"], "go": ["go", "build", "./..."], "mvn": ["mvn", "compile"]}
    if not _COMPILED.search(text):
        return None
    for tool, command in commands.items():
        if tool in page_programs:
            fields = {"kind": "command", "command": command, "timeout": "30m", "effect": "write"}
            why = f"The page gives no command; it uses {tool} elsewhere."
            return Draft({**fields, "expect": {"exit_code": 0}, "why": why})
    return None


def tests_named(text: str) -> int | None:
    """How many tests a text says that pass."""
    found = _PASSED.search(text) if re.search(r"\bpass(?:ing|ed|es)?\b", text, re.IGNORECASE) else None
    return int(found["number"]) if found else None


def _passed_pattern(pattern: str, text: str) -> str:
    return pattern.replace("N", rf"\b{at_least_pattern(tests_named(text) or 1)}")
