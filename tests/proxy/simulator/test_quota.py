"""Quotas: of a project and a model, whichever of its keys calls."""

from typing import Any

import pytest

from proxy.simulator.quota import Quotas
from tests.proxy.simulator.service import Service, prompt_body, running


def _error(service: Service, prompt: str, key: str, model: str = "gemini-3-pro-image") -> dict[str, Any] | None:
    answer = service.generate(prompt_body(prompt), model, **{"x-goog-api-key": key})
    return None if answer.status_code == 200 else dict(answer.json()["error"])


def test_keys_of_a_project_share_its_quota_and_models_do_not() -> None:
    with running(quota_per_day=2) as service:
        assert _error(service, "one", "acme:first") is None
        assert _error(service, "two", "acme:second") is None
        full = _error(service, "three", "acme:third")
        assert _error(service, "four", "acme:first", "gemini-2.5-flash-image") is None
        assert _error(service, "five", "another") is None
    assert full is not None
    assert (full["code"], full["status"]) == (429, "RESOURCE_EXHAUSTED")
    quota, retry = full["details"]
    assert quota["violations"][0]["quotaId"] == "GenerateRequestsPerDayPerProjectPerModel"
    assert quota["violations"][0]["quotaDimensions"]["model"] == "gemini-3-pro-image"
    assert retry["retryDelay"] == "29.000000000s"


def test_a_limit_of_zero_is_told_as_such() -> None:
    with running(quota_per_minute=0) as service:
        error = _error(service, "none", "acme:first")
    assert error is not None
    assert "limit: 0" in error["message"]


def test_a_quota_is_set_and_lifted_while_running() -> None:
    with running() as service:
        service.http.post("/_simulator/faults", json={"quota_per_day": 0})
        assert _error(service, "x", "acme:first") is not None
        service.http.post("/_simulator/faults", json={"quota_per_day": None})
        assert _error(service, "x", "acme:first") is None


class _Clock:
    now = 30.25

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("limits", "later", "is_refused"),
    [
        ((1, None), 59.9, True),
        ((1, None), 60.0, False),
        ((None, 1), 60.0, True),
        ((None, 1), 8 * 3600 - 1.0, True),
        ((None, 1), 8 * 3600.0, False),
    ],
)
def test_a_span_ends_with_the_minute_or_at_midnight_in_california(
    limits: tuple[int | None, int | None], later: float, is_refused: bool
) -> None:
    clock = _Clock()
    quotas = Quotas(clock)
    per_minute, per_day = limits
    assert quotas.take("acme:one", "m", per_minute=per_minute, per_day=per_day) is None
    clock.now = later
    assert (quotas.take("acme:two", "m", per_minute=per_minute, per_day=per_day) is not None) == is_refused


def test_the_delay_of_a_minute_is_what_is_left_of_it() -> None:
    quotas = Quotas(_Clock())
    quotas.take("acme", "m", per_minute=1, per_day=None)
    failure = quotas.take("acme", "m", per_minute=1, per_day=None)
    assert failure is not None
    assert b'"retryDelay": "29.750000000s"' in failure.body
