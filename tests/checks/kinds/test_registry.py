from __future__ import annotations

from pathlib import Path

import pytest

from checks.check import Check
from checks.errors import ConfigurationError
from checks.kinds import registry
from checks.kinds.reference import describe, summary
from tests.checks.odd_kinds import ToldCheck

BUILT_IN = {
    "advisories", "ask", "backup", "command", "coverage", "document", "file", "files", "http", "junit", "log",
    "metric", "port", "process", "rollup", "sequence", "settings", "sqlite", "traffic",
}  # fmt: skip


def test_every_kind_of_the_design_is_found_by_its_name() -> None:
    assert set(registry.names()) >= BUILT_IN
    for name in BUILT_IN:
        assert issubclass(registry.find(name), Check)


def test_a_plug_in_comes_through_the_same_door(plugin: Path) -> None:
    assert "told" in registry.names()
    assert registry.find("told") is ToldCheck


def test_what_is_not_there_is_no_kind() -> None:
    with pytest.raises(KeyError):
        registry.find("told")


@pytest.mark.parametrize("name", ["missing-module", "no-check"])
def test_a_broken_plug_in_is_named(plugin: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        registry.find(name)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_kind_is_described(name: str) -> None:
    text = describe(name)
    model = registry.find(name)
    assert summary(name)
    assert all(f"\n  {prop}: " in text for prop in model.observes)
    own = [field for field in model.model_fields if field not in Check.model_fields]
    shown = [model.model_fields[field].alias or field for field in own]
    assert all(f"\n  {field}: " in text for field in [*shown, "needs", "timeout", "expect"])
