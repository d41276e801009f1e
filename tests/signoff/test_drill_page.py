"""docs/drill.md: its commands run, and its tables are the code's."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from checks.drill.catalogue import FOLDER, faults, watched
from checks.drill.fault import Fault, Site
from checks.drill.outcome import State
from checks.drill.outside.catalogue import OUTSIDE
from checks.markdown import read_markdown
from tests.signoff.conftest import Command

PAGE = read_markdown(Path(__file__).parents[2] / "docs" / "drill.md")


def test_every_command_that_is_marked_to_be_run_runs(signoff: Command, tmp_path: Path) -> None:
    lines = [line for block in PAGE.blocks if "run" in block.info for line in block.content.splitlines()]
    assert lines
    for line in lines:
        name, *arguments = line.replace("/tmp/signoff-drill", str(tmp_path)).split()
        assert name == "signoff"
        said = signoff(*arguments)
        assert said.code == 0, said.err


def test_the_tables_name_every_site_state_and_key() -> None:
    for word in (*get_args(Site), *get_args(State)):
        assert f"| `{word}` |" in PAGE.text
    keys = set(Fault.model_fields) - {"id", "family", "site", "breaks", "how"}
    assert all(f"`{key}`" in PAGE.text for key in keys), keys


def test_the_table_of_what_is_done_from_outside_is_the_codes() -> None:
    section = PAGE.text.partition("## A checklist and a service of your own")[2].partition("\n## ")[0]
    rows = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert rows == [fault.id for fault in OUTSIDE]


def test_the_fault_that_is_shown_is_in_the_catalogue() -> None:
    shown = next(block.content for block in PAGE.blocks if "hits-slow" in block.content)
    assert shown.strip() in (FOLDER / "cache.yaml").read_text()


def test_what_is_watched_is_of_a_site() -> None:
    assert set(watched()) <= set(get_args(Site))
    assert {fault.site for fault in faults()} <= set(get_args(Site))
