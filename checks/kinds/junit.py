"""The kind `junit`: how the tests of a JUnit report ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError, is_there
from checks.junit_report import Case, read_cases
from checks.kinds.command import Argv, output_of
from checks.kinds.written_report import write_report
from checks.outcome import Evidence, Observation, error, no_data
from checks.units import Dimension, Quantity

MAXIMUM_NAMES = 500


class JunitCheck(Check):
    """How tests ended, by a JUnit report that a command writes or that is already there.

    ```yaml
    kind: junit
    command: [python, -m, pytest, -q, --junitxml, "${run.dir}/unit.xml"]
    report: ${run.dir}/unit.xml
    select: {story: 007-02}
    expect: {passed: {at_least: 6}, failed: 0, errors: 0, skipped: 0}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "passed": "tests that passed, by distinct names; one that also failed, as in a rerun, did not",
        "failed": "tests that failed",
        "errors": "tests that broke outside of their assertions",
        "skipped": "tests that were not run",
        "total": "executions of tests, repetitions counted",
        "distinct": "tests by distinct names",
        "names": "names, sorted, the first 500",
        "duration": "seconds that the tests took, together",
        "age": "seconds since the report was written",
    }
    slow: ClassVar[bool] = True

    kind: Literal["junit"]
    report: str = Field(min_length=1, description="The report, XML.")
    command: Argv | None = Field(default=None, description="Writes the report; run first.")
    select: Mapping[str, str] = Field(
        default_factory=dict,
        description="Property of a test to its value; also `suite` (name) and `classname` (as it begins).",
    )

    def observe(self, context: Context) -> Observation:
        """Run the command if there is one, and count the selected tests; none selected is no data, never a pass."""
        report = context.path(self.report)
        evidence: tuple[Evidence, ...] = ()
        exit_code = 0
        if self.command is not None:
            result, problem = write_report(self.command, report, context)
            evidence = output_of(result)
            if problem is not None:
                return error(problem, *evidence)
            exit_code = result.exit_code or 0
        try:
            if not is_there(report):
                return no_data(f"there is no report {report}")
            cases = list(read_cases(report))
            age = max(0.0, context.now().timestamp() - report.stat().st_mtime)
        except (ValueError, UnreadableError, OSError) as unread:
            return error(f"the report cannot be read: {unread}", *evidence)
        if exit_code and not any(case.outcome in {"failed", "error"} for case in cases):
            return error(f"the command ended with {exit_code}, and its report has no failure", *evidence)
        selected = [case for case in cases if case.is_selected(self.select)]
        if not selected:
            reason = f"the filter selected no test of {len(cases)}" if cases else "the report has no test"
            return no_data(reason, *evidence, total=0, distinct=0)
        seen = {
            **counted(selected),
            "duration": Quantity(sum(case.seconds for case in selected), Dimension.TIME),
            "age": Quantity(age, Dimension.TIME),
        }
        return Observation(seen, (*evidence, Evidence("tests.txt", _listing(selected))))


def counted(cases: Iterable[Case]) -> dict[str, object]:
    """Count tests by distinct name, each as the worst of its executions."""
    executions = list(cases)
    worst: dict[str, Case] = {}
    for case in executions:
        worst[case.name] = max(worst.get(case.name, case), case, key=lambda each: each.severity)
    outcomes = Counter(case.outcome for case in worst.values())
    return {
        "passed": outcomes["passed"],
        "failed": outcomes["failed"],
        "errors": outcomes["error"],
        "skipped": outcomes["skipped"],
        "total": len(executions),
        "distinct": len(worst),
        "names": sorted(worst)[:MAXIMUM_NAMES],
    }


def _listing(cases: Iterable[Case]) -> bytes:
    lines = [f"{case.outcome:8}{case.name}" + (f": {case.message}" if case.message else "") for case in cases]
    return ("\n".join(sorted(lines)) + "\n").encode("utf-8", "replace")
