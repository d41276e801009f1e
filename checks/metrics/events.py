"""Structured events of a log by name and fields, for checks that ask whether something was logged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from checks.metrics.coverage import UNPARSED_LIMIT
from checks.metrics.database import database
from checks.metrics.detection import chosen
from checks.metrics.errors import LogSourceError
from checks.metrics.event_filter import EventFilter
from checks.metrics.reading import Piece, TruncatedFileError, pieces
from checks.metrics.selection import microseconds
from checks.metrics.sources import LogFile, resolve
from checks.metrics.statements import LINES


@dataclass(frozen=True)
class EventMatches:
    """The lines that were asked for.

    `count` is how many there are, a record that stands twice counted once; `events` the first of them as dictionaries,
    and `fields` the names that all of them have (none where a match is no structured event). `lines` were read, and
    `unparsed` of them are no structured events. `reason_if_unknown` says why neither a match nor the lack of one may
    be relied on, or is None.
    """

    count: int
    events: tuple[Mapping[str, Any], ...]
    fields: frozenset[str]
    lines: int
    unparsed: int
    reason_if_unknown: str | None


def read_events(
    paths: Sequence[str | Path],
    *,
    log_format: str = "auto",
    event: str | None = None,
    where: Mapping[str, object] | None = None,
    text: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 20,
) -> EventMatches:
    """Find the events of a name whose top-level fields equal those of `where`.

    A value is text, a number, a truth value, or None, which an absent field equals too. `text` is looked for in the
    raw line, as it stands and as JSON writes it; alone it also finds lines that are no structured events.

    Raises LogSourceError where nothing can be read, ValueError where nothing is asked for or a value is of another
    type.
    """
    found = resolve(paths)
    chosen_format = chosen(found.files, log_format).log_format
    asked = EventFilter(chosen_format, event, dict(where or {}), text, microseconds(since), microseconds(until))
    search = _Search(asked, limit)
    problems: list[LogSourceError] = []
    with database() as (connection, _):
        connection.execute("CREATE TEMP TABLE identities (identity UHUGEINT)")
        for file in found.files:
            try:
                search.read(connection, file)
            except TruncatedFileError:
                search.gaps.append(f"{file.path} ends early")
            except LogSourceError as problem:
                problems.append(problem)
        if len(problems) == len(found.files):
            raise problems[0]
        row = connection.execute("SELECT count(DISTINCT identity) FROM identities").fetchone()
    search.gaps += [str(problem) for problem in problems]
    search.gaps += [note.subject for note in found.notes if note.code == "source_unreadable"]
    return search.matches(row[0] if row else 0)


class _Search:
    """What has been found so far."""

    def __init__(self, asked: EventFilter, limit: int) -> None:
        self.asked = asked
        self.limit = limit
        self.statement = asked.statement()
        self.lines = self.unparsed = self.rows = self.without_identity = self.unplaced = 0
        self.keys: Counter[str] = Counter()
        self.first: dict[str, Mapping[str, Any]] = {}
        self.gaps: list[str] = []

    def read(self, connection: duckdb.DuckDBPyConnection, file: LogFile) -> None:
        for piece in pieces(file):
            self._read_piece(connection, piece)

    def _read_piece(self, connection: duckdb.DuckDBPyConnection, piece: Piece) -> None:
        if piece.count:
            self.lines += piece.count
            self.unparsed += self._match(connection, piece.lines, whole=True)
        if piece.undecodable:
            self.lines += len(piece.undecodable)
            self.unparsed += self._match(connection, "\n".join(piece.undecodable), whole=False)
        if piece.torn is not None:
            self.lines += 1
            self._match(connection, piece.torn, whole=piece.torn_whole)
        if piece.too_long:
            self.lines += piece.too_long
            self.unparsed += piece.too_long
            if self.asked.text is not None:
                self.gaps.append(f"{piece.too_long} line(s) are too long to be searched")

    def _match(self, connection: duckdb.DuckDBPyConnection, lines: str, *, whole: bool) -> int:
        """Search some lines; return how many are neither blank nor structured events, where the format has such."""
        connection.execute(LINES, {"text": lines})
        connection.execute(self.statement, {**self.asked.parameters(), "whole": whole})
        connection.execute("INSERT INTO identities SELECT identity FROM matched WHERE wanted AND identity IS NOT NULL")
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE wanted), count(*) FILTER (WHERE wanted AND identity IS NULL),"
            " count(*) FILTER (WHERE wanted IS NULL), count(*) FILTER (WHERE NOT structured AND NOT blank) FROM matched"
        ).fetchone()
        rows, without_identity, unplaced, unparsed = row or (0, 0, 0, 0)
        self.rows += rows
        self.without_identity += without_identity
        self.unplaced += unplaced
        if rows:
            self._describe(connection)
        return int(unparsed) if self.asked.log_format.syntax == "json-lines" else 0

    def _describe(self, connection: duckdb.DuckDBPyConnection) -> None:
        keys = (
            "SELECT key, count(*) FROM (SELECT unnest(list_distinct(json_keys(line))) AS key"
            " FROM matched WHERE wanted AND structured) GROUP BY key"
        )
        self.keys.update(dict(connection.execute(keys).fetchall()))
        if len(self.first) < self.limit:
            first = "SELECT line FROM matched WHERE wanted AND structured LIMIT ?"
            for (line,) in connection.execute(first, [self.limit]).fetchall():
                if len(self.first) < self.limit:
                    self.first.setdefault(line, json.loads(line))

    def matches(self, identities: int) -> EventMatches:
        gaps = list(self.gaps)
        if self.unparsed > UNPARSED_LIMIT * self.lines:
            gaps.append(f"{self.unparsed / self.lines:.1%} of the lines are no structured events")
        if self.unplaced:
            gaps.append(f"{self.unplaced} matching line(s) name no time")
        return EventMatches(
            count=self.without_identity + identities,
            events=tuple(self.first.values()),
            fields=frozenset(key for key, count in self.keys.items() if count == self.rows),
            lines=self.lines,
            unparsed=self.unparsed,
            reason_if_unknown="; ".join(gaps) or None,
        )
