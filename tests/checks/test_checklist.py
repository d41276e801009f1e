from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.waiver import Waiver


def waiver(**fields: Any) -> Waiver:
    return Waiver.model_validate(
        {
            "id": "w",
            "check": "a",
            "reason": "known, and mended in the next release",
            "owner": "team",
            "approver": "lead",
            "created": "2026-01-01",
            "expires": "2026-01-31",
            "release": "v1",
            **fields,
        }
    )


def test_a_bare_date_is_the_end_of_that_day_in_utc() -> None:
    assert waiver().expires == datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert waiver(expires="2026-01-31T10:00:00Z").expires == datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {"expires": "2026-01-31T10:00:00"},
        {"expires": "2026-01-31T10:00:00+02:00"},
        {"expires": 20260131},
        {"expires": "2025-12-31"},
        {"expires": None},
        {"reason": "short"},
        {"approver": None},
    ],
)
def test_a_waiver_without_an_end_a_zone_or_a_reason_is_none(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        waiver(**fields)


@given(st.integers(-100, 100), st.sampled_from(["a", "b"]), st.sampled_from(["v1", "v2"]))
def test_it_covers_its_own_check_of_its_own_release_inside_its_dates(days: int, check: str, release: str) -> None:
    given_waiver = waiver()
    now = given_waiver.created + timedelta(days=days)
    inside = given_waiver.created <= now <= given_waiver.expires
    assert given_waiver.covers(check, release, now) is (inside and check == "a" and release == "v1")
