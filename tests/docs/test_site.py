"""The site is built strictly, and says the same as the code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checks.kinds import registry
from checks.markdown import read_markdown
from checks.metrics.formats import BUILT_IN
from checks.metrics.measures import MEASURES
from checks.outcome import Status
from signoff.exit_code import ExitCode
from signoff.main import application

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a broken link, a missing anchor or a page that no menu names ends the build."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert built.returncode == 0, built.stderr
    return folder


def _page(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


def test_every_document_has_its_page(site: Path) -> None:
    for path in [*(ROOT / "docs").rglob("*.md"), *(ROOT / "runbooks").glob("*.md")]:
        assert (site / path.relative_to(ROOT)).with_suffix(".html").is_file()


def test_the_references_name_all_that_the_code_has(site: Path) -> None:
    headings = {
        name: set(re.findall(r'<h2 id="([^"]+)"', _page(site, f"reference/{name}"))) for name in ("kinds", "formats")
    }
    assert set(registry.names()) == headings["kinds"]
    assert set(BUILT_IN) == headings["formats"]
    measures = _page(site, "reference/measures")
    assert all(f"<code>{name}</code>" in measures for name in MEASURES)
    commands = _page(site, "reference/commands")
    told = CliRunner().invoke(application, ["--help"]).output
    names = re.findall(r"^  ([a-z]+)  ", told.partition("Commands:")[2], re.MULTILINE)
    assert len(names) > 10
    assert all(f"signoff {name}" in commands for name in names)


def test_no_page_asks_another_machine_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]+src="([^"]+)"|<link[^>]+stylesheet"[^>]+href="([^"]+)"', page.read_text()
        )
        assert not [each for pair in loaded for each in pair if each.startswith(("http:", "https:", "//"))], page


def test_the_statuses_and_exit_codes_of_the_page_are_the_code_s() -> None:
    text = (ROOT / "docs" / "verdicts.md").read_text()
    assert re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE) == [each.value for each in Status]
    holding = re.findall(r"^\| `([a-z_]+)` \|.*\| HOLD \|$", text, re.MULTILINE)
    assert holding == [each.value for each in Status if each.holds]
    for code in ExitCode:
        assert re.search(rf"(?<![0-9]){int(code)}(?![0-9])", text), code


@pytest.mark.parametrize("name", ["statistics"])
def test_commands_of_an_explanation_run(name: str) -> None:
    blocks = [block for block in read_markdown(ROOT / "docs" / f"{name}.md").blocks if block.info[:2] == ("sh", "run")]
    assert blocks
    for block in blocks:
        program, *arguments = shlex.split(block.content)
        assert program == "python"
        ended = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        low, high = map(float, ended.stdout.strip("()\n").split(","))
        shown = (ROOT / "docs" / f"{name}.md").read_text()
        assert f"{low:.1%}".replace("%", " %") in shown
        assert f"{high:.1%}".replace("%", " %") in shown
