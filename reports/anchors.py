"""Names of places in a report: headings as GitHub names them, and rows of tables by what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports.escaping import plain

_DROPPED = re.compile(r"[^\w\- ]")
_SEPARATING = re.compile(r"\W+")


class Anchors:
    """Gives every place of one report a name of its own; in the same order, the same names.

    Repeated headings are numbered as GitHub does: `tests`, `tests-1`, `tests-2`.
    """

    def __init__(self) -> None:
        self._repetitions: dict[str, int] = {}
        self._rows: dict[tuple[str, str], str] = {}

    def heading(self, title: object) -> str:
        """The name that GitHub gives the next heading, which is `title`."""
        return self._unused(_slug(plain(title)))

    def name_rows(self, kind: str, ids: Iterable[str]) -> None:
        """Name the rows about `ids`, as in `check-story-007-01`; to be called when all headings have their names."""
        for each in ids:
            self._rows.setdefault((kind, each), self._unused(f"{kind}-{_SEPARATING.sub('-', plain(each)).strip('-')}"))

    def row(self, kind: str, row_id: str) -> str | None:
        """The name of the row about `row_id`; None where no row is about it."""
        return self._rows.get((kind, row_id))

    def _unused(self, wanted: str) -> str:
        name = wanted
        while name in self._repetitions:
            self._repetitions[wanted] += 1
            name = f"{wanted}-{self._repetitions[wanted]}"
        self._repetitions[name] = 0
        return name


def _slug(title: str) -> str:
    """The name of a heading on GitHub: lower case, punctuation dropped, spaces as hyphens.

    >>> _slug("Step 1: Pre-Deployment Backup")
    'step-1-pre-deployment-backup'
    """
    return _DROPPED.sub("", title.lower()).replace(" ", "-")
