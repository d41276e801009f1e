"""`${name}` in a checklist: plain substitution, never an expression.

>>> names = Names({"unit_tests": 217, "run.dir": "runs/1"}, environ={}, root=Path("."))
>>> substitute({"at_least": "${unit_tests}", "report": "${run.dir}/unit.xml"}, names)
({'at_least': 217, 'report': 'runs/1/unit.xml'}, [])
>>> substitute("${env:TOKEN}", names)
('${env:TOKEN}', [Missing(path=(), name='env:TOKEN', why='')])
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from checks.contents import UnreadableError, open_regular

_REFERENCE = re.compile(r"\$(\$?)\{([^{}]*)\}")
_LATER = ("steps.",)
"""Names that a kind fills in while it runs."""
MAX_SECRET_FILE_BYTES = 64 * 1024
OTHERS_MAY = 0o027
"""Permissions that the file of a secret must not have: write for its group, anything for others."""


Place = tuple[str | int, ...]
"""Where something stands in a document: keys and indices."""


class Missing(NamedTuple):
    """A name that is not set, and where it is used."""

    path: Place
    name: str
    why: str = ""
    """What stands in the way, where that is more than that nothing is there."""


class Unset(Exception):  # noqa: N818 - it is a state, not a mistake
    """A name has no value, and why where that can be said."""

    def __init__(self, name: str, why: str = "") -> None:
        super().__init__(name)
        self.why = why


class Names:
    """What `${…}` may name: given values, `env:NAME` and `file:PATH`.

    What came from `env:` or `file:` is remembered in `secrets`, for redaction.
    """

    def __init__(self, values: Mapping[str, object], environ: Mapping[str, str], root: Path) -> None:
        self._values = values
        self._environ = environ
        self._root = root
        self.secrets: dict[str, str] = {}

    def extended(self, values: Mapping[str, object]) -> Names:
        """The same names and `values`, which win; secrets are shared."""
        names = Names({**self._values, **values}, self._environ, self._root)
        names.secrets = self.secrets
        return names

    def get(self, name: str) -> object:
        """The value of `name`; raises Unset where there is none."""
        scheme, colon, rest = name.partition(":")
        if colon and scheme == "env":
            return self._secret(name, self._environ.get(rest))
        if colon and scheme == "file":
            return self._secret(name, _content(name, self._root / Path(rest).expanduser()))
        value = self._values.get(name)
        if value is None:
            raise Unset(name)
        return value

    def _secret(self, name: str, value: str | None) -> str:
        if not value:
            raise Unset(name)
        self.secrets[name.partition(":")[2]] = value
        return value


def _content(name: str, path: Path) -> str | None:
    """The text of a secret's file, None where there is no file; raises Unset for one that must not be used."""
    try:
        with open_regular(path) as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            content = stream.read(MAX_SECRET_FILE_BYTES + 1)
    except (UnreadableError, OSError) as problem:
        if not path.exists():
            return None
        raise Unset(name, str(problem)) from problem
    if mode & OTHERS_MAY:
        raise Unset(name, f"others may read or write it (mode {mode:04o}); chmod 600 it")
    if len(content) > MAX_SECRET_FILE_BYTES:
        raise Unset(name, f"it has more than {MAX_SECRET_FILE_BYTES} bytes")
    try:
        return content.decode().strip() or None
    except UnicodeDecodeError as problem:
        raise Unset(name, "it is not UTF-8") from problem


def substitute(
    raw: Any,
    names: Names,
    path: Place = (),
    later: Callable[[Place], bool] = lambda path: False,
) -> tuple[Any, list[Missing]]:
    """`raw` with every reference replaced, and what was missing (left as it stands); so is what is due `later`.

    A string that is one reference takes the value with its type; inside a longer string it becomes text. `$${x}`
    stands for a literal `${x}`; `${steps.…}` is left for the kind that fills it in.
    """
    missing: list[Missing] = []

    def replaced(part: Any, at: Place) -> Any:
        if later(at):
            return part
        if isinstance(part, dict):
            return {key: replaced(value, (*at, key)) for key, value in part.items()}
        if isinstance(part, list):
            return [replaced(value, (*at, index)) for index, value in enumerate(part)]
        return _filled(part, names.get, at, missing) if isinstance(part, str) and "${" in part else part

    return replaced(raw, path), missing


def _filled(raw: str, get: Callable[[str], object], path: Place, missing: list[Missing]) -> object:
    def value_of(match: re.Match[str]) -> object:
        escaped, name = match.groups()
        if escaped:
            return f"${{{name}}}"
        if name.startswith(_LATER):
            return match.group()
        try:
            return get(name)
        except Unset as unset:
            missing.append(Missing(path, name, unset.why))
            return match.group()

    whole = _REFERENCE.fullmatch(raw)
    if whole:
        return value_of(whole)
    return _REFERENCE.sub(lambda match: str(value_of(match)), raw)


def references(raw: Any) -> set[str]:
    """Every name that `raw` refers to."""
    if isinstance(raw, dict):
        return set().union(*map(references, raw.values()))
    if isinstance(raw, (list, tuple)):
        return set().union(*map(references, raw))
    if not isinstance(raw, str):
        return set()
    return {name for escaped, name in _REFERENCE.findall(raw) if not escaped and not name.startswith(_LATER)}
