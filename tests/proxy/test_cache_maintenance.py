"""`image-proxy cache`: what an operator sees and does, also beside a running server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import respx
from typer.testing import CliRunner

from proxy.command import application
from proxy.errors import StartError
from tests.proxy.conftest import Clock, RunningProxy

pytestmark = pytest.mark.story("007-04")


def _cache(command: str, home: Path, *filters: str, exit_code: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(application, ["cache", command, "--home", str(home), *filters])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    found: dict[str, object] = json.loads(result.output)
    return found


@pytest.fixture
def filled(proxy: RunningProxy, upstream: respx.Route) -> RunningProxy:
    """A proxy with two answers in its cache."""
    assert upstream is not None
    proxy.generate()
    proxy.generate({"prompt": "another kite"})
    return proxy


def test_stats_tell_entries_and_bytes(filled: RunningProxy) -> None:
    home = filled.service.home
    found = _cache("stats", home.path)

    size = sum(path.stat().st_size for path in home.cache.glob("??/*"))
    of_model = {"entries": 2, "bytes": size}
    assert found == {
        "backend": "filesystem",
        "directory": str(home.cache),
        **of_model,
        "models": {"gemini-3-pro-image": of_model},
    }


def test_verify_of_a_whole_cache_is_clean(filled: RunningProxy) -> None:
    found = _cache("verify", filled.service.home.path)

    assert (found["entries"], found["verified"], found["orphans"], found["bad"]) == (2, 2, 0, [])


def test_verify_names_what_is_bad_and_exits_1(filled: RunningProxy) -> None:
    changed, gone = sorted(filled.service.home.cache.glob("??/*"))
    changed.write_bytes(b"torn")
    gone.rename(gone.with_name("0" * 64))

    found = _cache("verify", filled.service.home.path, exit_code=1)

    assert found["bad"] == [
        {"key": changed.name, "reason": "its content has changed"},
        {"key": gone.name, "reason": "its file cannot be read: ENOENT"},
    ]
    assert (found["verified"], found["orphans"]) == (0, 1)


def test_purge_empties_the_cache_of_a_running_server(filled: RunningProxy) -> None:
    assert _cache("purge", filled.service.home.path)["purged"] == 2

    assert filled.stats()["cache"]["entries"] == 0
    assert list(filled.service.home.cache.glob("??/*")) == []
    assert filled.generate().headers["x-cache"] == "miss"


def test_filters_take_what_they_name(proxy: RunningProxy, upstream: respx.Route, clock: Clock) -> None:
    assert upstream is not None
    clock.now = time.time() - 7200
    proxy.generate()
    clock.now += 7000
    proxy.generate({"prompt": "another kite"})
    proxy.generate({"model": "gemini-2.5-flash-image"})
    home, prompt_hash = proxy.service.home.path, proxy.events()[0]["prompt_hash"]

    def entries(*filters: str) -> object:
        return _cache("stats", home, *filters)["entries"]

    assert entries("--model", "gemini-3-pro-image") == 2
    assert entries("--model", "gemini-3-pro-image", "--older-than", "1h") == 1
    assert entries("--prompt-hash", prompt_hash) == 2
    assert entries("--prompt-hash", "0" * 16) == 0
    assert entries("--older-than", "3h") == 0
    assert _cache("verify", home, "--older-than", "60s")["verified"] == 3
    assert _cache("purge", home, "--prompt-hash", prompt_hash, "--older-than", "1h")["purged"] == 1
    assert entries() == 2


@pytest.mark.parametrize("age", ["2", "h", "2w", "-2h", "2 h", "1.5h", ""])
def test_age_that_cannot_be_read_is_refused(age: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"--older-than: .* is no age"):
        _cache("purge", tmp_path, "--older-than", age)


@pytest.mark.parametrize("command", ["stats", "verify", "purge"])
def test_cache_that_was_never_used_is_empty(command: str, tmp_path: Path) -> None:
    (tmp_path / "image_cache").mkdir()

    for home in (tmp_path, tmp_path / "nowhere"):
        found = _cache(command, home)
        assert found.get("purged", found.get("entries")) == 0
    assert list((tmp_path / "image_cache").iterdir()) == []


def test_verify_of_a_cache_that_cannot_be_read_is_never_clean(tmp_path: Path) -> None:
    (tmp_path / "image_cache").write_text("in the way")
    found = _cache("verify", tmp_path, exit_code=1)

    assert found["bad"] == [{"key": None, "reason": "the cache cannot be read: ENOTDIR"}]


@pytest.mark.parametrize("command", ["stats", "purge"])
def test_cache_that_cannot_be_read_is_refused_with_its_reason(command: str, tmp_path: Path) -> None:
    (tmp_path / "image_cache").write_text("in the way")

    with pytest.raises(StartError, match="image_cache cannot be used: ENOTDIR"):
        _cache(command, tmp_path)
