"""How one physical line of a log was read: its record, the event that it is, the fields found, what it counted as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import re2

from checks.metrics.compression import DAMAGED, open_plain
from checks.metrics.detection import chosen
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.log_format import LogFormat
from checks.metrics.reading import LONGEST_LINE
from checks.metrics.recognition import fields_of, recognised, record_beginning
from checks.metrics.sources import LogFile, resolve
from checks.metrics.table import WindowTable

_STATES = ("parsed", "ignored", "unparsed", "partial", "duplicate")


@dataclass(frozen=True)
class Explanation:
    """One line of one file. `first` to `last` are the physical lines, from 1, of the record that it belongs to.

    `format` is the format's name, `text` the record as it stands. `recognised` says whether it is in the format at all;
    `event` is which of the format's events it is, None for one that is not counted, and `counts` what that event is
    for. `fields` are its fields by this program's names. `state` is what the reading made of it, alone in a file:
    parsed, ignored, unparsed or partial; `outcome` is what became of the request: succeeded, failed, blocked or client.
    """

    path: str
    format: str
    line: int
    first: int
    last: int
    text: str
    recognised: bool
    event: str | None
    counts: str | None
    fields: Mapping[str, str]
    state: str
    outcome: str | None


def explain_line(path: str | Path, line: int, *, log_format: str = "auto") -> Explanation:
    """Explain a line, counted from 1, of one file.

    Raises LogSourceError where the file can't be read or has no such line, or its format can't be told.
    """
    files = resolve([path]).files
    if len(files) != 1:
        raise LogSourceError(str(path), f"these are {len(files)} files", "name the one whose line is meant")
    known = chosen(files, log_format).log_format
    first, lines = _record(files[0], line, known)
    text = "\n".join(lines)
    table = _alone(text, log_format if log_format != "auto" else known.name)
    event, counts, fields = _event(text, known)
    return Explanation(
        path=str(files[0].path),
        format=known.name,
        line=line,
        first=first,
        last=first + len(lines) - 1,
        text=text,
        recognised=recognised(lines, known) == len(lines),
        event=event,
        counts=counts,
        fields=fields,
        state=next(state for state in _STATES if getattr(table.coverage, state)) if table.coverage.lines else "ignored",
        outcome=_outcome(table),
    )


def _record(file: LogFile, wanted: int, log_format: LogFormat) -> tuple[int, list[str]]:
    """Find the record that a line belongs to: the number of its first line, and its lines."""
    begins_record = record_beginning(log_format)
    first, lines, number = 0, [""], 0
    for number, raw in enumerate(_lines(file), 1):
        text = raw.decode("utf-8", "replace")
        begins = number - first >= log_format.at_most_lines or begins_record(text)
        if begins and number > wanted:
            break
        if begins or not first:
            first, lines = number, []
        lines.append(text)
    if number < wanted:
        raise LogSourceError(str(file.path), f"it has {number} lines, not {wanted}", "ask for one of them")
    return first, lines


def _lines(file: LogFile) -> Iterator[bytes]:
    try:
        with open_plain(file.path) as stream:
            while line := stream.readline(LONGEST_LINE):
                yield line.removesuffix(b"\n")
    except (OSError, *DAMAGED) as error:
        raise LogSourceError(str(file.path), f"it can't be read ({error})", "check its permissions") from error


def _event(text: str, log_format: LogFormat) -> tuple[str | None, str | None, Mapping[str, str]]:
    if log_format.syntax == "pattern":
        return _event_by_pattern(text, log_format)
    found = fields_of(text, log_format)
    fields = {name: found[key] for name, key in log_format.fields.items() if key in found}
    event = found.get(log_format.event) if log_format.event else "request"
    counts = "request" if not log_format.event or event in log_format.request_events else None
    return event, counts, ({"time": found[log_format.time]} if log_format.time in found else {}) | fields


def _event_by_pattern(text: str, log_format: LogFormat) -> tuple[str | None, str | None, Mapping[str, str]]:
    for rule in log_format.events:
        found = re2.search(rule.pattern, text) if all(part in text for part in rule.contains) else None
        if found:
            groups = {name: value for name, value in found.groupdict().items() if value is not None}
            return rule.name, rule.counts, {**groups, **rule.set}
    return None, None, {}


def _alone(text: str, log_format: str) -> WindowTable:
    with TemporaryDirectory(prefix="signoff-") as folder:
        spool = Path(folder) / "record"
        spool.write_text(f"{text}\n", encoding="utf-8", newline="\n")
        return read_windows([spool], log_format=log_format)


def _outcome(table: WindowTable) -> str | None:
    total = table.total
    counts = {
        "failed": total.errors,
        "blocked": total.blocked,
        "client": total.client_errors,
        "succeeded": total.succeeded,
    }
    return next((name for name, count in counts.items() if count), None)
