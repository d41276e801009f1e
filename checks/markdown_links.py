"""Relative links of a document that lead to no file, or to no heading in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from checks.contents import UnreadableError, is_there
from checks.markdown import Markdown, read_markdown


def broken_links(document: Markdown, root: Path) -> list[str]:
    """Say of each broken link its line, where it leads, and what is not there.

    A path that starts with `/` starts at `root`, as on GitHub. Anchors are looked for in Markdown files alone; one
    file is read once.
    """
    known = {document.path.resolve(): document.anchors}
    broken = []
    for link in document.links:
        if link.is_external:
            continue
        problem = _problem(link.target, document.path, root, known)
        if problem is not None:
            broken.append(f"line {link.line}: {link.target}: {problem}")
    return broken


def _problem(target: str, source: Path, root: Path, known: dict[Path, frozenset[str]]) -> str | None:
    parts = urlsplit(target)
    name, anchor = unquote(parts.path), unquote(parts.fragment)
    path = (root / name.lstrip("/") if name.startswith("/") else source.parent / name) if name else source
    try:
        if not is_there(path):
            return "no such file"
    except UnreadableError as problem:
        return str(problem)
    if not anchor or path.suffix.lower() not in {".md", ".markdown"}:
        return None
    place = path.resolve()
    if place not in known:
        try:
            known[place] = read_markdown(path).anchors
        except (UnreadableError, ValueError) as unread:
            return str(unread)
    return None if anchor in known[place] else "no such heading"
