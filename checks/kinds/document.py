"""The kind `document`: whether a Markdown document is complete, its links lead somewhere and its claims hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from checks.check import Check, Context, Model
from checks.contents import UnreadableError, is_there
from checks.kinds.command import Argv, run, why_unusable
from checks.markdown import Markdown, read_markdown
from checks.markdown_commands import run_blocks
from checks.markdown_links import broken_links
from checks.outcome import Evidence, Observation, error, failed, no_data
from checks.patterns import Pattern
from checks.query import Query, answer, parse_json


class SettingsOf(Model):
    """A list of names that the code has, and where and how such a name stands in the document."""

    what: str = Field(pattern=r"^[a-z0-9_-]+$", max_length=50, description="What the names are: settings, error-types.")
    command: Argv = Field(description="Prints the names that the code has, in JSON or in text, such as a --help.")
    query: Query | None = Field(default=None, description="JMESPath to the list of names, of JSON.")
    printed: Pattern | None = Field(default=None, description="RE2 for a name, of text: its first group, or all.")
    pattern: Pattern = Field(description="RE2 for a name: its first group, or all of it.")
    under: str | None = Field(default=None, description="Only the section of this heading. Default: all of it.")
    place: Literal["code", "headings", "first_column"] = Field(
        default="code", description="Where names stand: inline code, headings, or inline code in tables' first column."
    )

    @model_validator(mode="after")
    def _one_way_to_find_names(self) -> Self:
        if (self.query is None) == (self.printed is None):
            raise ValueError("give `query`, for JSON, or `printed`, for text")
        return self


class DocumentCheck(Check):
    """Whether a Markdown document has its sections, working links, the code's settings and commands that run.

    ```yaml
    kind: document
    path: runbooks/configuration.md
    headings: [Cache, Safety]
    settings_of:
      - {what: settings, command: [image-proxy, describe], query: "settings[].name", pattern: "^[A-Z]+_[A-Z_]+$"}
      - {what: options, command: [image-proxy, serve, --help], printed: "--[a-z]+", pattern: "^--[a-z]+$"}
    expect: {lines: {at_least: 100}, headings.missing: [], links.broken: [], settings.settings.missing: []}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "lines": "lines that are not blank",
        "distinct_lines": "of these, how many differ",
        "words": "words, code counted",
        "headings": "count; empty: sections with nothing in them; missing: those of `headings` that are not there",
        "links": "count; external, which are not followed; broken: relative ones to no file or no heading",
        "settings": "for each `what`: documented, a number; missing: in the code alone; unknown: in the document alone",
        "blocks": "with `run_blocks`: run, a number of commands; failed: commands that did not end with 0",
    }

    kind: Literal["document"]
    path: str = Field(min_length=1, description="The document, Markdown.")
    headings: tuple[str, ...] = Field(default=(), description="Texts of headings that have to be there.")
    settings_of: tuple[SettingsOf, ...] = Field(default=(), description="Names to compare with the code's.")
    run_blocks: bool = Field(default=False, description="Run the fenced blocks that are marked `run`, as ```sh run.")

    @field_validator("settings_of")
    @classmethod
    def _different_lists(cls, lists: tuple[SettingsOf, ...]) -> tuple[SettingsOf, ...]:
        if len({each.what for each in lists}) != len(lists):
            raise ValueError("two lists have the same `what`")
        return lists

    def observe(self, context: Context) -> Observation:
        """Read the document, ask the code for its names, run what is marked."""
        path = context.path(self.path)
        try:
            if not is_there(path):
                return failed(f"there is no document {path}")
            document = read_markdown(path)
            settings = {each.what: _compared(each, document, context) for each in self.settings_of}
        except UnreadableError as problem:
            return error(str(problem))
        except ValueError as problem:
            return error(f"{self.path}: {problem}")
        lines = [line.strip() for line in document.text.splitlines() if line.strip()]
        headings: dict[str, Any] = {"count": len(document.headings), "empty": document.empty_sections}
        if self.headings:
            there = {heading.text for heading in document.headings}
            headings["missing"] = [text for text in self.headings if " ".join(text.split()) not in there]
        external = [link for link in document.links if link.is_external]
        seen: dict[str, Any] = {
            "lines": len(lines),
            "distinct_lines": len(set(lines)),
            "words": len(document.text.split()),
            "headings": headings,
            "links": {
                "count": len(document.links),
                "external": len(external),
                "broken": broken_links(document, context.root),
            },
            "settings": settings or None,
            "blocks": None,
        }
        if not self.run_blocks:
            return Observation(seen)
        commands = run_blocks(document, context)
        if not commands:
            return no_data(f"no block of {self.path} is marked `run`", **seen)
        seen["blocks"] = {"run": len(commands), "failed": [str(each) for each in commands if each.problem]}
        return Observation(seen, (Evidence("commands.txt", "\n".join(map(str, commands)).encode()),))


def _compared(wanted: SettingsOf, document: Markdown, context: Context) -> dict[str, Any]:
    """Compare the names in the code with those in the document; raises ValueError where the code names none."""
    result = run(wanted.command, context)
    problem = why_unusable(result, context.timeout_s)
    if problem is None and result.exit_code != 0:
        problem = f"{wanted.command[0]} ended with {result.exit_code}"
    if problem is None and result.stdout_truncated:
        problem = f"{wanted.command[0]} printed more than is read"
    if problem is not None:
        raise ValueError(f"{wanted.what}: {problem}")
    if wanted.query is not None:
        named = answer(wanted.query, parse_json(result.stdout))
    else:
        named = sorted(_names(wanted.printed or "", [result.stdout.decode("utf-8", "replace")]))
    if not isinstance(named, list) or not named or not all(isinstance(name, str) for name in named):
        sought = wanted.query or wanted.printed
        raise ValueError(f"{wanted.what}: {sought} finds no list of names in what {wanted.command[0]} printed")
    part = document if wanted.under is None else document.section(wanted.under)
    documented = _names(wanted.pattern, _texts(part, wanted))
    return {
        "documented": len(documented & set(named)),
        "missing": sorted(set(named) - documented),
        "unknown": sorted(name for name in documented - set(named) if name),
    }


def _names(pattern: str, texts: Sequence[str]) -> set[str]:
    import re2

    compiled = re2.compile(pattern)
    return {found.group(1 if compiled.groups else 0) for text in texts for found in compiled.finditer(text)}


def _texts(part: Markdown, wanted: SettingsOf) -> list[str]:
    if wanted.place == "headings":
        return [heading.text for heading in part.headings]
    return part.first_column if wanted.place == "first_column" else part.inline_code
