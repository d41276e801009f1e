"""Runs of tiny checklists: order, needs, statuses, waivers, and the verdict that follows."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.check import Check, Context
from checks.engine import Options
from checks.errors import ConfigurationError
from checks.outcome import Observation, Status, Verdict
from tests.checks.odd_kinds import HangingCheck, ToldCheck
from tests.checks.running import VERSION, Run, checklist, conducted, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def run(tmp_path: Path, *checks: dict[str, Any], sections: dict[str, Any] | None = None, **request: Any) -> Run:
    return conducted(write(tmp_path, checklist(stage(*checks), **(sections or {}))), **request)


def waiver(check: str = "a", **fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": "w-1",
        "check": check,
        "reason": "known, and mended in the next release",
        "owner": "team",
        "approver": "lead",
        "created": (now - timedelta(days=2)).isoformat(),
        "expires": (now + timedelta(days=2)).isoformat(),
        "release": VERSION,
        **fields,
    }


def test_all_passed_is_go(tmp_path: Path) -> None:
    found = run(tmp_path, told("a"), told("b"))
    assert (found.record.verdict, found.record.reasons) == (Verdict.GO, ())
    assert found.record.counts == {Status.PASS: 2}
    assert found.record.scope == "full"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("fail", "NO-GO"),
        ("no_data", "HOLD"),
        ("error", "HOLD"),
        ("pending", "HOLD"),
        ("blocked", "HOLD"),
        ("warn", "GO"),
    ],
)
def test_one_status_beside_a_pass_makes_the_verdict(tmp_path: Path, status: str, verdict: str) -> None:
    found = run(tmp_path, told("a"), told("b", status))
    assert found.record.verdict == verdict
    assert [reason.partition(":")[0] for reason in found.record.reasons] == ([] if verdict == "GO" else ["b"])


def test_worst_wins_and_stands_first(tmp_path: Path) -> None:
    found = run(tmp_path, told("held", "no_data"), told("failed", "fail"), told("a"))
    assert found.record.verdict is Verdict.NO_GO
    assert [reason.partition(":")[0] for reason in found.record.reasons] == ["failed", "held"]


def test_no_required_check_passed_is_hold(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", required=False), told("b", trial=True))
    assert found.record.verdict is Verdict.HOLD
    assert found.record.reasons == ("no required check passed, so nothing is known",)


def test_an_empty_checklist_is_hold(tmp_path: Path) -> None:
    assert conducted(write(tmp_path, checklist())).record.verdict is Verdict.HOLD


def test_only_lines_that_cannot_exist_are_hold(tmp_path: Path) -> None:
    found = run(tmp_path, {"id": "tray", "title": "Tray icon", "not_applicable": "a server has no tray"})
    assert found.record.verdict is Verdict.HOLD
    assert found["tray"].status is Status.NOT_APPLICABLE
    assert found["tray"].reason == "a server has no tray"


@pytest.mark.parametrize("status", ["fail", "no_data", "error"])
def test_an_advisory_check_that_does_not_pass_warns_and_keeps_its_raw_status(tmp_path: Path, status: str) -> None:
    found = run(tmp_path, told("a"), told("b", status, required=False))
    assert found.record.verdict is Verdict.GO
    assert (found["b"].status, found["b"].raw_status) == (Status.WARN, status)


@pytest.mark.parametrize("status", ["fail", "error", "pass"])
def test_a_trial_runs_and_never_changes_the_verdict(tmp_path: Path, status: str) -> None:
    found = run(tmp_path, told("a"), told("b", status, trial=True), options=Options(fail_fast=True))
    assert (found.record.verdict, found["b"].status) == (Verdict.GO, status)


@pytest.mark.parametrize("status", ["fail", "no_data", "error"])
def test_a_valid_waiver_covers_what_did_not_pass(tmp_path: Path, status: str) -> None:
    found = run(tmp_path, told("a", status), told("b"), sections={"waivers": [waiver()]})
    assert found.record.verdict is Verdict.GO
    assert (found["a"].status, found["a"].raw_status) == (Status.WAIVED, status)
    assert (found["a"].waiver or {})["id"] == "w-1"
    assert found.record.findings == ()


def test_a_waiver_never_covers_a_person_awaited(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", "pending"), told("b"), sections={"waivers": [waiver()]})
    assert (found.record.verdict, found["a"].status) == (Verdict.HOLD, Status.PENDING)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"expires": "2020-01-01", "created": "2019-12-01"}, "expired at 2020-01-01T23:59:59+00:00"),
        ({"release": "v9.9.9"}, "is for release v9.9.9, not v1.0.0"),
        ({"created": "2999-01-01", "expires": "2999-02-01"}, "dated in the future"),
    ],
)
def test_a_waiver_that_does_not_count_is_named(tmp_path: Path, fields: dict[str, Any], named: str) -> None:
    found = run(tmp_path, told("a", "fail"), told("b"), sections={"waivers": [waiver(**fields)]})
    assert (found.record.verdict, found["a"].status) == (Verdict.NO_GO, Status.FAIL)
    assert len(found.record.findings) == 1
    assert named in found.record.findings[0]


def test_a_waiver_that_is_not_needed_is_named(tmp_path: Path) -> None:
    found = run(tmp_path, told("a"), sections={"waivers": [waiver()]})
    assert found.record.findings == ("waiver w-1 is not needed: a passed",)


@pytest.mark.parametrize("status", ["pass", "warn"])
def test_a_need_is_met(tmp_path: Path, status: str) -> None:
    assert run(tmp_path, told("a", status), told("b", needs=["a"])).statuses == {"a": status, "b": "pass"}


def test_a_need_is_met_by_a_waiver(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", "fail"), told("b", needs=["a"]), sections={"waivers": [waiver()]})
    assert found.statuses == {"a": "waived", "b": "pass"}


@pytest.mark.parametrize("status", ["fail", "no_data", "error", "pending"])
def test_an_unmet_need_blocks_and_is_named_down_the_line(tmp_path: Path, status: str) -> None:
    found = run(tmp_path, told("c", needs=["b"]), told("b", needs=["a"]), told("a", status))
    assert found.statuses == {"c": "blocked", "b": "blocked", "a": status}
    assert found["b"].reason == f"needs a ({status})"
    assert found["c"].reason == "needs b (blocked)"
    assert found["b"].expected == {}


def test_a_need_on_a_check_with_rows_is_on_all_of_them(tmp_path: Path) -> None:
    rows = {**told("row", "${each.status}"), "each": [{"id": "x", "status": "pass"}, {"id": "y", "status": "fail"}]}
    found = run(tmp_path, rows, told("b", needs=["row"]))
    assert found.statuses == {"row[x]": "pass", "row[y]": "fail", "b": "blocked"}
    assert found["b"].reason == "needs row[y] (fail)"


def test_a_rollup_is_looked_at_whatever_its_parts_are(tmp_path: Path) -> None:
    rollup = {"id": "sum", "title": "Both", "kind": "rollup", "all_of": ["a", "b"]}
    found = run(tmp_path, rollup, told("a"), told("b", "no_data"))
    assert found["sum"].status is Status.NO_DATA
    assert found["sum"].parts == ("a", "b")


def test_what_comes_after_approval_is_scheduled(tmp_path: Path) -> None:
    later = stage(told("deploy", "fail"), id_="later", after="approval")
    found = conducted(write(tmp_path, checklist(stage(told("a")), later)))
    assert found.record.verdict is Verdict.GO
    assert (found["deploy"].status, found["deploy"].reason) == (Status.SCHEDULED, "due after approval")
    assert [each.verdict for each in found.record.stages] == [Verdict.GO, None]


def test_a_selection_is_partial_and_takes_what_it_needs(tmp_path: Path) -> None:
    checks = told("a"), told("b", needs=["a"], tags=["smoke"]), told("c", "fail")
    found = run(tmp_path, *checks, tags=("smoke",))
    assert found.statuses == {"a": "pass", "b": "pass", "c": "not_selected"}
    assert (found.record.scope, found.record.verdict) == ("partial", Verdict.GO)


def test_a_partial_run_leaves_rollback_out(tmp_path: Path) -> None:
    criteria = [{"id": "c", "title": "C", "any_fails": ["b"]}]
    found = run(tmp_path, told("a"), told("b", "fail"), sections={"rollback": {"criteria": criteria}}, checks=("a",))
    assert (found.record.criteria, found.record.verdict) == ((), Verdict.GO)


def test_fail_fast_starts_nothing_more(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", "fail")), stage(told("b"), id_="second")))
    found = conducted(path, options=Options(fail_fast=True))
    assert found.statuses == {"a": "fail", "b": "blocked"}
    assert "--fail-fast" in found["b"].reason
    assert conducted(path).statuses == {"a": "fail", "b": "pass"}


def test_an_advisory_failure_is_not_what_fail_fast_waits_for(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", "fail", required=False)), stage(told("b"), id_="second")))
    assert conducted(path, options=Options(fail_fast=True)).statuses == {"a": "warn", "b": "pass"}


def test_stages_follow_each_other_and_checks_of_one_run_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(check: Check, context: Context) -> Observation:
        if check.id != "last":
            both.wait()
        return Observation(status=Status.PASS)

    monkeypatch.setattr(ToldCheck, "observe", meet)
    path = write(tmp_path, checklist(stage(told("a"), told("b")), stage(told("last"), id_="second")))
    found = conducted(path, options=Options(jobs=2))
    assert set(found.statuses.values()) == {"pass"}
    names = [(event.name, event.facts.get("check") or event.facts.get("stage")) for event in found.events]
    assert names.index(("stage_finished", "first")) < names.index(("check_started", "last"))


def test_jobs_bound_how_many_are_looked_at_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[str] = []
    most: list[int] = []

    def count(check: Check, context: Context) -> Observation:
        running.append(check.id)
        most.append(len(running))
        running.remove(check.id)
        return Observation(status=Status.PASS)

    monkeypatch.setattr(ToldCheck, "observe", count)
    found = run(tmp_path, *(told(f"c-{number}") for number in range(12)), options=Options(jobs=1))
    assert max(most) == 1
    assert len(found.record.checks) == 12


@pytest.mark.parametrize("jobs", [1, 4])
def test_the_number_of_jobs_changes_no_status(tmp_path: Path, jobs: int) -> None:
    checks = [told("c", needs=["b"]), told("b", needs=["a"]), told("a"), told("x", "fail"), told("y", needs=["x"])]
    found = run(tmp_path, *checks, options=Options(jobs=jobs))
    assert found.statuses == {"c": "pass", "b": "pass", "a": "pass", "x": "fail", "y": "blocked"}


def test_an_interrupted_run_says_what_it_did_not_look_at(tmp_path: Path) -> None:
    HangingCheck.began.clear()
    stop = threading.Event()
    path = write(
        tmp_path,
        checklist(
            stage({"id": "hangs", "title": "Hangs", "kind": "hanging"}, told("a")), stage(told("b"), id_="second")
        ),
    )

    def interrupt() -> None:
        HangingCheck.began.wait(10)
        stop.set()

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    found = conducted(path, stop=stop)
    waiting.join()
    assert (found.record.interrupted, found.record.verdict) == (True, Verdict.HOLD)
    assert (found["hangs"].status, found["hangs"].reason) == (Status.ERROR, "interrupted")
    assert found["b"].status is Status.BLOCKED
    assert "interrupted" in found["b"].reason
    assert any("the run was interrupted" in reason for reason in found.record.reasons)


def test_where_no_server_is_named_there_is_none_to_ask_what_it_is(tmp_path: Path) -> None:
    found = run(tmp_path, told("a"), {**told("b"), "kind": "of-target"})
    assert (found["b"].status, found.record.target.version) == (Status.PASS, None)


def test_of_an_exclusive_group_one_is_looked_at_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside: list[tuple[str, ...]] = []
    running: set[str] = set()
    free_met = threading.Barrier(2, timeout=10)

    def look(check: Check, context: Context) -> Observation:
        running.add(check.id)
        beside.append(tuple(sorted(name for name in running if name.startswith("one"))))
        if check.id in {"one-a", "free"}:
            free_met.wait()
        running.discard(check.id)
        return Observation(status=Status.PASS)

    monkeypatch.setattr(ToldCheck, "observe", look)
    found = run(tmp_path, *(told(f"one-{each}", exclusive="database") for each in "abc"), told("free"))
    assert set(found.statuses.values()) == {"pass"}
    assert max(map(len, beside)) == 1


def test_a_waiver_of_a_rollup_or_by_its_own_owner_is_named(tmp_path: Path) -> None:
    rollup = {"id": "sum", "title": "Both", "kind": "rollup", "all_of": ["a", "b"]}
    given = waiver("sum", approver="Team")
    found = run(tmp_path, told("a"), told("b", "fail"), rollup, sections={"waivers": [given]})
    assert found.record.verdict is Verdict.NO_GO
    assert found.record.findings == (
        "waiver w-1 is over-broad: sum is rolled up from 2 checks; waive the one that fails",
        "waiver w-1 was approved by its own owner, team",
    )


def test_a_waiver_for_ever_is_refused_unless_the_checklist_allows_it(tmp_path: Path) -> None:
    dates = {"created": "2026-01-01", "expires": "2027-01-01"}
    with pytest.raises(ConfigurationError, match="w-1 counts for longer than 90 days"):
        run(tmp_path, told("a"), sections={"waivers": [waiver(**dates)]})
    assert run(tmp_path, told("a"), sections={"waivers": [waiver(**dates)], "longest_waiver": "366d"}).record.checks
