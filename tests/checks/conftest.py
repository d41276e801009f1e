"""The odd kinds, installed as a plug-in is: by a distribution on the path with entry points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.kinds import registry
from tests.checks.odd_kinds import ENTRY_POINTS


def forget() -> None:
    """Let the kinds be looked for again."""
    registry._registered.cache_clear()
    registry.find.cache_clear()


@pytest.fixture(scope="session")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `sys.path` with the metadata of the plug-in."""
    site = tmp_path_factory.mktemp("site")
    info = site / "odd_kinds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-kinds\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return site


@pytest.fixture
def plugin(distribution: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The odd kinds are installed; gives the folder, for child processes."""
    monkeypatch.syspath_prepend(str(distribution))
    forget()
    yield distribution
    monkeypatch.undo()
    forget()
