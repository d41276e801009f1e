"""`image-proxy cache`: what an operator sees and does, also beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import respx
from typer.testing import CliRunner

from proxy.command import application
from proxy.errors import StartError
from tests.proxy.conftest import RunningProxy

pytestmark = pytest.mark.story("007-04")


def _cache(command: str, home: Path, *, exit_code: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(application, ["cache", command, "--home", str(home)])
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
    assert found == {"directory": str(home.cache), "entries": 2, "bytes": size}


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


@pytest.mark.parametrize("command", ["stats", "verify", "purge"])
def test_cache_that_was_never_used_is_empty(command: str, tmp_path: Path) -> None:
    (tmp_path / "image_cache").mkdir()

    assert list((_cache(command, tmp_path)).values())[1] == 0
    assert list((_cache(command, tmp_path / "nowhere")).values())[1] == 0
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
