"""What can go wrong before there is a window table.

LogSourceError            nothing could be read: name the file, fix it, read again
├── UnknownFormatError    the format's name is not one that exists
├── FormatFileError       a format of the user's own is wrong; carries every problem found
└── LogEngineError        the engine under the reading failed
"""

from __future__ import annotations

from collections.abc import Sequence

from checks.errors import Problem


class LogSourceError(Exception):
    """Nothing could be read; the message names the subject and the remedy.

    Attributes: `subject` (a path, pattern or name), `remedy` (what to do next).
    """

    def __init__(self, subject: str, problem: str, remedy: str) -> None:
        super().__init__(f"{subject}: {problem}; {remedy}")
        self.subject = subject
        self.remedy = remedy


class UnknownFormatError(LogSourceError):
    """A log format was named that does not exist."""


class FormatFileError(LogSourceError):
    """A YAML file that should be a log format is none; the message is one line a problem, with line and column."""

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        super().__init__(path, "it is no log format", "correct it")
        self.args = ("\n".join(map(str, problems)),)
        self.problems = tuple(problems)


class LogEngineError(LogSourceError):
    """DuckDB or Spark could not do its work (memory, disk, a cluster); the cause is chained."""
