"""What a watch tells: a criterion that changed its state, and a HOLD that lasts longer than it may."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from checks.outcome import Criterion
from checks.rollback.notification import Message
from checks.rollback.rounds import Round, instant


class Announcements:
    """What there is to tell of round after round.

    `before` are the states of the last round of an earlier watch, by id; where there was none, the first round tells
    only what is breached. `hold_at_most_s` is how long HOLD may last, None for ever.
    """

    def __init__(self, before: Mapping[str, str], hold_at_most_s: float | None) -> None:
        self._states = dict(before)
        self._hold_at_most_s = hold_at_most_s
        self._holds_since: datetime | None = None
        self._is_told = False

    def of(self, found: Round) -> list[Message]:
        """The messages of a round, none in most of them."""
        changes = [each for each in found.criteria if self._is_news(each)]
        messages = [_of_changes(found, changes, self._states)] if changes else []
        self._states = {each.id: each.state for each in found.criteria}
        if found.verdict != "HOLD":
            self._holds_since, self._is_told = None, False
            return messages
        self._holds_since = self._holds_since or found.at
        lasts_s = (found.at - self._holds_since).total_seconds()
        if self._hold_at_most_s is not None and lasts_s >= self._hold_at_most_s and not self._is_told:
            self._is_told = True
            messages.append(_of_hold(found, self._holds_since))
        return messages

    def _is_news(self, criterion: Criterion) -> bool:
        before = self._states.get(criterion.id)
        if criterion.state == before:
            return False
        if before is None or criterion.severity == "warn":
            return "breached" in (before, criterion.state)
        return True


def _of_changes(found: Round, changes: list[Criterion], before: Mapping[str, str]) -> Message:
    told = [
        {"id": each.id, "from": before.get(each.id), "to": each.state, "severity": each.severity, "reason": each.reason}
        for each in changes
    ]
    words = "; ".join(f"{each.id}: {before.get(each.id, 'not seen before')} to {each.state}" for each in changes)
    return _message("rollback_state_changed", f"{found.verdict}. {words}", found, {"changes": told})


def _of_hold(found: Round, since: datetime) -> Message:
    unknown = [each.id for each in found.criteria if each.state == "unknown" and each.severity == "rollback"]
    text = f"HOLD since {instant(since)}: nobody knows of {', '.join(unknown)}"
    return _message("rollback_hold_too_long", text, found, {"holds_since": instant(since), "unknown": unknown})


def _message(event: str, text: str, found: Round, facts: Mapping[str, Any]) -> Message:
    at = instant(found.at)
    return Message(event, text, f"{event}-{at}", {"verdict": found.verdict, "at": at, **facts})
