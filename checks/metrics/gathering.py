"""One window table from whatever is named: log files, standard input, files of windows, tables of a database."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, Unpack

from checks.metrics.clock import Clock, ClockStep
from checks.metrics.coverage import Note
from checks.metrics.database_table import SEPARATOR, spool_table
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.format_file import format_named
from checks.metrics.selection import WINDOW_S, Selection
from checks.metrics.sources import REMOTE, Sources, resolve
from checks.metrics.spooling import spool_stream
from checks.metrics.table import WindowTable
from checks.metrics.window_file import is_window_file, read_window_file

STANDARD_INPUT = "-"


class Reader(Protocol):
    """What reads log files into a window table: `engine.read_windows`, or one like it."""

    def __call__(
        self, paths: Sequence[str | Path], *, log_format: str = ..., **selection: Unpack[Selection]
    ) -> WindowTable:
        """Read the files."""


def gather(
    paths: Sequence[str | Path],
    *,
    log_format: str = "auto",
    reader: Reader = read_windows,
    **selection: Unpack[Selection],
) -> WindowTable:
    """Read all that is named into one window table; errors are those of `engine.read_windows`.

    Besides files and patterns of logs a path may be `-` for standard input, a Parquet file of windows, or FILE::TABLE
    for a table of an SQLite or DuckDB file, whose columns are taken for the fields of JSON lines; what stands elsewhere
    (`sources.REMOTE`) is for `reader` to find, which reads the logs. Windows of all of them must be of one length:
    raises LogSourceError where those of a file aren't `window_s` long.
    """
    with ExitStack() as stack:
        spools: dict[str, str] = {}
        plain: list[str | Path] = []
        for path in paths:
            if str(path) == STANDARD_INPUT or SEPARATOR in str(path):
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="signoff-"))).resolve()
                spools[str(_spool(str(path), folder / "lines"))] = str(path)
            else:
                plain.append(path)
        remote = [str(path) for path in plain if REMOTE in str(path)]
        here = [*(path for path in plain if REMOTE not in str(path)), *spools]
        found = resolve(here) if here or not remote else Sources((), ())
        windows = [file.path for file in found.files if _holds_windows(file.path)]
        logs: list[str | Path] = [*(file.path for file in found.files if file.path not in windows), *remote]
        tables = [_windows(path, selection) for path in windows]
        if logs:
            table = reader(logs, log_format=log_format, **selection)
            tables.append(_named(_with_clock(table, log_format), spools))
    return _added(tables, found)


def _spool(path: str, spool: Path) -> Path:
    if path == STANDARD_INPUT:
        return spool_stream(sys.stdin.buffer, spool)
    file, _, table = path.partition(SEPARATOR)
    return spool_table(Path(file), table, spool)


def _holds_windows(path: Path) -> bool:
    try:
        return is_window_file(path)
    except OSError:  # reading it as a log will say why
        return False


def _windows(path: Path, selection: Selection) -> WindowTable:
    table, window_s = read_window_file(path), selection.get("window_s", WINDOW_S)
    if table.window_s != window_s:
        remedy = f"ask for windows of {table.window_s} s, or make the file anew"
        raise LogSourceError(str(path), f"its windows are {table.window_s} s long, not {window_s} s", remedy)
    span = table.slice(selection.get("since"), selection.get("until"))
    return span.of(selection.get("versions"), selection.get("synthetic"))


def _with_clock(table: WindowTable, log_format: str) -> WindowTable:
    """Note where a log's clock went back: what was counted in a window may have happened in another."""
    notes = dict(table.notes)
    all_steps: list[ClockStep] = []
    for source in table.sources:
        if source.format:
            with suppress(OSError):  # reading it has said why
                known = format_named(source.format if log_format == "auto" else log_format)
                steps = Clock().steps_back(Path(source.path), known)
                notes |= {Note("clock_went_back", source.path): len(steps)} if steps else {}
                all_steps += steps
    return replace(table, notes=notes, clock_steps=tuple(all_steps))


def _named(table: WindowTable, spools: dict[str, str]) -> WindowTable:
    """Call what was spooled by the name that it was asked for by."""
    sources = tuple(replace(source, path=spools.get(source.path, source.path)) for source in table.sources)
    notes: dict[Note, int] = {}
    for note, count in table.notes.items():
        subject = note.subject
        for spool, name in spools.items():
            subject = subject.replace(spool, name)
        notes[Note(note.code, subject)] = count
    return replace(table, sources=sources, notes=notes)


def _added(tables: Sequence[WindowTable], found: Sources) -> WindowTable:
    total = tables[0]
    for table in tables[1:]:
        total = total.merge(table)
    return replace(total, notes={**dict.fromkeys(found.notes, 1), **total.notes})
