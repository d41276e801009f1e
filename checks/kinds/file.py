"""The kind `file`: what the file system says of one path, and one value out of a structured file."""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError, chunks_of, read_bounded
from checks.errors import ConfigurationError
from checks.outcome import Observation, error, failed
from checks.query import Query, answer, parse_json
from checks.units import Dimension, Quantity
from checks.yaml_reader import read_yaml

CLOCK_SLACK_S = 2.0
"""How far in the future a file's time may lie, for the file system's grain, and still count as now."""

PROPERTIES: Mapping[str, str] = {
    "exists": "whether the path leads to something",
    "kind": "file, directory or other, of what the path leads to",
    "symlink": "whether the path itself is a symbolic link",
    "size": "length of a file, in bytes",
    "mode": "permissions as four octal digits, such as 0700",
    "owner": "self for the user of the run, else the owner's name",
    "writable": "whether the user of the run may write to it",
    "world_readable": "whether every user may read it",
    "age": "seconds since it was last changed; unknown for a time in the future",
    "lines": "number of lines",
    "sha256": "digest of the content, hexadecimal",
    "value": "what `query` finds in a .json, .jsonl, .yaml or .toml file",
}


class FileCheck(Check):
    """What is known of one path; the content itself is never stored.

    ```yaml
    kind: file
    path: ${target.data_dir}/image_cache
    expect: {kind: directory, mode: "0700", owner: self, writable: true}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = PROPERTIES
    of_instances: ClassVar[bool] = True

    kind: Literal["file"]
    path: str = Field(min_length=1, description="A file or folder.")
    query: Query | None = Field(default=None, description="JMESPath; a .jsonl file is a list of its lines.")

    def observe(self, context: Context) -> Observation:
        """Look at the path; lines, digest and value are read only where they are expected."""
        path = context.path(self.path)
        asked = {name.partition(".")[0] for name in (*self.expect, *self.prefer)}
        try:
            seen = described(path, context.now().timestamp())
            if seen["exists"]:
                seen |= content_of(path, asked, self.query, context.stop.is_set)
        except ValueError as problem:
            return failed(f"{path}: {problem}")
        except UnreadableError as problem:
            return error(str(problem))
        return Observation(seen, reason="" if seen["exists"] else f"{path} does not exist")


def described(path: Path, now: float) -> dict[str, Any]:
    """Return what the file system says of a path, by the names of PROPERTIES; raises UnreadableError.

    A path that leads to nothing, as through a dangling link, does not exist, and the rest is None.
    """
    nothing: dict[str, Any] = dict.fromkeys(PROPERTIES) | {"exists": False}
    try:
        nothing["symlink"] = path.is_symlink()
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return nothing
    except OSError as problem:
        raise UnreadableError(f"{path}: {problem.strerror}") from problem
    regular, folder = stat.S_ISREG(found.st_mode), stat.S_ISDIR(found.st_mode)
    age = now - found.st_mtime
    return nothing | {
        "exists": True,
        "kind": "file" if regular else "directory" if folder else "other",
        "size": Quantity(found.st_size, Dimension.SIZE) if regular else None,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "owner": _owner(found.st_uid),
        "writable": os.access(path, os.W_OK),
        "world_readable": bool(found.st_mode & stat.S_IROTH),
        "age": Quantity(max(0.0, age), Dimension.TIME) if age > -CLOCK_SLACK_S else None,
    }


def content_of(path: Path, asked: Collection[str], query: str | None, stopped: Callable[[], bool]) -> dict[str, Any]:
    """Return lines, sha256 and value as far as asked.

    Raises UnreadableError, also when stopped half-way, and ValueError where the file is not what its suffix says.
    """
    seen: dict[str, Any] = {}
    if {"lines", "sha256"} & set(asked):
        digest, breaks, last = hashlib.sha256(), 0, b"\n"
        for chunk in chunks_of(path):
            if stopped():
                raise UnreadableError(f"{path}: not read to its end in time")
            digest.update(chunk)
            breaks += chunk.count(b"\n")
            last = chunk[-1:]
        seen |= {"lines": breaks + (last != b"\n"), "sha256": digest.hexdigest()}
    if query is not None and "value" in asked:
        seen["value"] = answer(query, structured(path))
    return seen


def structured(path: Path) -> Any:
    """Parse a file by its suffix; raises UnreadableError, and ValueError with no word of the content."""
    parsers: Mapping[str, Callable[[bytes], Any]] = {
        ".json": parse_json,
        ".jsonl": lambda content: list(_parsed_lines(content)),
        ".yaml": lambda content: _strict_yaml(content, path.name),
        ".yml": lambda content: _strict_yaml(content, path.name),
        ".toml": lambda content: tomllib.loads(content.decode()),
    }
    if path.suffix not in parsers:
        raise UnreadableError(f"{path}: a query is answered for {', '.join(parsers)}")
    content = read_bounded(path)
    try:
        return parsers[path.suffix](content)
    except UnicodeDecodeError as problem:
        raise ValueError(f"not UTF-8 at byte {problem.start}") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise ValueError(f"not {path.suffix[1:].upper()}") from None


def _parsed_lines(content: bytes) -> Iterator[Any]:
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                yield parse_json(line)
            except ValueError as problem:
                raise ValueError(f"line {number}: {problem}") from None


def _strict_yaml(content: bytes, name: str) -> Any:
    try:
        return read_yaml(content, name).data
    except ConfigurationError as problem:
        places = ", ".join(f"{each.line}:{each.column}" for each in problem.problems[:3])
        raise ValueError(f"not YAML that means one thing only, at {places}") from None


def _owner(user: int) -> str:
    import pwd

    if user == os.geteuid():
        return "self"
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
