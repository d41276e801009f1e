"""The pages of the documentation's site: the project's documents where they lie, and references made from the code.

A hook of mkdocs (see mkdocs.yml). Documents keep their places, so that links between them work here as they do in the
repository; what they link to beside documents (a checklist, a folder) is shown as it is, or left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "runbooks")
BESIDE = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "checklist.yaml"),
    *("packaging/Dockerfile", "packaging/image-proxy.service"),
)
SHOWN = {".md", ".svg", ".png", ".yaml"}
"""What of the folders belongs to the site."""
_FENCE = re.compile(r"^(\s*```\w+) .*$", re.MULTILINE)
_TO_FOLDER = re.compile(r"\]\((?:[\w./-]*/)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All files of the site."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SHOWN]
    found += [ROOT / name for name in BESIDE]
    pages = [File.generated(config, str(path.relative_to(ROOT)), abs_src_path=str(path)) for path in found]
    for name, written in REFERENCES.items():
        pages.append(File.generated(config, f"reference/{name}.md", content=written()))
    theme = [file for file in files if not file.src_uri.endswith(".md") and file.generated_by is None]
    return Files([*pages, *(file for file in theme if file.src_dir and not Path(file.src_dir).is_relative_to(ROOT))])


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A document as the site can show it: no links to folders, and fences that name nothing but their language."""
    return _FENCE.sub(r"\1", _TO_FOLDER.sub("](#)", markdown))


def commands() -> str:
    """Every command with its options, by typer's own generator."""
    import typer
    from typer.cli import get_docs_for_click

    from proxy.command import application as image_proxy
    from signoff.main import application as signoff

    parts = ["# Commands"]
    for name, application in (("signoff", signoff), ("image-proxy", image_proxy)):
        command = typer.main.get_command(application)
        context = typer.Context(command, info_name=name)
        parts.append(get_docs_for_click(obj=command, ctx=context, name=name, indent=1))
    return "\n\n".join(parts)


def kinds() -> str:
    """Every kind with its fields, what it observes and an example."""
    from checks.kinds import registry
    from checks.kinds.reference import describe

    shown = (f"## {name}\n\n{_fenced(describe(name))}" for name in registry.names())
    return "\n\n".join(["# Kinds of check", "As `signoff kinds KIND` prints them.", *shown])


def measures() -> str:
    """Every measure with its unit and meaning."""
    from checks.metrics.measures import MEASURES

    rows = [f"| `{each.name}` | {each.unit} | {each.meaning} |" for each in MEASURES.values()]
    return "\n".join(["# Measures", "", "| measure | unit | what it is |", "|---|---|---|", *rows, ""])


def formats() -> str:
    """Every built-in log format, as data."""
    from importlib.resources import files

    from checks.metrics.formats import BUILT_IN

    folder = files("checks.metrics.formats")
    shown = (f"## {name}\n\n```yaml\n{folder.joinpath(f'{name}.yaml').read_text()}```" for name in BUILT_IN)
    return "\n\n".join(["# Log formats", "Formats are data; one of your own looks like these.", *shown])


REFERENCES: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "kinds": kinds,
    "measures": measures,
    "formats": formats,
}
"""Name and writer of each generated page."""


def _fenced(text: str) -> str:
    """A text with a fenced example in it, the rest of which is shown as it is printed."""
    parts = re.split(r"(```yaml\n.*?```\n)", text, flags=re.DOTALL)
    return "\n".join(
        part if part.startswith("```yaml") else f"```text\n{part.strip()}\n```" for part in parts if part.strip()
    )
