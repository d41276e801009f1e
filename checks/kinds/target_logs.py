"""Where the target's logs are, and in which format, as kinds hand it to the readers."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from pathlib import Path

from checks.check import Context
from checks.far.asking import ask
from checks.far.fetching import MAXIMUM_FETCHED


def log_paths(context: Context, patterns: Sequence[str] = ()) -> list[str]:
    """Give the files that patterns name, the target's logs by default; raises UnreadableError.

    Relative ones start at the checklist's folder. Those of an instance elsewhere are brought into the scratch folder.
    """
    named = patterns or context.target.logs.paths
    if context.elsewhere is None:
        return [str(context.path(each)) for each in named]
    folder = context.scratch / "fetched"
    folder.mkdir(exist_ok=True)
    paths = []
    for each in ask(context.elsewhere, "checks.far.fetching", context, patterns=list(named)) if named else []:
        path = folder / f"{len(list(folder.iterdir())):04}-{Path(each['path']).name}"
        path.write_bytes(zlib.decompressobj().decompress(base64.b64decode(each["content"]), MAXIMUM_FETCHED))
        paths.append(str(path))
    return paths


def log_format(context: Context) -> str:
    """Give the name of their format; that of a file of the user's own starts at the checklist's folder."""
    from checks.metrics.format_file import SUFFIXES

    named = context.target.logs.format
    return str(context.path(named)) if named.endswith(SUFFIXES) else named
