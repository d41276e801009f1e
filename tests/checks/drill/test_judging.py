"""What counts as caught, caught elsewhere, missed, and as a false alarm."""

from __future__ import annotations

from typing import Any

import pytest

from checks.drill.fault import Fault
from checks.drill.judging import judged
from checks.drill.outcome import FaultRecord, SeenCheck
from checks.outcome import Status


def fault(**members: Any) -> Fault:
    told = {"id": "x", "family": "cache", "breaks": "something or other", "how": "somehow", "caught_by": ["a"]}
    return Fault.model_validate({**told, **members})


def seen(**statuses: str) -> list[SeenCheck]:
    return [SeenCheck(id=name, status=Status(status), reason=f"of {name}") for name, status in statuses.items()]


def judge(checks: list[SeenCheck], **members: Any) -> FaultRecord:
    return judged(fault(**members), checks, None, 1.0)


@pytest.mark.parametrize("status", ["fail", "no_data", "error", "warn"])
def test_caught_is_what_every_named_check_notices(status: str) -> None:
    record = judge(seen(a=status, b="pass"))
    assert (record.state, record.failed, record.unexpected) == ("caught", ("a",), ())


@pytest.mark.parametrize("status", ["pass", "blocked", "waived", "pending"])
def test_missed_is_what_nobody_notices(status: str) -> None:
    assert judge(seen(a=status, b="pass")).state == "missed"


def test_a_named_check_that_was_not_looked_at_is_missed() -> None:
    assert judge(seen(b="pass")).state == "missed"


def test_what_only_others_notice_is_caught_elsewhere_and_a_false_alarm_unless_it_was_foreseen() -> None:
    record = judge(seen(a="pass", b="fail"))
    assert (record.state, record.unexpected) == ("caught_elsewhere", ("b",))
    assert judge(seen(a="pass", b="fail"), consequences=["b"]).unexpected == ()
    assert judge(seen(a="pass", b="fail"), consequences=["*"]).unexpected == ()


def test_half_noticed_is_not_caught() -> None:
    assert judge(seen(a="fail", c="pass"), caught_by=["a", "c"]).state == "caught_elsewhere"


def test_a_warning_of_a_check_that_is_not_named_is_no_alarm() -> None:
    assert judge(seen(a="fail", b="warn")).unexpected == ()


def test_the_right_reason_is_asked_for() -> None:
    assert judge(seen(a="fail"), says="of a").state == "caught"
    assert judge(seen(a="fail"), says="of another").state == "caught_elsewhere"


def test_a_name_stands_for_all_its_rows() -> None:
    rows = [SeenCheck(id=f"a[{row}]", status=Status.FAIL) for row in ("1", "2")]
    assert judge(rows).expected == ("a[1]", "a[2]")
    rows[1] = SeenCheck(id="a[2]", status=Status.PASS)
    assert judge(rows).state == "caught_elsewhere"


def test_a_fault_is_either_caught_or_not_possible() -> None:
    with pytest.raises(ValueError, match="give either"):
        fault(not_possible="it cannot be")
    with pytest.raises(ValueError, match="give either"):
        fault(caught_by=[])
