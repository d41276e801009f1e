"""What can go wrong before anything is judged.

SignoffError                    every error of ours that a person can put right
└── ConfigurationError          files or options are wrong, and nothing was run; carries every problem found

A check that could not run is no exception but a result with the status `error`; a wrong value inside a file is a
`ValueError` with a sentence until the loader gives it a place and makes it a `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file: where it is and what to do about it.

    Lines and columns count from 1, columns in characters. A problem of the file as a whole has neither.
    """

    file: str
    line: int | None
    column: int | None
    message: str

    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return f"{':'.join(place)}: {self.message}"


class SignoffError(Exception):
    """The base of every error that a person can put right; its text is fit to be shown as it is."""


class ConfigurationError(SignoffError):
    """Files or options are wrong; nothing was run. Its text is one line a problem, in the order given."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def as_json(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """Problems as data: file, line, column and message of each."""
    return [{"file": each.file, "line": each.line, "column": each.column, "message": each.message} for each in problems]
