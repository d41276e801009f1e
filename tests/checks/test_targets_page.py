"""docs/targets.md: its checklist loads, and its tables are those of the code."""

from __future__ import annotations

from pathlib import Path

from checks.check import Check
from checks.far.carrying import TRANSPORT_VARIABLES
from checks.far.fetching import MAXIMUM_FETCHED
from checks.kinds import registry
from checks.linting import problems_of
from checks.loading import load
from checks.markdown import read_markdown
from checks.target import Instance

PAGE = read_markdown(Path(__file__).parents[2] / "docs" / "targets.md")


def test_the_checklist_on_the_page_loads_and_gives_the_results_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "api-key").write_text("k-0123456789")
    (tmp_path / "secrets" / "api-key").chmod(0o600)
    first, allowance = (block.content for block in PAGE.blocks if block.info[:1] == ("yaml",))
    path = tmp_path / "checklist.yaml"
    path.write_text("schema: 1\nrelease: {name: Thing, version: v1}\ndefault_profile: production\n" + allowance + first)
    loaded = load(path, environ={})
    assert problems_of(loaded) == []
    ids = [entry.id for entry in loaded.entries]
    assert ids == [f"cache-folder[{name}]" for name in ("web-1", "web-2", "pod", "box")]
    assert all(f"`{each}`" in PAGE.text for each in ids)
    assert loaded.allowance is not None
    assert loaded.allowance.paid_requests == 20


def test_the_page_names_every_field_of_an_instance() -> None:
    assert set(Instance.model_fields) <= set(PAGE.section("Many instances").first_column)


def test_the_page_names_every_kind_that_is_of_instances() -> None:
    told = set(PAGE.section("What goes through via").first_column)
    built_in = {name for name in registry.names() if registry.find(name).__module__.startswith("checks.")}
    assert told == {name for name in built_in if registry.find(name).of_instances}


def test_the_page_tells_of_the_effects_that_kinds_have() -> None:
    section = PAGE.section("What a check may do")
    usual = {name: registry.find(name).usual_effect for name in registry.names()}
    assert {name for name, effect in usual.items() if effect == "write"} == {"backup"}
    assert {name for name, effect in usual.items() if effect == "traffic"} == {"http", "sequence", "traffic"}
    assert {"read", "traffic", "paid", "write"} == set(section.first_column)
    assert "paid_requests" in Check.model_fields


def test_the_page_tells_the_bounds_and_the_variables() -> None:
    assert f"{MAXIMUM_FETCHED >> 20} MiB at most" in PAGE.text
    told = {"SSH_AUTH_SOCK", "KUBECONFIG", "XDG_RUNTIME_DIR"}
    assert told == {name for name in TRANSPORT_VARIABLES if not name.startswith("DOCKER_")}
    assert all(f"`{name}`" in PAGE.text for name in told)
