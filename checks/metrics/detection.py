"""Which format a file is in, by its first lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from checks.metrics.errors import LogSourceError
from checks.metrics.format_file import format_named
from checks.metrics.formats import BUILT_IN, built_in_format
from checks.metrics.log_format import LogFormat
from checks.metrics.reading import Piece, TruncatedFileError, pieces
from checks.metrics.recognition import recognised
from checks.metrics.sources import LogFile

_LOOKED_AT = 200
_ENOUGH = 0.5
_OURS = "image-proxy"


class Guess(NamedTuple):
    """The format that most of the first lines are in; None where too few are in any. `lines` were looked at."""

    log_format: LogFormat | None
    lines: int


def guess(file: LogFile) -> Guess:
    """Look at the first 200 lines that aren't blank; at least half must be in a format for it to be chosen.

    A file that can't be read gives no lines: reading it will say why.
    """
    lines = _first_lines(file)
    if not lines:
        return Guess(None, 0)
    shares = [(recognised(lines, known) / len(lines), known) for known in _known()]
    share, best = max(shares, key=lambda found: found[0])
    return Guess(best if share >= _ENOUGH else None, len(lines))


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


def chosen(files: Iterable[LogFile], name: str) -> tuple[LogFormat, dict[LogFile, str | None], list[LogFile]]:
    """Choose the format to read files in: the one of that name, or for `auto` the first that a file is in.

    Returns it, the format's name for each file (None where it can't be told), and the files that look otherwise.
    Raises UnknownFormatError for a name that is none, and LogSourceError where lines are in no known format.
    """
    if name != "auto":
        log_format = format_named(name)
        return log_format, dict.fromkeys(files, log_format.name), []
    guesses = {file: guess(file) for file in files}
    formats = [found.log_format for found in guesses.values() if found.log_format]
    strange = [file for file, found in guesses.items() if found.lines and not found.log_format]
    if strange and not formats:
        remedy = f"name its format (known: {', '.join(BUILT_IN)}) or the right file"
        raise LogSourceError(str(strange[0].path), "its lines are in no known log format", remedy)
    log_format = formats[0] if formats else built_in_format(_OURS)
    names = {file: found.log_format.name if found.log_format else None for file, found in guesses.items()}
    return log_format, names, strange
