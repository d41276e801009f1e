"""coverage.py's reports: which lines of which file were run.

Sources: `coverage xml` (the Cobertura format; coverage.py documentation, "XML reporting") and `coverage json`
(format 2 and 3: `files` → `executed_lines`, `missing_lines`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from checks.contents import read_bounded
from checks.query import parse_json

MAXIMUM_BYTES = 64 << 20

Lines = Mapping[Path, Mapping[int, bool]]
"""File, as a resolved path, to line number to whether it was run; only lines that can be run are there."""


def read_lines(report: Path, root: Path) -> Lines:
    """Read a report, XML or JSON by its first byte; names in it that are relative start at `root`.

    Raises UnreadableError, and ValueError where it is neither report or not complete.
    """
    content = read_bounded(report, MAXIMUM_BYTES)
    return _from_json(content, root) if content.lstrip()[:1] == b"{" else _from_xml(content, root)


def _from_json(content: bytes, root: Path) -> Lines:
    data = parse_json(content)
    files = data.get("files")
    if not isinstance(files, dict):
        raise ValueError("not a coverage report: no `files`")  # noqa: TRY004 - the content is wrong, not a type of ours
    try:
        return {
            (root / name).resolve(): {
                **{int(line): True for line in entry["executed_lines"]},
                **{int(line): False for line in entry["missing_lines"]},
            }
            for name, entry in files.items()
        }
    except (KeyError, TypeError, ValueError):
        raise ValueError("not a coverage report: a file without its executed and missing lines") from None


def _from_xml(content: bytes, root: Path) -> Lines:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        coverage = fromstring(content)
    except ParseError as problem:
        raise ValueError(f"not complete XML: {problem}") from None
    except DefusedXmlException:
        raise ValueError("declares XML entities, which are never expanded") from None
    if coverage.tag != "coverage":
        raise ValueError(f"not a coverage report: the root is {coverage.tag}")
    folders = [root / (each.text or "") for each in coverage.iterfind("sources/source")]
    lines: dict[Path, dict[int, bool]] = defaultdict(dict)
    for each in coverage.iter("class"):
        known = lines[_found(each.get("filename", ""), [*folders, root])]
        for number, ran in _numbered(each.iterfind("lines/line")):
            known[number] = ran or known.get(number, False)
    return lines


def _found(name: str, folders: Iterable[Path]) -> Path:
    """The file that a name means: below the first of the folders that has it, or else below the last."""
    candidates = [(folder / name).resolve() for folder in folders]
    return next((each for each in candidates if each.is_file()), candidates[-1])


def _numbered(lines: Iterable[Any]) -> Iterable[tuple[int, bool]]:
    for line in lines:
        try:
            yield int(line.get("number")), int(line.get("hits")) > 0
        except (TypeError, ValueError):
            raise ValueError("not a coverage report: a line without its number and hits") from None
