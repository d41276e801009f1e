from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.effects import Allowance, most_paid_requests, refusals
from checks.kinds.backup import BackupCheck
from checks.kinds.http import HttpCheck
from checks.kinds.sequence import SequenceCheck
from tests.checks.kinds.conftest import Make
from tests.checks.kinds.conftest import make as make
from tests.checks.odd_kinds import ToldCheck
from tests.checks.running import checklist, conducted, stage, told, write

PAID: dict[str, Any] = {"effect": "paid", "expect": {"value": 1}, "value": 1}


def of_profile(allow: dict[str, Any] | None, *checks: dict[str, Any]) -> dict[str, Any]:
    profile = {"answer": 1} | ({"allow": allow} if allow is not None else {})
    return checklist(stage(*checks), profiles={"live": profile}, default_profile="live")


def test_an_effect_that_the_profile_does_not_allow_is_refused_before_it_is_run(tmp_path: Path, plugin: Path) -> None:
    mark = tmp_path / "written"
    writes = {"id": "writes", "title": "It writes", "kind": "command", "command": ["touch", str(mark)]}
    path = write(
        tmp_path,
        of_profile({"effects": ["read"]}, told("looks"), {**writes, "effect": "write", "expect": {"exit_code": 0}}),
    )
    run = conducted(path)
    assert run.statuses == {"looks": "pass", "writes": "blocked"}
    assert run["writes"].reason == "refused: its effect is write, and the profile allows read"
    assert run.record.verdict == "HOLD"
    assert not mark.exists()


def test_without_a_word_all_is_allowed(tmp_path: Path, plugin: Path) -> None:
    assert conducted(write(tmp_path, of_profile(None, told("pays", **PAID)))).statuses == {"pays": "pass"}


def test_paid_requests_are_bounded_over_the_whole_run(tmp_path: Path, plugin: Path) -> None:
    allow = {"effects": ["read", "paid"], "paid_requests": 5}
    path = write(
        tmp_path,
        of_profile(
            allow,
            told("three", paid_requests=3, **PAID),
            told("retried", paid_requests=1, retry={"times": 2, "every": "1ms"}, **PAID),
            told("two", paid_requests=2, **PAID),
            told("unknown", **PAID),
        ),
    )
    run = conducted(path)
    assert run.statuses == {"three": "pass", "retried": "blocked", "two": "pass", "unknown": "blocked"}
    assert run["retried"].reason == "refused: it makes up to 3 paid requests; 2 of the profile's 5 are left"
    assert "cannot be told how many" in run["unknown"].reason


def test_the_effect_goes_by_kind_and_method(make: Make) -> None:
    step = {"name": "one", "url": "/"}
    assert make(HttpCheck, url="/").acts == "read"
    assert make(HttpCheck, url="/", json={}).acts == "traffic"
    assert make(HttpCheck, url="/", json={}, effect="paid").acts == "paid"
    assert make(SequenceCheck, steps=[step]).acts == "read"
    assert make(SequenceCheck, steps=[step, {"name": "two", "url": "/", "method": "DELETE"}]).acts == "traffic"
    assert make(BackupCheck, of=["x"], to="y").acts == "write"


def test_requests_are_counted_with_every_repetition(make: Make) -> None:
    steps = [{"name": "one", "url": "/", "times": 4}, {"name": "two", "url": "/"}]
    assert most_paid_requests(make(SequenceCheck, steps=steps)) == 5
    assert most_paid_requests(make(HttpCheck, url="/", repeat={"every": "2s", "for": "5s"})) == 4


@pytest.mark.parametrize(
    ("allow", "what"),
    [
        ({"effects": ["reads"]}, "'reads'"),
        ({"effects": ["read"], "paid_requests": 3}, "not among `effects`"),
        ({"effects": ["paid"], "paid_requests": -1}, "paid_requests"),
        ({"paid_requests": 3}, "'effects' is missing"),
    ],
)
def test_an_allowance_that_means_nothing_is_an_error(tmp_path: Path, allow: dict[str, Any], what: str) -> None:
    from checks.loading import load

    problems = load(write(tmp_path, of_profile(allow)), environ={}).problems
    assert any(what in str(problem) for problem in problems), problems


@given(wanted=st.lists(st.integers(0, 9), max_size=12), bound=st.integers(0, 30))
def test_what_may_run_never_exceeds_the_bound(wanted: list[int], bound: int) -> None:
    checks = {
        str(place): ToldCheck(id="it", title="It", kind="told", effect="paid", paid_requests=number)
        for place, number in enumerate(wanted)
    }
    refused = refusals(checks, Allowance(effects=("paid",), paid_requests=bound))
    spent = sum(number for place, number in enumerate(wanted) if str(place) not in refused)
    assert spent <= bound
    assert all(spent + wanted[int(place)] > bound for place in refused)
