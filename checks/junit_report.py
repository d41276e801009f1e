"""JUnit's XML report: one test case at a time, by whatever tool it was written.

Source: the report of pytest (`--junitxml`, family xunit2) and of Maven Surefire, which agree on `testcase` with its
children `failure`, `error` and `skipped`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from checks.contents import open_regular

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Outcome = Literal["passed", "skipped", "failed", "error"]
SEVERITIES: Mapping[str, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}

CHILDREN: Mapping[str, Outcome] = {
    "skipped": "skipped",
    "failure": "failed",
    "rerunFailure": "failed",
    "flakyFailure": "failed",
    "error": "error",
    "rerunError": "error",
    "flakyError": "error",
}
"""What a child of a test case says of it; `rerun…` and `flaky…` are Surefire's for a test that failed at first."""
MAXIMUM_MESSAGE = 300
MAXIMUM_BYTES = 256 << 20


@dataclass(frozen=True)
class Case:
    """One execution of one test."""

    suite: str
    classname: str
    name: str
    """Class name and name, joined by `::`."""
    outcome: Outcome
    seconds: float
    message: str
    properties: frozenset[tuple[str, str]]

    @property
    def severity(self) -> int:
        """Rank of the outcome; of a test's executions the worst counts."""
        return SEVERITIES[self.outcome]

    def is_selected(self, select: Mapping[str, str]) -> bool:
        """Whether everything that is asked for is so; a test may have a property several times."""
        return all(self._has(name, value) for name, value in select.items())

    def _has(self, name: str, value: str) -> bool:
        if name == "suite":
            return self.suite == value
        if name == "classname":
            return self.classname == value or self.classname.startswith(value.rstrip(".") + ".")
        return (name, value) in self.properties


def read_cases(path: Path) -> Iterator[Case]:
    """Yield the test cases in the order of the report.

    Raises UnreadableError, and ValueError where the file is no complete JUnit report, is larger than 256 MiB, or
    declares XML entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    suites: list[str] = []
    root: Element | None = None
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MAXIMUM_BYTES:
            raise ValueError(f"{path}: more than {MAXIMUM_BYTES} bytes, the most that is read")
        try:
            for event, element in iterparse(file, events=("start", "end")):
                if root is None:
                    root = element
                if event == "start" and element.tag == "testsuite":
                    suites.append(element.get("name", ""))
                elif event == "end" and element.tag == "testsuite":
                    suites.pop()
                    element.clear()
                elif event == "end" and element.tag == "testcase":
                    yield _case(element, suites[-1] if suites else "")
                    element.clear()
        except ParseError as problem:
            raise ValueError(f"{path}: not complete XML: {problem}") from None
        except DefusedXmlException:
            raise ValueError(f"{path}: declares XML entities, which are never expanded") from None
    if root is None or root.tag not in {"testsuites", "testsuite"}:
        raise ValueError(f"{path}: not a JUnit report")


def _case(element: Element, suite: str) -> Case:
    classname, name = element.get("classname", ""), element.get("name", "")
    found = [child for child in element if child.tag in CHILDREN]
    worst = max(found, key=lambda child: SEVERITIES[CHILDREN[child.tag]], default=None)
    return Case(
        suite,
        classname,
        f"{classname}::{name}" if classname else name,
        "passed" if worst is None else CHILDREN[worst.tag],
        _seconds(element.get("time", "0")),
        "" if worst is None else " ".join(worst.get("message", "").split())[:MAXIMUM_MESSAGE],
        frozenset((each.get("name", ""), each.get("value", "")) for each in element.iterfind("properties/property")),
    )


def _seconds(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return math.nan
