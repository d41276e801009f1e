"""The kind `file`: what the file system says of one path, and one value out of a structured file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError
from checks.kinds.path_looking import paths_of
from checks.outcome import Observation, error, failed
from checks.query import Query

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
        asked = {name.partition(".")[0] for name in (*self.expect, *self.prefer)}
        look = paths_of(context, asked, self.query)
        path = look.path(self.path)
        try:
            seen = look.seen(path)
        except ValueError as problem:
            return failed(f"{path}: {problem}")
        except UnreadableError as problem:
            return error(str(problem))
        if seen["exists"] and seen["kind"] != "file" and asked & {"lines", "sha256", "value"}:
            return error(f"{path}: not a regular file")
        return Observation(seen, reason="" if seen["exists"] else f"{path} does not exist")
