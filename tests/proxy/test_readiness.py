"""/readyz tells accounts, cache and disk apart; only what keeps requests from being served makes it 503."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import respx

from proxy import readiness
from proxy.home import Home
from tests.proxy.conftest import RunningProxy, refused


def _told(proxy: RunningProxy) -> tuple[int, dict[str, Any]]:
    response = proxy.send("GET", "/readyz", headers={"authorization": ""})
    return response.status_code, response.json()


def test_healthy_proxy_is_in_order_in_all_three(proxy: RunningProxy) -> None:
    status, told = _told(proxy)

    assert (status, told["ready"], told["client_keys"]) == (200, True, 1)
    assert [told[part]["ok"] for part in ("accounts", "cache", "disk")] == [True, True, True]
    assert told["disk"]["free_bytes"] > 0


def test_resting_accounts_make_it_unready_and_nothing_else(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: refused(429, "RESOURCE_EXHAUSTED"))
    proxy.generate()
    status, told = _told(proxy)

    assert (status, told["ready"]) == (503, False)
    assert (told["accounts"]["ok"], told["accounts"]["usable"], told["accounts"]["cooled"]) == (False, 0, 2)
    assert (told["cache"]["ok"], told["disk"]["ok"]) == (True, True)


def test_broken_cache_is_told_and_requests_are_served(home: Home, start_proxy: Callable[..., RunningProxy]) -> None:
    home.cache.write_text("in the way")
    status, told = _told(start_proxy())

    assert (status, told["ready"]) == (200, True)
    assert (told["accounts"]["ok"], told["cache"]["ok"], told["disk"]["ok"]) == (True, False, True)


def test_full_disk_is_told_and_requests_are_served(proxy: RunningProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 1 << 62)
    status, told = _told(proxy)

    assert (status, told["accounts"]["ok"], told["cache"]["ok"], told["disk"]["ok"]) == (200, True, True, False)


def test_log_that_cannot_be_written_is_told_until_it_can(proxy: RunningProxy) -> None:
    descriptor = proxy.service.log.file._descriptor
    kept = os.dup(descriptor)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, descriptor)  # the only way to a full disk without one
    proxy.send("GET", "/v1/images/generations")
    broken = _told(proxy)[1]["disk"]
    os.dup2(kept, descriptor)
    os.close(full)
    os.close(kept)
    proxy.send("GET", "/v1/images/generations")

    assert (broken["ok"], broken["log_works"]) == (False, False)
    assert _told(proxy)[1]["disk"]["log_works"] is True
