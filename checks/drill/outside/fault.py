"""What can be done from outside: which checks must notice, and how a run is changed for it."""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checks.drill.fault import Family
from checks.drill.mischief import Disturbance
from checks.entries import with_row
from checks.loading import Loaded
from checks.run import Request
from checks.substitution import Names, substitute
from checks.target import Target


@dataclass(frozen=True)
class Ground:
    """What is drilled: what is asked of `signoff run`, the checklist and its checks by id, and a scratch folder.

    `target` has what it reports of itself, with its log paths resolved. `upstream` stands before what the service
    calls, where it was asked for; `callers` are the checks that made the service call through it.
    """

    request: Request
    loaded: Loaded
    target: Target
    names: Names
    folder: Path
    upstream: Disturbance | None = None
    callers: frozenset[str] = frozenset()
    warned: frozenset[str] = frozenset()
    """Checks that warned when all was well; a warning of theirs notices nothing."""

    def raw(self, check: str) -> Mapping[str, Any]:
        """A check as it stands in the checklist, with what `${…}` means before a run filled in."""
        entry = next(entry for entry in self.loaded.entries if entry.id == check)
        filled, _ = substitute(dict(entry.raw), with_row(self.names, entry.row))
        return dict(filled)


@dataclass(frozen=True)
class OutsideFault:
    """What is done, and to which checks it must show: `notices` is asked of each that passes when all is well."""

    id: str
    family: Family
    breaks: str
    how: str
    notices: Callable[[Ground, str], bool]
    changed: Callable[[Ground], AbstractContextManager[Request]]
    """Does it while the block runs, and gives what is asked of the run then."""
    unnoticed: str = "no check that passes looks there"
    """Why it is not done, where no check must notice."""


@contextmanager
def edited_checklist(ground: Ground, edit: Callable[[dict[str, Any]], None]) -> Iterator[Request]:
    """A copy of the checklist beside it, in JSON, which is YAML, with each check edited; while the block runs."""
    document = copy.deepcopy(ground.loaded.document.data)
    for stage in document["stages"]:
        for check in stage.get("checks") or ():
            edit(check)
    path = ground.request.checklist.with_name(f".drill-{secrets.token_hex(4)}.yaml")
    try:
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        yield replace(ground.request, checklist=path)
    finally:
        path.unlink(missing_ok=True)
