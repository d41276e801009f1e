"""The run looks at other files than those that the checklist names, or at edited copies of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from checks.drill.fault import Family
from checks.drill.outside.fault import Ground, OutsideFault, edited_checklist
from checks.run import Request
from checks.substitution import substitute

FIELDS = {"file": "path", "document": "path", "sqlite": "path", "junit": "report", "coverage": "report"}
"""Kinds that look at one file, and the field that names it."""
PARSED = frozenset({"sqlite", "junit", "coverage"})
"""Kinds to which half a file is none."""
LOOKS_INSIDE = ("value", "size", "lines", "sha256", "text")
"""What the names of a file's properties begin with that depend on its content."""
MOST_BYTES = 64 << 20


def _elsewhere(made: Callable[[Path, Path], None]) -> Callable[[Ground], AbstractContextManager[Request]]:
    """Let `made` write a copy, from the original to its new place, of each file that a check looks at."""

    @contextmanager
    def changed(ground: Ground) -> Iterator[Request]:
        folder = ground.folder / "files"
        folder.mkdir()
        originals = {entry.id: _original(ground, entry.id) for entry in ground.loaded.entries}

        def edit(check: dict[str, Any]) -> None:
            field = FIELDS.get(str(check.get("kind")))
            original = originals.get(str(check.get("id")))
            if field in check and original is not None:
                copied = folder / f"{check['id']}-{original.name}"
                made(original, copied)
                check[field] = str(copied)

        with edited_checklist(ground, edit) as request:
            yield request

    return changed


def _original(ground: Ground, check: str) -> Path | None:
    """The one file that a check looks at; None where it looks at none, or not at one that is known before the run."""
    raw = ground.raw(check)
    field = FIELDS.get(str(raw.get("kind")))
    if field is None or raw.get("each") or raw.get("instances") or not raw.get(field):
        return None
    named, missing = substitute(raw[field], ground.names)
    return None if missing else ground.request.checklist.resolve().parent / Path(str(named)).expanduser()


def _gone(original: Path, copied: Path) -> None:
    """Nothing is written."""


def _empty(original: Path, copied: Path) -> None:
    if original.is_file():
        copied.touch()
        copied.chmod(original.stat().st_mode & 0o777)


def _halved(original: Path, copied: Path) -> None:
    if original.is_file():
        with original.open("rb") as stream:
            content = stream.read(min(original.stat().st_size // 2, MOST_BYTES))
        copied.write_bytes(content)
        copied.chmod(original.stat().st_mode & 0o777)


def _names_a_file(ground: Ground, check: str) -> bool:
    return _original(ground, check) is not None and (ground.raw(check).get("expect") or {}).get("exists") is not False


def _looks_inside(ground: Ground, check: str) -> bool:
    original, raw = _original(ground, check), ground.raw(check)
    if original is None or not original.is_file():
        return False
    expected = [str(name) for name in raw.get("expect") or ()]
    return raw.get("kind") != "file" or any(name.startswith(LOOKS_INSIDE) for name in expected)


def _parses(ground: Ground, check: str) -> bool:
    raw = ground.raw(check)
    return _looks_inside(ground, check) and (raw.get("kind") in PARSED or str(raw.get("path", "")).endswith(".json"))


FAULTS = (
    OutsideFault(
        id="file-gone",
        family=Family.EVIDENCE,
        breaks="No file that is looked at is there.",
        how="a copy of the checklist names files that are nowhere",
        notices=_names_a_file,
        changed=_elsewhere(_gone),
    ),
    OutsideFault(
        id="file-empty",
        family=Family.EVIDENCE,
        breaks="Every file that is looked at is empty.",
        how="a copy of the checklist names empty files with the permissions of the real ones",
        notices=_looks_inside,
        changed=_elsewhere(_empty),
        unnoticed="no check that passes looks into a file",
    ),
    OutsideFault(
        id="file-halved",
        family=Family.EVIDENCE,
        breaks="Every file that is looked at was cut short.",
        how="a copy of the checklist names copies of the first half of the real ones",
        notices=_parses,
        changed=_elsewhere(_halved),
        unnoticed="no check that passes reads a file that half of is none",
    ),
)
