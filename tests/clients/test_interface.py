"""The proxy's own OpenAPI document, held against a running proxy by schemathesis: no 5xx, nothing but what it says."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from proxy.openapi import openapi_document
from tests.proxy.conftest import png
from tests.proxy.running import Stack, running_stack

POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
JSON, FORM = "application/json", "multipart/form-data"
GETS = [path for path, item in openapi_document()["paths"].items() if "get" in item]
DATA_URL = f"data:image/png;base64,{base64.b64encode(png()).decode()}"

schemathesis.openapi.format("binary", st.sampled_from([png(), png(16, 9, "blue"), b"no picture"]))
schemathesis.openapi.format("data-url", st.sampled_from([DATA_URL, "data:image/png;base64,AAAA", "data:"]))

bounded = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("openapi") / "home") as started:
        yield started


def _operation(path: str, method: str, kind: str | None = None) -> APIOperation[Any, Any, Any, Any]:
    """One operation of the document, with one kind of body."""
    document = copy.deepcopy(openapi_document())
    if kind:
        body = document["paths"][path][method]["requestBody"]
        body["content"] = {kind: body["content"][kind]}
    return schemathesis.openapi.from_dict(document)[path][method]


@pytest.mark.parametrize("path", GETS)
def test_what_is_asked_is_answered_as_the_document_says(path: str, stack: Stack) -> None:
    @given(case=_operation(path, "get").as_strategy())
    @settings(bounded, max_examples=5)
    def holds(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(stack.url, headers={"Authorization": f"Bearer {stack.key}"})

    holds()


@pytest.mark.parametrize(
    ("path", "kind", "mode"),
    [
        (GENERATIONS, JSON, POSITIVE),
        (GENERATIONS, JSON, NEGATIVE),
        (EDITS, JSON, POSITIVE),
        (EDITS, JSON, NEGATIVE),
        (EDITS, FORM, POSITIVE),
    ],
)
def test_any_body_is_answered_as_the_document_says(
    path: str, kind: str, mode: schemathesis.GenerationMode, stack: Stack
) -> None:
    statuses = set()
    # Fields that do not go together are valid one by one, and are refused.
    excluded: list[Any] = [positive_data_acceptance, *([negative_data_rejection] if mode is POSITIVE else [])]

    @given(case=_operation(path, "post", kind).as_strategy(generation_mode=mode))
    @bounded
    def holds(case: schemathesis.Case[Any]) -> None:
        if isinstance(case.body, dict) and mode is POSITIVE:
            # The smallest model, and few images: what is asked for is drawn.
            case.body |= {"model": "gemini-3.1-flash-lite-image", "n": 1 if kind == FORM else 2}
        answer = case.call_and_validate(
            stack.url, headers={"Authorization": f"Bearer {stack.key}"}, excluded_checks=excluded
        )
        statuses.add(answer.status_code)

    holds()
    assert (200 if mode is POSITIVE else 400) in statuses
