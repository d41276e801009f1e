"""An edit as JSON: pictures as data URLs, which are the same request as a form, and nothing that would be fetched."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from proxy.errors import ProxyError
from proxy.requests import Policy, parse_json_edit
from tests.proxy.conftest import RunningProxy, png, sent_bodies


def _url(content: bytes, head: str = "data:image/png;base64,") -> dict[str, str]:
    return {"image_url": f"{head}{base64.b64encode(content).decode()}"}


def _edit(proxy: RunningProxy, **fields: Any) -> httpx.Response:
    return proxy.send("POST", "/v1/images/edits", json={"prompt": "make it blue", **fields})


def test_it_is_the_same_request_as_a_form(proxy: RunningProxy, upstream: respx.Route) -> None:
    form = proxy.edit([("image", png()), ("image", png(9, 9)), ("mask", png(colour="white"))], n="1")
    body = _edit(proxy, images=[_url(png()), _url(png(9, 9))], mask=_url(png(colour="white")), n=1)

    assert (form.headers["x-cache"], body.headers["x-cache"]) == ("miss", "hit")
    assert form.content == body.content
    assert len(sent_bodies(upstream)[0]["contents"][0]["parts"]) == 5
    assert [event["endpoint"] for event in proxy.events()] == ["edits", "edits"]


@pytest.mark.parametrize("head", ["data:;base64,", "data:image/png;charset=x;base64,", "data:image/webp;base64,"])
def test_what_the_url_says_of_its_content_does_not_matter(
    head: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    assert _edit(proxy, images=[_url(png(), head)]).status_code == 200
    assert sent_bodies(upstream)[0]["contents"][0]["parts"][1]["inlineData"]["mimeType"] == "image/png"


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"images": [{"image_url": "https://images.test/a.png"}]}, "images[0].image_url", "invalid_value"),
        ({"images": [{"image_url": "file:///etc/passwd"}]}, "images[0].image_url", "invalid_value"),
        ({"images": [{"image_url": "data:image/png,abc"}]}, "images[0].image_url", "invalid_value"),
        ({"images": [{"image_url": "data:image/png;base64,%%"}]}, "images[0].image_url", "invalid_image"),
        ({"images": [_url(png()), _url(png()[:40])]}, "images[1].image_url", "invalid_image"),
        ({"images": [{"file_id": "file-1"}]}, "images[0].file_id", "invalid_value"),
        ({"images": [{}]}, "images[0].image_url", "missing_required_parameter"),
        ({"images": ["x"]}, "images[0]", "invalid_value"),
        ({"images": []}, "images", "invalid_value"),
        ({"images": [_url(png())] * 15}, "images", "invalid_value"),
        ({}, "images", "missing_required_parameter"),
        ({"images": [_url(png())], "mask": _url(png(9, 8))}, "mask", "invalid_image"),
        ({"images": [_url(png())], "mask": {"image_url": "x"}}, "mask.image_url", "invalid_value"),
        ({"images": [_url(png())], "style": "vivid"}, "style", "unknown_parameter"),
        ({"images": [_url(png())], "n": "1"}, "n", "invalid_value"),
    ],
)
def test_what_is_wrong_is_named(
    fields: dict[str, Any], param: str, code: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    response = _edit(proxy, **fields)

    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (400, param, code)
    assert not upstream.called


def test_another_type_of_content_names_both_that_are_taken(proxy: RunningProxy) -> None:
    response = proxy.send("POST", "/v1/images/edits", content=b"x", headers={"content-type": "text/plain"})

    assert response.status_code == 415
    assert "multipart/form-data or application/json" in response.json()["error"]["message"]


@given(url=st.text(max_size=60) | st.binary(max_size=60).map(lambda content: _url(content)["image_url"]))
def test_any_url_is_refused_in_an_orderly_way(url: str) -> None:
    with pytest.raises(ProxyError) as refusal:
        parse_json_edit(to_json({"prompt": "x", "images": [{"image_url": url}]}), Policy())
    assert refusal.value.kind.status == 400
