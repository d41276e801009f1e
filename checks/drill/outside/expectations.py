"""The checklist expects what nothing meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from checks.comparator_reading import READERS
from checks.drill.fault import Family
from checks.drill.outside.fault import Ground, OutsideFault, edited_checklist
from checks.run import Request

IMPOSSIBLE = {"equals": "a value that nothing has, so that a drill sees the check fail"}


@contextmanager
def _changed(ground: Ground) -> Iterator[Request]:
    def edit(check: dict[str, Any]) -> None:
        """Nothing is needed either, or what comes after would be blocked and not looked at."""
        check.pop("needs", None)
        if check.get("expect"):
            check["expect"] = _impossible(check["expect"])

    with edited_checklist(ground, edit) as request:
        yield request


def _impossible(expect: Mapping[str, Any]) -> dict[str, Any]:
    """The same properties, or for a kind with one property its comparator, with what nothing meets."""
    return dict(IMPOSSIBLE) if set(expect) <= set(READERS) else {name: dict(IMPOSSIBLE) for name in expect}


def _expects(ground: Ground, check: str) -> bool:
    return bool(ground.raw(check).get("expect"))


FAULTS = (
    OutsideFault(
        id="expects-the-impossible",
        family=Family.EVIDENCE,
        breaks="Nothing is as expected.",
        how="every expectation of a copy of the checklist is one that nothing meets",
        notices=_expects,
        changed=_changed,
    ),
)
