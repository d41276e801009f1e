"""SIGHUP: what can change changes without a request lost, what cannot is named, and a mistake changes nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.atomic import write_private
from proxy.errors import StartError
from proxy.home import ClientKey, Home, initialise
from proxy.settings import read_settings
from tests.proxy.processes import Served, served
from tests.proxy.waiting import until


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without client keys."""
    return Home(initialise(tmp_path / "home")[0])


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Path]:
    """Writes the settings file."""

    def write(**values: str) -> Path:
        path = tmp_path / "settings.env"
        write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()).encode())
        return path

    return write


@pytest.fixture
def server(home: Home, settings: Callable[..., Path]) -> Iterator[Served]:
    """A server with a settings file that stands above its environment."""
    path = settings(GEMINI_IMAGE_SAFETY_THRESHOLD="LOW", IMAGE_PROXY_API_KEYS="first-key")
    with served(home.path, IMAGE_PROXY_SETTINGS_FILE=str(path), GEMINI_IMAGE_SAFETY_THRESHOLD="HIGH") as running:
        yield running


def _events(home: Home, name: str) -> list[dict[str, Any]]:
    return [event for event in map(json.loads, home.log.read_text().splitlines()) if event["event"] == name]


def _reload(server: Served, home: Home, event: str) -> dict[str, Any]:
    server.process.send_signal(signal.SIGHUP)
    until(lambda: bool(_events(home, event)))
    return _events(home, event)[-1]


def _threshold(server: Served, key: str) -> object:
    return server.get("/internal/stats", key)["settings"]["GEMINI_IMAGE_SAFETY_THRESHOLD"]


def test_keys_and_thresholds_change_and_what_cannot_is_named(
    server: Served, home: Home, settings: Callable[..., Path]
) -> None:
    assert _threshold(server, "first-key") == "LOW"
    settings(GEMINI_IMAGE_SAFETY_THRESHOLD="OFF", IMAGE_PROXY_API_KEYS="second-key", CACHE_TTL_SECONDS="60")
    configuration = home.read()
    digest = "a1c4b2ba74d7ad0ea3ef9d03d4d8cbbcb3b0c0e4f33b8d6e8fdf2f1d27e4ad91"
    home.write(configuration.model_copy(update={"client_keys": (ClientKey(name="other", sha256=digest),)}))
    event = _reload(server, home, "settings_reloaded")

    assert event["changed"] == ["GEMINI_IMAGE_SAFETY_THRESHOLD", "IMAGE_PROXY_API_KEYS"]
    assert event["needs_restart"] == ["CACHE_TTL_SECONDS"]
    assert event["client_keys"] == 2
    assert _threshold(server, "second-key") == "OFF"
    assert server.get("/v1/models", "first-key")["error"]["code"] == "invalid_api_key"
    assert server.get("/internal/stats", "second-key")["cache"]["ttl_seconds"] == 7200
    assert "second-key" not in home.log.read_text()


def test_mistake_changes_nothing_and_is_logged(server: Served, home: Home, settings: Callable[..., Path]) -> None:
    settings(GEMINI_IMAGE_SAFETY_THRESHOLD="strict", IMAGE_PROXY_API_KEYS="second-key")
    event = _reload(server, home, "reload_failed")

    assert event["level"] == "ERROR"
    assert "GEMINI_IMAGE_SAFETY_THRESHOLD is 'strict'" in event["reason"]
    assert _threshold(server, "first-key") == "LOW"


def test_log_is_opened_again(server: Served, home: Home) -> None:
    home.log.rename(home.logs / "image-proxy.jsonl.1")
    server.process.send_signal(signal.SIGHUP)
    until(home.log.exists)
    httpx.post(f"{server.url}/v1/images/generations", timeout=10)

    assert len(_events(home, "image_request")) == 1
    assert "server_started" in (home.logs / "image-proxy.jsonl.1").read_text()


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (
            "CACHE_TTL_SECOND=60\n",
            0o600,
            "CACHE_TTL_SECOND in .* is not a setting of the proxy; did you mean CACHE_TTL",
        ),
        ("CACHE_TTL_SECONDS\n", 0o600, "CACHE_TTL_SECONDS in .* has no value"),
        ("CACHE_TTL_SECONDS=0\n", 0o600, "CACHE_TTL_SECONDS is '0', which is not allowed"),
        ("CACHE_TTL_SECONDS=60\n", 0o644, "others may read it .* chmod 600"),
        (None, 0o600, "No such file"),
    ],
)
def test_settings_file_with_a_mistake_stops_the_start(
    content: str | None, mode: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.env"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    monkeypatch.setenv("IMAGE_PROXY_SETTINGS_FILE", str(path))

    with pytest.raises(StartError, match=message):
        read_settings()
