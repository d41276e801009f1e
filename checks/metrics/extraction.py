"""SQL that turns lines into records and their fields: what a log format says, as a relation (see log_format.py).

Statements read lines(line), in order of the file, and give `extracted`, one row a record: `text`, `physical` (how many
lines it has), `ends` (it is the source's last, which has no end), `kind` (blank, unknown, other, request, lookup or
cache), `time`, and each field as text or null. What a format says gets into SQL only by `text_literal`. $torn says that
the last of `lines` has no end; where a record is one line, such a line is read by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import re2

from checks.metrics.log_format import FIELD_NAMES, EventRule, FieldName, LogFormat

KEPT = "kept"
"""The table of lines that may matter, of a format whose records have several lines."""

_FIRST_WORD = re.compile(r"^(?:\(\?s\))?\^\(\?P<time>\\S\+\) ")
_TOKENS = r'^(?:[^\s"=]*(?:="[^"\\]*(?:\\.[^"\\]*)*"|=[^\s"]*)?\s+)*?'
_NAMED = re.compile(r"\(\?P<(\w+)>")


def text_literal(value: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def joins_lines(log_format: LogFormat) -> bool:
    """True where a record may have several lines."""
    return log_format.first_line is not None and log_format.at_most_lines > 1


def kept(log_format: LogFormat) -> str:
    """Give a query of those of `lines` that may matter: records of several lines, and those that may be an event.

    The last line is always there, so that the largest `number` is how many lines were read. chr(26) stands for a line
    that is no text (`reading.UNREADABLE`).
    """
    quoting = [(log_format.quotes.before,)] if log_format.quotes else []
    candidate = _any_contains([*(rule.contains for rule in log_format.events), *quoting])
    return f"""
SELECT number, line, starts, next_starts FROM (
  SELECT number, line, starts, lead(starts) OVER () AS next_starts FROM (
    SELECT number, line, {_starts(log_format)} AS starts
    FROM (SELECT row_number() OVER () AS number, line FROM lines)
  )
) WHERE NOT starts OR next_starts IS DISTINCT FROM true OR {candidate}
"""  # noqa: S608 - literals by text_literal


def _starts(log_format: LogFormat) -> str:
    """Give the SQL of whether a line begins a record; a CASE, for an OR would try the pattern on every line."""
    by_pattern = f"regexp_matches(line, {text_literal(log_format.first_line or '')}) OR line = chr(26)"
    plain = log_format.plain_lines
    if plain is None:
        return by_pattern
    begins, contains = text_literal(plain.begin + "%"), text_literal(plain.contain)
    return f"CASE WHEN line LIKE {begins} AND contains(line, {contains}) THEN true ELSE {by_pattern} END"


def extracted(log_format: LogFormat, fields: frozenset[FieldName]) -> str:
    """Give the query of `extracted`, with those fields; reads `kept` where records have several lines."""
    if log_format.syntax == "json-lines":
        return _of_json(log_format, fields)
    if log_format.syntax == "key-value":
        return _of_pairs(log_format, fields)
    return _of_patterns(log_format, fields)


_LINES = "SELECT line AS text, 1 AS physical, $torn::BOOLEAN AS ends FROM lines"

_ENDS = "next_starts IS NULL AND $torn::BOOLEAN"


def _kind(log_format: LogFormat, event: str, recognised: str) -> str:
    blank = "coalesce(trim(text, chr(9) || chr(13) || ' '), '') = ''"
    if log_format.event is None:
        request = "'request'"
    else:
        names = ", ".join(map(text_literal, log_format.request_events))
        request = f"CASE WHEN {event} IN ({names}) THEN 'request' ELSE 'other' END"
    return f"CASE WHEN {recognised} THEN {request} WHEN {blank} THEN 'blank' ELSE 'unknown' END"


def _keyed(log_format: LogFormat, fields: frozenset[FieldName]) -> list[str]:
    used = [key for name, key in log_format.fields.items() if name in fields]
    event = [log_format.event] if log_format.event else []
    return list(dict.fromkeys([log_format.time, *event, *log_format.recognised_by, *used]))


def _from_keys(log_format: LogFormat, fields: frozenset[FieldName], place: dict[str, str], source: str) -> str:
    recognised = " AND ".join(f"{place[key]} IS NOT NULL" for key in log_format.recognised_by)
    columns = [
        f"{place[log_format.fields[name]]} AS {name}" if name in log_format.fields else f"NULL::VARCHAR AS {name}"
        for name in FIELD_NAMES
        if name in fields
    ]
    kind = _kind(log_format, place[log_format.event] if log_format.event else "", recognised)
    return f"""
SELECT text, physical, ends, {kind} AS kind, {place[log_format.time]} AS time, {", ".join(columns)}
FROM ({source})
"""  # noqa: S608 - literals by text_literal


def _of_json(log_format: LogFormat, fields: frozenset[FieldName]) -> str:
    keys = _keyed(log_format, fields)
    paths = ", ".join(text_literal(f'$."{key}"') for key in keys)
    source = f"SELECT *, TRY(json_extract_string(text, [{paths}])) AS v FROM ({_LINES})"  # noqa: S608
    return _from_keys(log_format, fields, {key: f"v[{at}]" for at, key in enumerate(keys, 1)}, source)


def _of_pairs(log_format: LogFormat, fields: frozenset[FieldName]) -> str:
    """Take values of key=value from outside of other values only: what comes before is read pair by pair."""
    keys = _keyed(log_format, fields)
    columns = []
    for at, key in enumerate(keys):
        pattern = text_literal(_TOKENS + re.escape(key) + r'=("[^"\\]*(?:\\.[^"\\]*)*"|[^"\s]*)(?:\s|\z)')
        columns.append(f"nullif(regexp_extract(text, {pattern}, 1), '') AS raw_{at}")
    raw = f"SELECT text, physical, ends, {', '.join(columns)} FROM ({_LINES})"  # noqa: S608
    place = {key: _unquoted(f"raw_{at}") for at, key in enumerate(keys)}
    return _from_keys(log_format, fields, place, raw)


def _unquoted(raw: str) -> str:
    inside = f"substr({raw}, 2, length({raw}) - 2)"
    plain = rf"replace(replace({inside}, '\"', '\"'), '\\', '\')".replace(r"'\"', '\"'", r"""'\"', '"'""")
    return f"CASE WHEN starts_with({raw}, '\"') THEN {plain} WHEN {raw} <> 'null' THEN {raw} END"


def _of_patterns(log_format: LogFormat, fields: frozenset[FieldName]) -> str:
    branches = " ".join(
        f"WHEN {_contains(rule, 'text')} AND regexp_matches(text, {text_literal(_unnamed(rule.pattern))}) THEN {at}"
        for at, rule in enumerate(log_format.events, 1)
    )
    captured = [
        (at, _Captures(rule, fields)) for at, rule in enumerate(log_format.events, 1) if rule.counts != "nothing"
    ]
    structs = [
        f"CASE WHEN event = {at} THEN {captures.expression} END AS v{at}"
        for at, captures in captured
        if captures.expression
    ]
    kinds = " ".join(
        f"WHEN event = {at} THEN {text_literal(rule.counts)}"
        for at, rule in enumerate(log_format.events, 1)
        if rule.counts != "nothing"
    )
    columns = [_column(name, captured) for name in ("time", *FIELD_NAMES) if name == "time" or name in fields]
    recognised = f"""CASE WHEN NOT known THEN
      CASE WHEN coalesce(trim(text, chr(9) || chr(13) || ' '), '') = '' THEN 'blank' ELSE 'unknown' END
      {kinds} ELSE 'other' END"""
    return f"""
SELECT text, physical, ends, {recognised} AS kind, {", ".join(columns)}
FROM (SELECT *{"".join(", " + struct for struct in structs)}
  FROM (SELECT *, CASE WHEN NOT known THEN 0 {branches} ELSE 0 END AS event FROM ({_records(log_format)})))
"""  # noqa: S608 - literals by text_literal


def _records(log_format: LogFormat) -> str:
    first_line = text_literal(log_format.first_line or "")
    if not joins_lines(log_format):
        return f"SELECT *, coalesce(regexp_matches(text, {first_line}), false) AS known FROM ({_LINES})"  # noqa: S608
    most = log_format.at_most_lines
    return f"""
SELECT text, physical, ends, known FROM (
  SELECT line AS text, 1 AS physical, {_ENDS} AS ends, line <> chr(26) AS known
  FROM {KEPT} WHERE starts AND next_starts IS DISTINCT FROM false
  UNION ALL
  SELECT string_agg(line, chr(10) ORDER BY number) AS text, count(*) AS physical,
    bool_or({_ENDS}) AS ends, NOT bool_or(starts AND line = chr(26)) AS known
  FROM placed WHERE number < record + {most} GROUP BY record
  UNION ALL
  SELECT line AS text, 1 AS physical, {_ENDS} AS ends, false AS known
  FROM placed WHERE record IS NULL OR number >= record + {most}
)
"""  # noqa: S608 - literals by text_literal


PLACED = f"""
SELECT * FROM (
  SELECT *, max(CASE WHEN starts THEN number END) OVER (ROWS UNBOUNDED PRECEDING) AS record FROM {KEPT}
) WHERE NOT starts OR next_starts = false
"""  # noqa: S608 - constants only
"""The query of `placed`: lines of records that have several, with the number of the first; null before any record."""


def _any_contains(needles: Sequence[Sequence[str]]) -> str:
    """Ask whether a line has all needles of any group; what most groups share is looked for first, and once."""
    if any(not group for group in needles):
        return "true"
    if not needles:
        return "false"
    shared, _ = Counter(needle for group in needles for needle in dict.fromkeys(group)).most_common(1)[0]
    rest = [[needle for needle in group if needle != shared] for group in needles if shared in group]
    others = [group for group in needles if shared not in group]
    found = f"(contains(line, {text_literal(shared)}) AND {_any_contains(rest)})"
    return f"({found} OR {_any_contains(others)})" if others else found


def _contains(rule: EventRule, column: str) -> str:
    return " AND ".join(f"contains({column}, {text_literal(part)})" for part in rule.contains)


def _unnamed(pattern: str, names: frozenset[str] = frozenset()) -> str:
    """Capture only what is wanted, by position: names differ between dialects, and captures cost time."""
    return _NAMED.sub(lambda found: "(" if found[1] in names else "(?:", pattern)


class _Captures:
    """How the fields of one event are taken out of its text."""

    def __init__(self, rule: EventRule, fields: frozenset[FieldName]) -> None:
        self.rule = rule
        self.time_is_first_word = bool(_FIRST_WORD.match(rule.pattern))
        wanted = set(rule.groups) & {*fields, *([] if self.time_is_first_word else ["time"])} - set(rule.set)
        named = _NAMED.sub(lambda found: found[0] if found[1] in wanted else "(?:", rule.pattern)
        compiled = re2.compile(named)
        self.places = dict(compiled.groupindex)
        names = ", ".join(f"'g{at}'" for at in range(1, max(self.places.values(), default=0) + 1))
        plain = text_literal(_unnamed(rule.pattern, frozenset(wanted)))
        self.expression = f"regexp_extract(text, {plain}, [{names}])" if self.places else ""

    def field(self, name: str, at: int) -> str | None:
        if name in self.rule.set:
            return text_literal(self.rule.set[name])
        if name == "time" and self.time_is_first_word:
            return "left(text, strpos(text, ' ') - 1)"
        return f"nullif(v{at}['g{self.places[name]}'], '')" if name in self.places else None


def _column(name: str, captured: list[tuple[int, _Captures]]) -> str:
    sources = [(at, captures.field(name, at)) for at, captures in captured]
    branches = " ".join(f"WHEN event = {at} THEN {source}" for at, source in sources if source)
    return f"CASE {branches} END AS {name}" if branches else f"NULL::VARCHAR AS {name}"
