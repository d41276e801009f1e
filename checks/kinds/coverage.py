"""The kind `coverage`: which share of the lines of some source files the tests ran."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError, is_there
from checks.coverage_report import read_lines
from checks.kinds.command import Argv, output_of
from checks.kinds.written_report import write_report
from checks.outcome import Evidence, Observation, error, no_data
from checks.units import Dimension, Quantity
from checks.wildcards import matching


class CoverageCheck(Check):
    """The share of lines run, over every file that the patterns match on disk.

    ```yaml
    kind: coverage
    report: ${run.dir}/coverage.xml
    paths: ["proxy/images/**/*.py"]
    expect: {line_rate: {at_least: 90%}, lowest.line_rate: {at_least: 70%}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "line_rate": "lines run of the lines that can be, over all matching files together; a ratio",
        "files": "number of matching files",
        "lines": "number of their lines that can be run",
        "lowest": "the file with the lowest share: path, line_rate",
        "by_path": "path, from the checklist's folder, to its line rate",
        "age": "seconds since the report was written",
    }
    slow: ClassVar[bool] = True

    kind: Literal["coverage"]
    report: str = Field(min_length=1, description="The report of coverage.py, XML or JSON.")
    paths: tuple[str, ...] = Field(min_length=1, description="Patterns of source files; each has to be in the report.")
    command: Argv | None = Field(default=None, description="Writes the report; run first. Has to end with 0.")

    def observe(self, context: Context) -> Observation:
        """Compare the report with the files on disk: one left out, or newer than the report, makes it no data."""
        report = context.path(self.report)
        evidence: tuple[Evidence, ...] = ()
        if self.command is not None:
            result, problem = write_report(self.command, report, context)
            evidence = output_of(result)
            if problem is None and result.exit_code != 0:
                problem = f"{self.command[0]} ended with {result.exit_code}"
            if problem is not None:
                return error(problem, *evidence)
        try:
            if not is_there(report):
                return no_data(f"there is no report {report}")
            sources = self._sources(context)
            changed = report.stat().st_mtime
            lines = read_lines(report, context.root.resolve())
            unusable = _why_no_data(sources, lines.keys(), changed)
        except FileNotFoundError as missing:
            return no_data(f"no source file is there: {missing.filename} does not exist", *evidence)
        except (ValueError, UnreadableError, OSError) as unread:
            return error(f"{report}: {unread}", *evidence)
        if unusable is not None:
            return no_data(unusable, *evidence)
        counts = {name: (sum(lines[path].values()), len(lines[path])) for name, path in sources.items()}
        total = sum(size for _, size in counts.values())
        if total == 0:
            return no_data("the matching files have no line that can be run", *evidence)
        rates = {name: run_of / size for name, (run_of, size) in counts.items() if size}
        lowest = min(rates, key=lambda name: rates[name])
        return Observation(
            {
                "line_rate": _ratio(sum(run_of for run_of, _ in counts.values()) / total),
                "files": len(sources),
                "lines": total,
                "lowest": {"path": lowest, "line_rate": _ratio(rates[lowest])},
                "by_path": {name: _ratio(rate) for name, rate in sorted(rates.items())},
                "age": Quantity(max(0.0, context.now().timestamp() - changed), Dimension.TIME),
            },
            evidence,
        )

    def _sources(self, context: Context) -> dict[str, Path]:
        """Name from the checklist's folder to resolved path of every file that the patterns match."""
        root = context.root.resolve()
        found = {path.resolve() for pattern in self.paths for path in matching(context.path(pattern)) if path.is_file()}
        return {str(path.relative_to(root) if path.is_relative_to(root) else path): path for path in sorted(found)}


def _why_no_data(sources: Mapping[str, Path], reported: Container[Path], changed: float) -> str | None:
    if not sources:
        return "the patterns match no source file"
    left_out = [name for name, path in sources.items() if path not in reported]
    if left_out:
        return f"the report leaves out {len(left_out)} of {len(sources)} files: {', '.join(left_out[:5])}"
    newer = [name for name, path in sources.items() if path.stat().st_mtime > changed]
    if newer:
        return f"the report is older than the source: {', '.join(newer[:5])}"
    return None


def _ratio(value: float) -> Quantity:
    return Quantity(value, Dimension.RATIO)
