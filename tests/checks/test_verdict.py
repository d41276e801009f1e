"""The verdict's invariants, over made-up results: nothing that is missing or broken ever makes it better."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checks.outcome import Criterion, ProcedureStep, Result, Status, Verdict
from checks.verdict import of_result, of_results, of_run

ORDER = [Verdict.GO, Verdict.HOLD, Verdict.NO_GO]


def result(**fields: Any) -> Result:
    return Result.model_validate(
        {"id": "a", "title": "A", "stage": "s", "kind": "told", "status": "pass", "required": True, **fields}
    )


def criterion(state: str) -> Criterion:
    return Criterion.model_validate(
        {
            "id": "c",
            "title": "C",
            "state": state,
            "measure": "errors.rate",
            "observed": None,
            "expected": "x",
            "for_s": 1,
            "samples": 0,
            "reason": "because",
        }
    )


def step(state: str) -> ProcedureStep:
    return ProcedureStep.model_validate({"id": "p", "title": "P", "state": state, "dry_run": (), "reason": "because"})


results = st.lists(
    st.builds(
        lambda status, required, trial: result(status=status, required=required, trial=trial),
        st.sampled_from(list(Status)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)
criteria = st.lists(st.sampled_from(["clear", "breached", "unknown"]).map(criterion), max_size=3)
steps = st.lists(st.sampled_from(["ready", "not_ready"]).map(step), max_size=3)


def verdict(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep], *, interrupted: bool = False
) -> Verdict:
    return of_run(found, rules, procedure, interrupted=interrupted)[0]


def at_least_as_bad(one: Verdict, other: Verdict) -> bool:
    return ORDER.index(one) >= ORDER.index(other)


@given(results, criteria, steps, st.randoms())
def test_order_does_not_matter(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep], shuffle: Any
) -> None:
    mixed = list(found)
    shuffle.shuffle(mixed)
    assert verdict(found, rules, procedure) is verdict(mixed, rules[::-1], procedure[::-1])


@given(results, criteria, steps, st.sampled_from(["no_data", "error", "pending", "blocked", "fail"]))
def test_one_more_that_did_not_pass_never_improves_it(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep], status: str
) -> None:
    more = verdict([*found, result(status=status)], rules, procedure)
    assert at_least_as_bad(more, verdict(found, rules, procedure))
    assert more is not Verdict.GO


@given(results, criteria, steps, st.data())
def test_a_check_that_loses_its_evidence_never_improves_it(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep], data: st.DataObject
) -> None:
    passed = [place for place, each in enumerate(found) if each.status is Status.PASS]
    if passed:
        place = data.draw(st.sampled_from(passed))
        lost = [*found[:place], found[place].model_copy(update={"status": Status.NO_DATA}), *found[place + 1 :]]
        assert at_least_as_bad(verdict(lost, rules, procedure), verdict(found, rules, procedure))


@given(results, criteria, steps, st.data())
def test_without_a_passed_check_it_never_improves(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep], data: st.DataObject
) -> None:
    passed = [place for place, each in enumerate(found) if each.status is Status.PASS]
    if passed:
        place = data.draw(st.sampled_from(passed))
        assert at_least_as_bad(
            verdict(found[:place] + found[place + 1 :], rules, procedure), verdict(found, rules, procedure)
        )


@given(results, criteria, steps, st.sampled_from(list(Status)))
def test_a_trial_never_changes_it(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep], status: Status
) -> None:
    assert verdict([*found, result(status=status, trial=True)], rules, procedure) is verdict(found, rules, procedure)


@given(results, criteria, steps)
def test_an_interrupted_run_and_an_unknown_or_unready_rollback_are_never_go(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep]
) -> None:
    now = verdict(found, rules, procedure)
    for worse in (
        verdict(found, rules, procedure, interrupted=True),
        verdict(found, [*rules, criterion("unknown")], procedure),
        verdict(found, rules, [*procedure, step("not_ready")]),
    ):
        assert worse is not Verdict.GO
        assert at_least_as_bad(worse, now)
    assert verdict(found, [*rules, criterion("breached")], procedure) is Verdict.NO_GO
    assert verdict(found, [*rules, criterion("clear")], [*procedure, step("ready")]) is now


@given(results, criteria, steps)
def test_what_is_not_go_names_a_cause_and_go_rests_on_a_pass(
    found: list[Result], rules: list[Criterion], procedure: list[ProcedureStep]
) -> None:
    said, reasons = of_run(found, rules, procedure, interrupted=False)
    assert (said is Verdict.GO) == (not reasons)
    if said is Verdict.GO:
        assert any(of_result(each) is Verdict.GO for each in found)


def test_a_stage_says_the_worst_of_its_own_or_nothing() -> None:
    assert of_results([]) is None
    assert of_results([result(status="scheduled"), result(status="not_applicable")]) is None
    assert of_results([result(), result(status="pending")]) is Verdict.HOLD
    assert of_results([result(status="warn"), result(status="waived")]) is Verdict.GO
