"""`signoff export`: what it writes to standard output, and its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.checks.running import checklist, write
from tests.signoff.conftest import Command


@pytest.mark.parametrize("what", ["prometheus", "argo"])
def test_the_built_in_criteria_are_written_without_a_checklist(
    signoff: Command, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = signoff("export", what)
    assert (said.code, said.err) == (0, "")
    assert "# Not expressed: vulnerability: " in said.out
    assert "error-rate" in str(yaml.safe_load(said.out))


def test_a_checklist_whose_criteria_argo_cannot_ask_is_a_mistake(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(rollback={"criteria": []}))
    said = signoff("export", "argo", path)
    assert (said.code, said.out) == (2, "")
    assert "there are no criteria under `rollback`" in said.err
