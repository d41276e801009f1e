"""Which format a file is in, by its first lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from checks.metrics.coverage import Note
from checks.metrics.errors import LogSourceError
from checks.metrics.format_file import format_named
from checks.metrics.formats import BUILT_IN, built_in_format
from checks.metrics.log_format import LogFormat
from checks.metrics.reading import Piece, TruncatedFileError, pieces
from checks.metrics.recognition import recognised
from checks.metrics.sources import LogFile
from checks.metrics.table import Source

_LOOKED_AT = 200
_ENOUGH = 0.5
_OURS = "image-proxy"


class Guess(NamedTuple):
    """The format that most of the first lines are in; None where too few are in any.

    `lines` were looked at, and the share `confidence` of them is in that format.
    """

    log_format: LogFormat | None
    lines: int
    confidence: float = 0.0


class Choice(NamedTuple):
    """The format to read files in; each file's own as it was recognised, and how surely; and what to say of it.

    A file's format is None where there was nothing to tell it by. Where the format was named, no file was looked at,
    and no confidence is given.
    """

    log_format: LogFormat
    names: Mapping[LogFile, str | None]
    confidences: Mapping[LogFile, float]
    notes: tuple[Note, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files as a window table names them."""
        return tuple(
            Source(str(file.path), name, file.bytes, self.confidences.get(file)) for file, name in self.names.items()
        )


def guess(file: LogFile) -> Guess:
    """Look at the first 200 lines that aren't blank; at least half must be in a format for it to be chosen.

    A file that can't be read gives no lines: reading it will say why.
    """
    lines = _first_lines(file)
    if not lines:
        return Guess(None, 0)
    shares = [(recognised(lines, known) / len(lines), known) for known in _known()]
    share, best = max(shares, key=lambda found: found[0])
    return Guess(best if share >= _ENOUGH else None, len(lines), share)


def _known() -> Iterable[LogFormat]:
    return map(built_in_format, BUILT_IN)


def _first_lines(file: LogFile) -> list[str]:
    first = Piece()
    try:
        first = next(pieces(file), first)
    except (TruncatedFileError, LogSourceError):
        return []
    readable = [*first.lines.split("\n", _LOOKED_AT)[:_LOOKED_AT], *first.undecodable[:_LOOKED_AT]]
    readable += [first.torn] if first.torn and first.torn_whole else []
    return [line for line in readable if line.strip()]


def chosen(files: Iterable[LogFile], name: str) -> Choice:
    """Choose the format to read files in: the one of that name, or for `auto` the one that most files are in.

    Files that look otherwise are named in the notes. Raises UnknownFormatError for a name that is none, FormatFileError
    for a file that is no format, and LogSourceError where lines are in no known format.
    """
    if name != "auto":
        named = format_named(name)
        return Choice(named, dict.fromkeys(files, named.name), {}, ())
    guesses = {file: guess(file) for file in files}
    counts = Counter(found.log_format.name for found in guesses.values() if found.log_format)
    strange = [file for file, found in guesses.items() if found.lines and not found.log_format]
    if strange and not counts:
        remedy = f"name its format (known: {', '.join(BUILT_IN)}) or the right file"
        raise LogSourceError(str(strange[0].path), "its lines are in no known log format", remedy)
    log_format = built_in_format(counts.most_common(1)[0][0] if counts else _OURS)
    notes = [Note("source_not_recognised", str(file.path)) for file in strange]
    notes += [
        Note("mixed_formats", f"{file.path} is {found.log_format.name}, and {log_format.name} is what was read")
        for file, found in guesses.items()
        if found.log_format and found.log_format.name != log_format.name
    ]
    return Choice(
        log_format,
        {file: found.log_format.name if found.log_format else None for file, found in guesses.items()},
        {file: found.confidence for file, found in guesses.items() if found.log_format},
        tuple(notes),
    )
