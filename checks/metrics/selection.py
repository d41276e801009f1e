"""What is asked of logs, whichever engine reads them: which requests count, in what windows, told apart by what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypedDict

from checks.metrics.log_format import FieldName


class Selection(TypedDict, total=False):
    """Which requests are counted; what is left out, or None, asks nothing.

    Requests from `since` (inclusive) to `until` (exclusive), of one of `versions` or of none that is named, and where
    `synthetic` is True only those labelled so, where it is False only the others. `window_s` is a window's length in
    seconds, 60 if left out. `by` names a field whose values are told apart as the key's `group`. `now` is the time of
    reading, the clock's if left out.
    """

    since: datetime | None
    until: datetime | None
    window_s: int
    versions: frozenset[str] | None
    synthetic: bool | None
    by: FieldName | None
    now: datetime | None


WINDOW_S = 60
"""A window's length in seconds where none is asked for."""


def parameters(selection: Selection) -> dict[str, Any]:
    """Give the statements' parameters; raises ValueError for a window below one second or times without a zone."""
    window_s = selection.get("window_s", WINDOW_S)
    if window_s < 1:
        raise ValueError(f"a window has at least one second, not {window_s}")
    versions = selection.get("versions")
    return {
        "since_us": microseconds(selection.get("since")),
        "until_us": microseconds(selection.get("until")),
        "now_us": microseconds(selection.get("now") or datetime.now(UTC)),
        "versions": sorted(versions) if versions is not None else None,
        "synthetic": selection.get("synthetic"),
        "window_s": window_s,
    }


def microseconds(moment: datetime | None) -> int | None:
    """Give a time as microseconds since 1970 UTC; raises ValueError for one without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    since_1970 = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_1970.days * 86400 + since_1970.seconds) * 1_000_000 + since_1970.microseconds
