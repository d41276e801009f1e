"""The proxy's own OpenAPI document names all that it has; that it is true is shown in tests/clients."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from proxy.application import build_application
from proxy.errors import ERRORS
from proxy.openapi import openapi_document
from tests.proxy.conftest import RunningProxy

GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"


def test_it_is_served_to_everybody(proxy: RunningProxy) -> None:
    answer = proxy.send("GET", "/openapi.json", headers={"authorization": ""})

    assert (answer.status_code, answer.json()) == (200, openapi_document())


def test_the_document_has_every_route_and_no_other(proxy: RunningProxy) -> None:
    routes = {route.path for route in build_application(proxy.service).routes if isinstance(route, Route)}

    assert set(openapi_document()["paths"]) == routes


def test_the_document_has_every_error_of_the_image_endpoints_by_its_status() -> None:
    responses = openapi_document()["paths"][GENERATIONS]["post"]["responses"]
    told: dict[str, int] = {}
    for status, response in responses.items():
        if status != "200":
            error = response["content"]["application/json"]["schema"]["properties"]["error"]
            told |= dict.fromkeys(error["properties"]["code"]["enum"], int(status))

    assert told == {
        code: kind.status for code, kind in ERRORS.items() if code not in ("unknown_url", "method_not_allowed")
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "QUERY"])
def test_other_methods_name_the_one_that_is_allowed(method: str, proxy: RunningProxy) -> None:
    for path in (GENERATIONS, EDITS):
        answer = proxy.send(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json()["error"]["code"] == "method_not_allowed"
