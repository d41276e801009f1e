"""What a watch tells: changes of state, and a HOLD that lasts; nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.outcome import Criterion
from checks.rollback.announcing import Announcements
from checks.rollback.rounds import Round

START = datetime(2026, 1, 11, 10, 0, tzinfo=UTC)


def criterion(name: str, state: str, severity: str = "rollback") -> Criterion:
    told = {"id": name, "title": name, "state": state, "severity": severity, "measure": "errors.rate"}
    rest = {"observed": None, "expected": "", "for_s": 0, "samples": 0, "reason": f"{name} is {state}"}
    return Criterion.model_validate({**told, **rest})


def said(rounds: list[dict[str, str]], hold_at_most_s: float | None = None, **before: str) -> list[list[str]]:
    """The texts of each round; a name in capitals is a warning. A round is a minute."""
    announcements = Announcements(before, hold_at_most_s)
    found = []
    for minute, states in enumerate(rounds):
        criteria = [criterion(each, state, "warn" if each.isupper() else "rollback") for each, state in states.items()]
        messages = announcements.of(Round(START + timedelta(minutes=minute), tuple(criteria)))
        found.append([message.text for message in messages])
    return found


def test_a_change_of_state_is_told_once_with_the_verdict() -> None:
    texts = said([{"a": "clear"}, {"a": "clear"}, {"a": "unknown"}, {"a": "breached"}, {"a": "breached"}])
    assert texts == [[], [], ["HOLD. a: clear to unknown"], ["ROLLBACK. a: unknown to breached"], []]


def test_the_first_round_tells_only_what_is_breached() -> None:
    assert said([{"a": "unknown", "b": "clear"}]) == [[]]
    assert said([{"a": "breached", "b": "clear"}]) == [["ROLLBACK. a: not seen before to breached"]]


def test_a_watch_goes_on_from_the_states_of_the_last() -> None:
    assert said([{"a": "clear"}], a="clear") == [[]]
    assert said([{"a": "clear"}], a="breached") == [["CONTINUE. a: breached to clear"]]


def test_a_warning_is_told_where_it_is_breached_or_no_longer() -> None:
    texts = said([{"a": "clear", "W": state} for state in ("clear", "unknown", "breached", "unknown", "clear")])
    assert texts == [[], [], ["CONTINUE. W: unknown to breached"], ["CONTINUE. W: breached to unknown"], []]


@pytest.mark.parametrize(("at_most_s", "told_in"), [(0, 0), (120, 2), (121, 3), (None, None)])
def test_a_hold_that_lasts_longer_than_it_may_is_told_once(at_most_s: float | None, told_in: int | None) -> None:
    texts = said([{"a": "unknown", "b": "clear"}] * 6, at_most_s)
    assert [minute for minute, each in enumerate(texts) if each] == ([] if told_in is None else [told_in])
    assert told_in is None or texts[told_in] == ["HOLD since 2026-01-11T10:00:00Z: nobody knows of a"]


def test_a_hold_that_ended_is_counted_anew() -> None:
    held, well = {"a": "unknown"}, {"a": "clear"}
    texts = said([held, held, well, held, held], 60)
    assert [any(text.startswith("HOLD since") for text in each) for each in texts] == [False, True, False, False, True]


def test_a_message_has_the_facts_and_a_key_of_its_own() -> None:
    announcements = Announcements({"a": "clear"}, 0)
    changed, held = announcements.of(Round(START, (criterion("a", "unknown"),)))
    changes: Any = changed.facts["changes"]
    assert changes == [{"id": "a", "from": "clear", "to": "unknown", "severity": "rollback", "reason": "a is unknown"}]
    assert (changed.facts["verdict"], changed.facts["at"]) == ("HOLD", "2026-01-11T10:00:00Z")
    assert changed.key != held.key
    assert held.facts["unknown"] == ["a"]
