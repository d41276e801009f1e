"""Only a known key gets in, on every endpoint that costs or tells something."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Callable

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from proxy.authentication import ClientKeys
from proxy.errors import ProxyError
from tests.proxy.conftest import RunningProxy


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer  first",
        "first",
        "Basic first",
        "Bearer first ",
        "Bearer FIRST",
        "Bearer é",
    ],
)
def test_anything_else_than_the_key_is_refused(header: str | None) -> None:
    with pytest.raises(ProxyError, match="invalid_api_key"):
        ClientKeys(["first"], []).tenant(header)


def test_plain_and_hashed_keys_are_accepted_and_told_apart() -> None:
    keys = ClientKeys(["first"], [_digest("second")])

    assert keys.tenant("Bearer first") == _digest("first")
    assert keys.tenant("bearer second") == _digest("second")


@given(header=st.none() | st.text())
def test_no_keys_refuse_everything(header: str | None) -> None:
    with pytest.raises(ProxyError):
        ClientKeys([], []).tenant(header)


@pytest.mark.parametrize("header", ["Bearer first", "Bearer second", "Bearer wrong", None])
def test_every_key_is_compared_in_constant_time_whichever_was_given(
    header: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def noted(given: str, accepted: str) -> bool:
        compared.append(accepted)
        return given == accepted

    monkeypatch.setattr(hmac, "compare_digest", noted)
    keys = ClientKeys(["first"], [_digest("second")])
    with contextlib.suppress(ProxyError):
        keys.tenant(header)

    assert sorted(compared) == sorted([_digest("first"), _digest("second")])


def test_digest_itself_is_no_key() -> None:
    with pytest.raises(ProxyError):
        ClientKeys([], [_digest("second")]).tenant(f"Bearer {_digest('second')}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/images/edits"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/gemini-3-pro-image"),
        ("GET", "/internal/stats"),
        ("GET", "/internal/upstream-calls"),
    ],
)
def test_endpoint_asks_for_the_key(method: str, path: str, proxy: RunningProxy, upstream: respx.Route) -> None:
    for header in ("Bearer wrong", ""):
        response = proxy.send(method, path, headers={"authorization": header})
        assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
    assert not upstream.called


def test_body_is_not_read_before_the_key_is_checked(proxy: RunningProxy) -> None:
    response = proxy.send(
        "POST",
        "/v1/images/generations",
        content=b"x" * 60_000_000,
        headers={"authorization": "Bearer wrong", "content-type": "application/json"},
    )

    assert response.status_code == 401


def test_keys_of_environment_and_home_both_hold(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    assert upstream is not None
    proxy = start_proxy(IMAGE_PROXY_API_KEYS="one-key,other-key")

    for key in ("one-key", "other-key", proxy.key):
        assert proxy.generate(headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert proxy.send("GET", "/v1/models", headers={"authorization": "Bearer one-key,other-key"}).status_code == 401
