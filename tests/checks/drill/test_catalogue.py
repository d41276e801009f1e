"""The catalogue of faults: each is whole, each is one cause, and names are looked up kindly."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.drill.catalogue import chosen, faults, watched
from checks.drill.fault import Family, Fault
from checks.drill.looking import expanded, machine_checks
from checks.drill.place import Place
from checks.errors import ConfigurationError
from checks.loading import load

ROOT = Path(__file__).parents[3]
STEPLESS = {"release"}


def test_every_check_that_a_fault_names_is_one() -> None:
    ids = [entry.id for entry in load(ROOT / "checklist.yaml", profile="reference", environ={}).entries]
    named = {
        name for fault in faults() if fault.site in {"service", "project", "documents"} for name in fault.caught_by
    }
    named |= {name for site in ("service", "project", "documents") for name in watched()[site]}
    assert {name for name in named - {"lint"} if expanded([name], ids) == (name,)} <= set(ids)


def test_every_criterion_and_step_that_a_fault_names_is_one() -> None:
    rollback = load(ROOT / "checklist.yaml", profile="reference", environ={}).checklist.rollback
    known = {f"rollback/{each.id}" for each in rollback.criteria} | {
        f"procedure/{each.id}" for each in rollback.procedure
    }
    named = {name for fault in faults() if fault.site in {"criteria", "procedure"} for name in fault.caught_by}
    assert named <= known


def test_every_fault_is_injected_or_says_why_not() -> None:
    for fault in faults():
        assert fault.not_possible or fault.before or fault.after or fault.values or fault.site in STEPLESS, fault.id


def test_a_misspelt_fault_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'another-profiles-threshold'"):
        chosen(["another-profile-threshold"], [])
    with pytest.raises(ConfigurationError, match="--family cash: no such thing; did you mean 'cache'"):
        chosen([], ["cash"])


def test_a_family_is_chosen_as_a_whole() -> None:
    assert {fault.family for fault in chosen([], ["configuration"])} == {Family.CONFIGURATION}
    assert chosen([], []) == faults()


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"explode": {}}, "there is no step 'explode'"),
        ({"remove": "a", "write": "b"}, "one name"),
        ({"write": {}}, "path"),
    ],
)
def test_a_step_that_is_none_is_refused(step: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Fault.model_validate(
            {
                "id": "x",
                "family": "cache",
                "breaks": "something or other",
                "how": "somehow",
                "before": [step],
                "caught_by": ["a"],
            }
        )


def test_no_step_leads_out_of_the_drills_folder(tmp_path: Path) -> None:
    import threading
    from contextlib import ExitStack

    place = Place(tmp_path / "place", threading.Event(), ExitStack())
    for path in ("../outside", "/etc/passwd", "home/../../outside"):
        with pytest.raises(ValueError, match="leads out"):
            place.path(path)


def test_every_required_check_of_the_checklist_is_named_by_a_fault_that_is_injected() -> None:
    required = machine_checks(ROOT / "checklist.yaml", {}, "reference")
    named = {name for fault in faults() if not fault.not_possible for name in expanded(fault.caught_by, required)}
    assert sorted(set(required) - named) == []
