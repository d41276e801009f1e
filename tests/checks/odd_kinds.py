"""Kinds of check as a plug-in would bring them: one that says what it is told to, and some that misbehave."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, cast

from checks.check import Check, Context
from checks.outcome import Evidence, Observation, Status
from checks.units import Dimension, Quantity


class ToldCheck(Check):
    """Observes the value it is given, or settles the status it is given."""

    observes: ClassVar[Mapping[str, str]] = {"value": "what it was given", "rate": "the same as a ratio"}

    kind: Literal["told"]
    status: Status | None = None
    value: Any = None
    note: str = "told so"

    def observe(self, context: Context) -> Observation:
        """Say it, with evidence."""
        rate = Quantity(self.value, Dimension.RATIO) if isinstance(self.value, (int, float)) else None
        seen = {"value": self.value, "rate": rate}
        return Observation(seen, (Evidence("note.txt", self.note.encode()),), self.status, self.note)


class TargetCheck(ToldCheck):
    """The same, of a target that must be the release."""

    asks_target: ClassVar[bool] = True

    kind: Literal["of-target"]  # type: ignore[assignment]  # a kind's name is its own


class RaisingCheck(Check):
    """Raises instead of looking."""

    kind: Literal["raising"]
    message: str = "out of order"

    def observe(self, context: Context) -> Observation:
        """Raise."""
        raise RuntimeError(self.message.encode().decode("unicode_escape"))


class LeavingCheck(Check):
    """Tries to end the program."""

    kind: Literal["leaving"]

    def observe(self, context: Context) -> Observation:
        """Leave."""
        raise SystemExit(0)


class EmptyHandedCheck(Check):
    """Comes back with no observation."""

    kind: Literal["empty-handed"]

    def observe(self, context: Context) -> Observation:
        """Return what is none."""
        return cast(Observation, None)


class NotANumberCheck(Check):
    """Computes a rate of nothing."""

    observes: ClassVar[Mapping[str, str]] = {"rate": "of nothing"}

    kind: Literal["not-a-number"]

    def observe(self, context: Context) -> Observation:
        """Divide nothing by nothing."""
        return Observation({"rate": Quantity(math.nan, Dimension.RATIO)})


class HangingCheck(Check):
    """Waits until it is told to stop; a stubborn one waits on."""

    release: ClassVar[threading.Event] = threading.Event()
    began: ClassVar[threading.Event] = threading.Event()

    kind: Literal["hanging"]
    stubborn: bool = False

    def observe(self, context: Context) -> Observation:
        """Wait."""
        self.began.set()
        (self.release if self.stubborn else context.stop).wait(30)
        return Observation(status=Status.PASS, reason="too late to count")


class FlakyCheck(Check):
    """Fails so many times, then passes."""

    seen: ClassVar[dict[str, int]] = {}

    kind: Literal["flaky"]
    failures: int

    def observe(self, context: Context) -> Observation:
        """Count the calls of this run."""
        key = f"{context.run_dir}/{self.id}"
        self.seen[key] = self.seen.get(key, 0) + 1
        good = self.seen[key] > self.failures
        return Observation({}, (), Status.PASS if good else Status.FAIL, f"try {self.seen[key]}")


ENTRY_POINTS = """[signoff.kinds]
told = tests.checks.odd_kinds:ToldCheck
of-target = tests.checks.odd_kinds:TargetCheck
raising = tests.checks.odd_kinds:RaisingCheck
leaving = tests.checks.odd_kinds:LeavingCheck
empty-handed = tests.checks.odd_kinds:EmptyHandedCheck
not-a-number = tests.checks.odd_kinds:NotANumberCheck
hanging = tests.checks.odd_kinds:HangingCheck
flaky = tests.checks.odd_kinds:FlakyCheck
missing-module = tests.checks.no_such_module:Nothing
no-check = tests.checks.odd_kinds:ENTRY_POINTS
"""
