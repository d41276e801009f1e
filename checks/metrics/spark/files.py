"""What Spark is to read: files of this machine, which are looked at, and places that only Spark can reach."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from checks.metrics.compression import compressed
from checks.metrics.coverage import Note
from checks.metrics.detection import chosen
from checks.metrics.errors import LogSourceError
from checks.metrics.format_file import format_named
from checks.metrics.log_format import LogFormat
from checks.metrics.sources import REMOTE, LogFile, resolve
from checks.metrics.table import Source

PACKED = ".gz"
"""The one packing that every Spark unpacks; it goes by the name."""

_SPECIAL = re.compile(r"([\\*?\[\]{}])")


class SparkFiles(NamedTuple):
    """`paths` are as Spark names them, patterns among them."""

    paths: tuple[str, ...]
    log_format: LogFormat
    sources: tuple[Source, ...]
    notes: tuple[Note, ...]


def files_for_spark(paths: Sequence[str | Path], log_format: str) -> SparkFiles:
    """Find the files, each once, and their format.

    Raises LogSourceError where there are none, where the format can't be told from here, and for a packed file that
    Spark would take for text.
    """
    remote = [str(path) for path in paths if REMOTE in str(path)]
    local = [path for path in paths if REMOTE not in str(path)]
    if remote and log_format == "auto":
        raise LogSourceError(remote[0], "its format can't be told from here", "name it by --format")
    if not local:
        named = format_named(log_format)
        return SparkFiles(tuple(remote), named, _sources(remote, named), ())
    found = resolve(local)
    choice = chosen(found.files, log_format)
    return SparkFiles(
        (*map(_local_path, found.files), *remote),
        choice.log_format,
        (*choice.sources, *_sources(remote, choice.log_format)),
        (*found.notes, *choice.notes),
    )


def _sources(remote: Sequence[str], log_format: LogFormat) -> tuple[Source, ...]:
    return tuple(Source(path, log_format.name, 0) for path in remote)


def _local_path(file: LogFile) -> str:
    if compressed(file.path) is not (file.path.suffix == PACKED):
        remedy = f"give it the name *{PACKED} if gzip packed it and no other name, or read it without --engine spark"
        raise LogSourceError(str(file.path), "Spark unpacks by name, and would take this file for another", remedy)
    return "file://" + _SPECIAL.sub(r"\\\1", str(file.path))
