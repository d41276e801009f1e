"""The kind `command`: what a program answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.far.carrying import Unreachable, run_there
from checks.judgement import Truncated
from checks.outcome import Evidence, Observation, error
from checks.patterns import Pattern
from checks.process import ProcessResult, run_process
from checks.query import parse_json
from checks.units import Dimension, Quantity

Argv = Annotated[tuple[str, ...], Field(min_length=1)]
"""A program and its arguments; no shell reads them."""


class CommandCheck(Check):
    """What a program answers: its exit code, what it prints, how long it takes.

    ```yaml
    kind: command
    command: [python, -m, ruff, format, --check, proxy]
    expect: {exit_code: 0}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "exit_code": "the exit code",
        "stdout": "standard output as text",
        "stderr": "standard error as text",
        "json": "standard output as JSON",
        "counts": "by the names of `counts`: how many lines of standard output match",
        "duration": "seconds until it ended",
    }
    of_instances: ClassVar[bool] = True

    kind: Literal["command"]
    command: Argv = Field(description="The program and its arguments, a list.")
    cwd: str = Field(default=".", description="The folder to run it in; at an instance, one there.")
    env: Mapping[str, str] = Field(default_factory=dict, description="Variables that are set besides the usual few.")
    counts: Mapping[str, Pattern] = Field(default_factory=dict, description="Name to RE2 pattern, for `counts`.")

    def observe(self, context: Context) -> Observation:
        """Run it to its end. One that does not end by itself, or not in time, is an error whatever it printed."""
        try:
            result = self._run(context)
        except Unreachable as away:
            return error(str(away))
        evidence = output_of(result)
        problem = why_unusable(result, context.timeout_s)
        if problem is not None:
            return error(problem, *evidence)
        stdout = _text(result.stdout, truncated=result.stdout_truncated)
        seen: dict[str, Any] = {
            "exit_code": result.exit_code,
            "stdout": stdout,
            "stderr": _text(result.stderr, truncated=result.stderr_truncated),
            "json": stdout if isinstance(stdout, Truncated) else None,
            "counts": stdout if isinstance(stdout, Truncated) else _counted(stdout, self.counts),
            "duration": Quantity(result.duration_s, Dimension.TIME),
        }
        if isinstance(stdout, str) and any(name.partition(".")[0] == "json" for name in (*self.expect, *self.prefer)):
            try:
                seen["json"] = parse_json(result.stdout)
            except ValueError as unparsed:
                return error(f"{self.command[0]} ended with {result.exit_code}, and printed {unparsed}", *evidence)
        return Observation(seen, evidence)

    def _run(self, context: Context) -> ProcessResult:
        if context.elsewhere is None:
            return run(self.command, context, cwd=self.cwd, env=self.env)
        return run_there(context.elsewhere, self.command, context, cwd=self.cwd, env=self.env)


def run(
    command: Sequence[str], context: Context, *, cwd: str = ".", env: Mapping[str, str] | None = None
) -> ProcessResult:
    """Run a command as checks do: in a folder named from the checklist's, with the run's environment and time."""
    return run_process(
        command,
        cwd=context.path(cwd),
        env={**context.environment, **(env or {})},
        timeout_s=context.timeout_s,
        stop=context.stop,
    )


def why_unusable(result: ProcessResult, timeout_s: float) -> str | None:
    """Say why nothing can be told from a command: it did not start, did not end in time, or was killed."""
    name = result.argv[0]
    if result.timed_out:
        return f"{name} did not end within {timeout_s:g} s"
    if result.interrupted:
        return f"{name} was stopped before its end"
    if result.failure is not None:
        return f"{name}: {result.failure}"
    if result.exit_code is None:
        return f"{name} was ended by signal {result.signal}"
    return None


def output_of(result: ProcessResult) -> tuple[Evidence, ...]:
    """What a command printed, as evidence; an empty stream is left out."""
    streams = {"stdout.txt": result.stdout, "stderr.txt": result.stderr}
    return tuple(Evidence(name, content) for name, content in streams.items() if content)


def _counted(text: str, patterns: Mapping[str, str]) -> dict[str, int]:
    """How many lines each pattern is found in."""
    import re2

    lines = text.splitlines()
    return {
        name: sum(compiled.search(line) is not None for line in lines)
        for name, compiled in ((name, re2.compile(pattern)) for name, pattern in patterns.items())
    }


def _text(content: bytes, *, truncated: bool) -> str | Truncated:
    if truncated:
        return Truncated(f"the first {len(content)} bytes of an output that is longer")
    return content.decode("utf-8", "replace")
