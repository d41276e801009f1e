"""Fifteen ways in which popular gates pass when they should not, and the invariants that rule them out; a row each.

Each row would fail on the peer's behaviour, which its first words name.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from checks.engine import Options
from checks.errors import ConfigurationError
from checks.outcome import Observation, RunRecord, Status
from signoff.views import Format, view
from tests.checks.odd_kinds import ToldCheck
from tests.checks.running import VERSION, Run, checklist, conducted, stage, told, write
from tests.signoff.conftest import Command, signoff
from tests.signoff.signing import gated, line, make_key, run_of

__all__ = ["signoff"]

pytestmark = pytest.mark.usefixtures("plugin")

Patch = pytest.MonkeyPatch


def run(folder: Path, *checks: dict[str, Any], **given: Any) -> Run:
    sections = given.pop("sections", {})
    return conducted(write(folder, checklist(stage(*checks), **sections)), **given)


def ends(found: Run, verdict: str, reason: str) -> None:
    """The verdict is this one, and its first reason says this."""
    assert found.record.verdict == verdict
    assert reason in found.record.reasons[0]


def waiver(**fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    dates = {"created": f"{now - timedelta(days=9):%Y-%m-%d}", "expires": f"{now + timedelta(days=9):%Y-%m-%d}"}
    said = {"reason": "known, and mended in the next", "owner": "team", "approver": "lead", "release": VERSION}
    return {"id": "w-1", "check": "a", **said, **dates, **fields}


def no_condition(folder: Path, patch: Patch) -> None:
    ends(run(folder, told("a", None, value=1), told("b")), "HOLD", "nothing is expected")


def not_a_number(folder: Path, patch: Patch) -> None:
    patch.setattr(ToldCheck, "observe", lambda check, context: Observation({"value": math.nan}))
    for bound in ({"at_most": 5}, {"at_least": 5}, {"not_equals": 5}):
        found = run(folder, told("a", None, expect={"value": bound}))
        assert (found.record.verdict, found["a"].status) == ("HOLD", Status.NO_DATA)


def stopped_before_the_first_measurement(folder: Path, patch: Patch) -> None:
    stop = threading.Event()
    stop.set()
    found = run(folder, told("a"), stop=stop)
    assert (found.record.verdict, found.record.interrupted, found["a"].attempts) == ("HOLD", True, ())


def all_on_trial(folder: Path, patch: Patch) -> None:
    ends(run(folder, told("a", trial=True), told("b", required=False)), "HOLD", "no required check passed")


def severity_by_the_last_writer(folder: Path, patch: Patch) -> None:
    for checks in ([told("a", "fail"), told("b", "error")], [told("b", "error"), told("a", "fail")]):
        ends(run(folder, *checks), "NO-GO", "a: fail")


def errors_in_turn_with_passes(folder: Path, patch: Patch) -> None:
    seen = cycle([Status.PASS, Status.ERROR])
    patch.setattr(ToldCheck, "observe", lambda check, context: Observation(status=next(seen), reason="every other"))
    found = run(folder, told("a", repeat={"every": "10ms", "for": "100ms"}))
    assert (found.record.verdict, found["a"].status) == ("HOLD", Status.ERROR)


def an_exception_that_disappears(folder: Path, patch: Patch) -> None:
    raising = {"id": "a", "title": "A", "kind": "raising"}
    ends(run(folder, raising, *(told(f"b-{each}") for each in range(9))), "HOLD", "raised RuntimeError")


def no_data_among_many(folder: Path, patch: Patch) -> None:
    ends(run(folder, told("a", "no_data"), *(told(f"b-{each}") for each in range(9))), "HOLD", "a: no_data")


def noise_in_the_verdict(folder: Path, patch: Patch) -> None:
    checks = [told("a", None, value=5, expect={"value": {"at_most": 5}}), told("b", "fail")]
    one, two = run(folder, *checks), run(folder, *checks)
    assert (one.record.verdict, one.record.reasons) == (two.record.verdict, two.record.reasons)


def a_percentile_of_nothing(folder: Path, patch: Patch) -> None:
    (folder / "log.jsonl").write_text("")
    metric = {"id": "a", "title": "A", "kind": "metric", "measure": "latency.p95", "expect": {"at_most": "500ms"}}
    logs = {"target": {"logs": {"format": "image-proxy", "paths": [str(folder / "log.jsonl")]}}}
    found = run(folder, metric, told("b"), sections=logs)
    assert (found.record.verdict, found["a"].status) == ("HOLD", Status.NO_DATA)


def everything_skipped(folder: Path, patch: Patch) -> None:
    skipped = {"id": "a", "title": "A", "not_applicable": "there is none of it here"}
    ends(run(folder, skipped), "HOLD", "no required check passed")


def a_waiver_for_ever(folder: Path, patch: Patch) -> None:
    endless = {key: value for key, value in waiver().items() if key != "expires"}
    with pytest.raises(ConfigurationError, match="expires"):
        run(folder, told("a", "fail"), sections={"waivers": [endless]})
    over = waiver(created="2020-01-01", expires="2020-01-02")
    ends(run(folder, told("a", "fail"), told("b"), sections={"waivers": [over]}), "NO-GO", "a: fail")


def a_rehearsal_that_reports_success(folder: Path, patch: Patch) -> None:
    step = {"id": "back", "title": "Back", "do": [["no-such-program"]]}
    found = run(folder, told("a"), sections={"rollback": {"procedure": [step]}})
    ends(found, "HOLD", "rollback step back: not ready")
    bounds = told("a", None, value=2, expect={"value": [1, 3]})
    assert run(folder, bounds).record.verdict == "NO-GO"


def the_first_failure_hides_the_others(folder: Path, patch: Patch) -> None:
    found = run(folder, told("a", "fail"), told("b", "fail"), told("c"), options=Options(jobs=1))
    assert [each.partition(":")[0] for each in found.record.reasons] == ["a", "b"]


PEERS = {
    "argo: no condition is success": no_condition,
    "argo, keptn: NaN passes": not_a_number,
    "argo: stopped before the first measurement is success": stopped_before_the_first_measurement,
    "argo: all metrics in dry run is success": all_on_trial,
    "argo: severity by the last writer": severity_by_the_last_writer,
    "argo: alternating errors never end a run": errors_in_turn_with_passes,
    "kayenta: a classifier's exception disappears": an_exception_that_disappears,
    "kayenta: no data passes while half of the metrics have some": no_data_among_many,
    "kayenta: noise is added to constant series": noise_in_the_verdict,
    "k6: an empty trend reads 0": a_percentile_of_nothing,
    "goss: everything skipped is OK": everything_skipped,
    "inspec: a waiver without a date is for ever": a_waiver_for_ever,
    "chaostoolkit: a dry run meets the hypothesis": a_rehearsal_that_reports_success,
    "flagger: the first failing metric hides the others": the_first_failure_hides_the_others,
}


@pytest.mark.parametrize("row", PEERS.values(), ids=list(PEERS))
def test_a_peer_s_failure_is_none_of_ours(
    tmp_path: Path, monkeypatch: Patch, row: Callable[[Path, Patch], None]
) -> None:
    row(tmp_path, monkeypatch)


def test_github_an_approval_outlives_what_was_approved(signoff: Command, tmp_path: Path) -> None:
    run_folder = run_of(signoff, tmp_path / "x", told("a"))
    key = make_key(tmp_path, "alice")
    (tmp_path / "allowed").write_text(f"{line(key)}\n")
    assert signoff("approve", run_folder, "--role", "qa-lead", "--key", key).code == 0
    assert gated(signoff, run_folder, tmp_path / "allowed")[0] == 0
    assert signoff("rerun", run_folder, "a", "--reason", "another build of it").code == 0
    assert gated(signoff, run_folder, tmp_path / "allowed")[0] == 3


ORDER = ["NO-GO", "HOLD", "GO"]


def removing_evidence(folder: Path) -> None:
    whole = run(folder, told("a"), told("b", "fail")).record.verdict
    for left in ([told("a", "no_data"), told("b", "fail")], [told("a"), told("b", "no_data", required=True)]):
        assert run(folder, *left).record.verdict != "GO"
    assert whole == "NO-GO"


def adding_an_error(folder: Path) -> None:
    for checks in ([told("a")], [told("a", "fail")], [told("a", "no_data")]):
        before, after = (run(folder, *checks, *more).record.verdict for more in ([], [told("x", "error")]))
        assert ORDER.index(after) <= ORDER.index(before)


def order_and_parallelism(folder: Path) -> None:
    checks = [told("a"), told("b", "fail"), told("c", needs=["a"]), told("d", "no_data")]
    shown = [run(folder, *each, options=Options(jobs=jobs)) for each in (checks, checks[::-1]) for jobs in (1, 4)]
    assert {(each.record.verdict, tuple(sorted(each.statuses.items()))) for each in shown} == {
        (shown[0].record.verdict, tuple(sorted(shown[0].statuses.items())))
    }


def a_waiver_and_its_own_check(folder: Path) -> None:
    found = run(folder, told("a", "fail"), told("b", "fail"), sections={"waivers": [waiver()]})
    assert (found.statuses, found.record.verdict) == ({"a": "waived", "b": "fail"}, "NO-GO")


def a_cause_for_what_is_not_go(folder: Path) -> None:
    for status in ("fail", "no_data", "error", "pending", "blocked"):
        found = run(folder, told("a", status), told("b"))
        assert found.record.reasons
        assert found["a"].evidence


def a_stricter_threshold(folder: Path) -> None:
    held = [
        run(folder, told("a", None, value=5, expect={"value": {"at_most": bound}})).record.verdict
        for bound in (9, 5, 4, 1)
    ]
    assert held == ["GO", "GO", "NO-GO", "NO-GO"]


def a_planted_secret(folder: Path) -> None:
    secret = "planted-0123456789"
    found = run(folder, told("a", "fail", note="said ${env:CANARY_KEY}"), environ={"CANARY_KEY": secret})
    written = [path for path in found.folder.path.rglob("*") if path.is_file() and path.name != "checklist.yaml"]
    assert written
    assert [path for path in written if secret.encode() in path.read_bytes()] == []


def the_same_bytes(folder: Path) -> None:
    checks = [told("a"), told("b", "fail"), told("c", needs=["b"]), told("d", "no_data")]
    noon = "2026-01-11T12:00:00Z"
    clock = {"run_id": "r", "nonce": "n", "duration_ms": 1.0, "started_at": noon, "finished_at": noon}

    def at_noon(part: Any) -> Any:
        if isinstance(part, list):
            return [at_noon(each) for each in part]
        if not isinstance(part, dict):
            return part
        return {
            key: clock[key] if key in clock and value is not None else at_noon(value) for key, value in part.items()
        }

    runs = [run(folder, *checks, options=Options(jobs=jobs)) for jobs in (1, 4)]
    records = [RunRecord.model_validate(at_noon(json.loads(each.record.model_dump_json()))) for each in runs]
    for form in Format:
        one, other = (view(each.folder.path, record, form) for each, record in zip(runs, records, strict=True))
        assert one == other, form


def no_required_check(folder: Path) -> None:
    for left in ([], [told("a", required=False)], [told("a", trial=True)], [told("a", "pending")]):
        assert run(folder, *left).record.verdict == "HOLD"


INVARIANTS = {
    "the same evidence, checklist and clock give the same bytes": the_same_bytes,
    "no required check looked at is not GO": no_required_check,
    "removing evidence never improves a verdict": removing_evidence,
    "adding an error never improves a verdict": adding_an_error,
    "order and parallelism do not change the verdict": order_and_parallelism,
    "a waiver changes its own check only": a_waiver_and_its_own_check,
    "what is not GO names a cause with evidence": a_cause_for_what_is_not_go,
    "a stricter threshold never turns fail into pass": a_stricter_threshold,
    "a planted secret appears in no output": a_planted_secret,
}


@pytest.mark.parametrize("row", INVARIANTS.values(), ids=list(INVARIANTS))
def test_an_invariant_holds(tmp_path: Path, row: Callable[[Path], None]) -> None:
    row(tmp_path)
