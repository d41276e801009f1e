"""The one SQL definition: what records mean, from their fields (see extraction.py) to the sums of a window table.

Each statement reads a relation of the one before: extracted → counts → counted → sums. Parameters: $since_us,
$until_us, $now_us (microseconds since 1970 UTC), $versions (texts), $synthetic, $window_s; null asks nothing.
"""

from __future__ import annotations

from checks.metrics.cells import CELL
from checks.metrics.extraction import text_literal
from checks.metrics.histogram import LONGEST_US
from checks.metrics.log_format import FIELD_NAMES, Condition, FieldName, LogFormat
from checks.metrics.time_forms import READ, zoned

_MILLISECOND, _SECOND = 1000, 1_000_000

_LAST_US = 253_402_300_799_999_999
"""The end of the year 9999; later times are broken records."""

_AS_THEY_STAND: frozenset[FieldName] = frozenset({"request_id", "error_type", "error_code", "model", "account", "size"})
"""Fields of which the text is what counts."""

_COUNTED_FIELDS: frozenset[FieldName] = frozenset(FIELD_NAMES) - {"model", "account", "error_code", "size"}

LINES = """
CREATE OR REPLACE TEMP TABLE lines AS
SELECT unnest(string_split($text, chr(10))) AS line
"""
"""Lines of a piece, from the parameter $text."""


def fields_used(log_format: LogFormat, by: FieldName | None) -> frozenset[FieldName]:
    """Name the fields that counting needs: the fewer are extracted, the faster it is."""
    conditions = [*log_format.failed, *log_format.blocked, *log_format.client]
    return _COUNTED_FIELDS | {condition.field for condition in conditions} | ({by} if by else set())


def _texts(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(map(text_literal, values)) + ")"


def _condition(condition: Condition) -> str:
    if condition.one_of and condition.field == "status":
        return f"CAST(CAST(status AS INTEGER) AS VARCHAR) IN {_texts(condition.one_of)}"
    if condition.one_of:
        return f"{condition.field} IN {_texts(condition.one_of)}"
    bounds = [(">=", condition.at_least), ("<", condition.below)]
    return " AND ".join(f"{condition.field} {sign} {bound:g}" for sign, bound in bounds if bound is not None)


def _any(conditions: tuple[Condition, ...]) -> str:
    return " OR ".join(f"({_condition(condition)})" for condition in conditions) or "false"


def _cache(log_format: LogFormat) -> str:
    words = log_format.cache.model_dump()
    branches = [f"WHEN cache IN {_texts(values)} THEN {text_literal(name)}" for name, values in words.items() if values]
    return f"CASE {' '.join(branches)} WHEN cache IS NOT NULL THEN 'other:' || cache END"


def _microseconds(field: str, scale: int) -> str:
    number = f"TRY_CAST({field} AS DOUBLE)"
    longest = LONGEST_US // scale
    return f"CASE WHEN {number} BETWEEN 0 AND {longest} THEN CAST(round({number} * {scale}) AS BIGINT) END"


_KEYS = (
    "kind",
    "start",
    "version",
    "build",
    "instance",
    "labelled",
    "grouped",
    "cache",
    "outcome",
    "partial",
    "status",
    "error_type",
    "zoned",
    "future",
    "timed",
    "generated",
    "bucket",
    "physical",
    "state",
    "subject",
    "ends",
)
"""What is counted of a record; those that agree in it may be counted together."""


def facts(log_format: LogFormat, extracted: str, by: FieldName | None = None) -> str:
    """Give the query of `facts`: each record with its `state` and what it counts as.

    state: parsed, ignored, unparsed, other_version, synthetic_left_out or users_left_out. A request whose time, status
    or durations are missing or impossible is unparsed: what became of it is not known. `identity` is null where
    neither a record's text nor its id is evidence that it is the same as another. `ends` is true of a torn last one.
    """
    identity = "true" if log_format.distinct else "request_id IS NOT NULL"
    return f"""
SELECT {", ".join(_KEYS[:-2])}, CASE WHEN state = 'other_version' THEN version END AS subject,
  coalesce(ends AND state = 'unparsed', false) AS ends, CASE WHEN {identity} THEN hash(text) END AS identity,
  CASE WHEN request_id IS NOT NULL THEN hash(request_id) END AS id_hash, duration_us
FROM (
  SELECT *, bucket_of + CASE WHEN duration_us >= next_edge THEN 1 ELSE 0 END AS bucket
  FROM (SELECT *, {CELL} AS cell_of FROM ({_judged(log_format, extracted, by)}))
    LEFT JOIN (SELECT cell, bucket AS bucket_of, next_edge FROM cells) ON cell = cell_of
)
"""  # noqa: S608 - literals by text_literal


def counts(log_format: LogFormat, extracted: str, by: FieldName | None = None) -> str:
    """Give the query of `counts`: records one by one where they may stand twice, else added up."""
    found = facts(log_format, extracted, by)
    keys = ", ".join(_KEYS)
    if log_format.distinct or "request_id" in log_format.fields:
        return f"""
SELECT {keys}, CASE WHEN state = 'parsed' THEN identity END AS identity,
  CASE WHEN state = 'parsed' THEN id_hash END AS id_hash, 1 AS records,
  coalesce(duration_us, 0) AS sum_us, coalesce(duration_us, 0) AS max_us
FROM ({found})
"""  # noqa: S608 - literals by text_literal
    return f"""
SELECT {keys}, CAST(NULL AS UBIGINT) AS identity, CAST(NULL AS UBIGINT) AS id_hash, count(*) AS records,
  coalesce(sum(duration_us), 0) AS sum_us, coalesce(max(duration_us), 0) AS max_us
FROM ({found}) GROUP BY {keys}
"""  # noqa: S608 - literals by text_literal


STATES = """
SELECT state, subject, ends, sum(records) AS records, sum(records * physical) AS lines FROM counts GROUP BY ALL
"""
"""What became of the records and lines."""

_PIXELS = " * ".join(
    f"TRY_CAST(regexp_extract(size, '{side}', 1) AS BIGINT)" for side in ("^([0-9]{1,9})x", "x([0-9]{1,9})$")
)
_AS_TEXT: dict[FieldName, str] = {
    "status": "CAST(TRY_CAST(status AS INTEGER) AS VARCHAR)",
    "synthetic": "'' || labelled",
    "size": f"CASE WHEN {_PIXELS} <= 2097152 THEN '1K' WHEN {_PIXELS} <= 8388608 THEN '2K' "
    f"WHEN {_PIXELS} IS NOT NULL THEN '4K' ELSE '' END",
}
"""What a field is told apart by: of a size only its class, by pixels, as clients may ask for any."""


def _judged(log_format: LogFormat, extracted: str, by: FieldName | None) -> str:
    grouped = "''" if by is None else f"coalesce({_AS_TEXT.get(by, by)}, '')"
    return f"""
SELECT text, physical, ends, kind, version, build, instance, labelled, request_id, cache, outcome, error_type, zoned,
  timed, generated, duration_us, {grouped} AS grouped,
  CASE
    WHEN kind IN ('blank', 'other') THEN 'ignored'
    WHEN kind = 'unknown' OR NOT sound THEN 'unparsed'
    WHEN at_us < $since_us::BIGINT OR at_us >= $until_us::BIGINT THEN 'ignored'
    WHEN version <> '' AND NOT list_contains($versions::VARCHAR[], version) THEN 'other_version'
    WHEN NOT $synthetic::BOOLEAN AND coalesce(labelled, false) THEN 'synthetic_left_out'
    WHEN $synthetic::BOOLEAN AND NOT coalesce(labelled, false) THEN 'users_left_out'
    ELSE 'parsed'
  END AS state,
  (at_us // ($window_s::BIGINT * 1000000)) * $window_s::BIGINT AS start,
  at_us > $now_us::BIGINT AS future,
  coalesce(outcome = 'succeeded' AND returned < asked, false) AS partial,
  CASE WHEN sound THEN CAST(status AS SMALLINT) END AS status
FROM (
  SELECT *,
    coalesce(at_us BETWEEN 0 AND {_LAST_US} AND (kind <> 'request' OR (status BETWEEN 100 AND 599
      AND status = trunc(status) AND (NOT timed OR total_us IS NOT NULL)
      AND (NOT generated OR generation_us IS NOT NULL))), false) AS sound,
    coalesce(total_us, generation_us) AS duration_us,
    CASE WHEN {_any(log_format.failed)} THEN 'failed' WHEN {_any(log_format.blocked)} THEN 'blocked'
      WHEN {_any(log_format.client)} THEN 'client' ELSE 'succeeded' END AS outcome
  FROM ({_typed(log_format, extracted, by)})
)
"""  # noqa: S608 - literals by text_literal


def _typed(log_format: LogFormat, extracted: str, by: FieldName | None) -> str:
    plain = sorted(fields_used(log_format, by) & _AS_THEY_STAND)
    return f"""
SELECT text, physical, ends, kind, {READ[log_format.time_form]} AS at_us,
  {zoned(log_format.time_form)} AS zoned, {", ".join(plain)},
  coalesce(nullif(version, ''), '') AS version, coalesce(build, '') AS build, coalesce(instance, '') AS instance,
  CASE synthetic WHEN 'true' THEN true WHEN 'false' THEN false END AS labelled,
  TRY_CAST(status AS DOUBLE) AS status, {_cache(log_format)} AS cache,
  TRY_CAST(images_asked AS DOUBLE) AS asked, TRY_CAST(images_returned AS DOUBLE) AS returned,
  duration_ms IS NOT NULL OR duration_s IS NOT NULL AS timed,
  coalesce({_microseconds("duration_ms", _MILLISECOND)}, {_microseconds("duration_s", _SECOND)}) AS total_us,
  generation_ms IS NOT NULL AS generated, {_microseconds("generation_ms", _MILLISECOND)} AS generation_us
FROM ({extracted})
"""  # noqa: S608 - literals by text_literal


TABLES = (
    "CREATE TABLE cells (cell INTEGER, bucket INTEGER, next_edge BIGINT)",
    """CREATE TABLE counts (
      kind VARCHAR, start BIGINT, version VARCHAR, build VARCHAR, instance VARCHAR, labelled BOOLEAN, grouped VARCHAR,
      cache VARCHAR, outcome VARCHAR, partial BOOLEAN, status SMALLINT, error_type VARCHAR, zoned BOOLEAN,
      future BOOLEAN, timed BOOLEAN, generated BOOLEAN, bucket INTEGER, physical BIGINT,
      state VARCHAR, subject VARCHAR, ends BOOLEAN,
      identity UBIGINT, id_hash UBIGINT, records BIGINT, sum_us BIGINT, max_us BIGINT
    )""",
)
"""The tables that a reading fills: cells of durations (see cells.py), and counts from every range of every file."""

FILL_CELLS = """
INSERT INTO cells SELECT unnest($cell::INTEGER[]), unnest($bucket::INTEGER[]), unnest($next_edge::BIGINT[])
"""

DOUBTS = "SELECT count(identity) > count(DISTINCT coalesce(id_hash, identity)) FROM counts WHERE identity IS NOT NULL"
"""Whether any request id, or the text of a record that has none, stands more than once."""

COUNTED = "SELECT * FROM counts WHERE state = 'parsed'"
"""The query of `counted`: each request once, where there are no DOUBTS."""

COUNTED_ONCE = """
SELECT * FROM counts WHERE state = 'parsed' AND identity IS NULL
UNION ALL SELECT DISTINCT * FROM counts WHERE identity IS NOT NULL
"""
"""The same where there are."""

REUSED = "SELECT count(DISTINCT identity) - count(DISTINCT id_hash) FROM counts WHERE id_hash IS NOT NULL"
"""How many more records than request ids there are."""

PARSED_ONCE = "SELECT coalesce(sum(records * physical), 0) FROM counted"
"""How many lines the requests of `counted` have."""

DIMENSIONS = ("start", "version", "build", "instance", "labelled", "grouped")
"""The columns of a window's key, in the order of its fields."""

_DIMENSIONS = ", ".join(DIMENSIONS)


def _sum(value: str, where: str) -> str:
    return f"coalesce(sum({value}) FILTER (WHERE {where}), 0)"


def _largest(where: str) -> str:
    return f"coalesce(max(max_us) FILTER (WHERE {where}), 0)"


_REQUEST = "kind = 'request'"
_HIT = "timed AND cache = 'hit' AND kind = 'request'"
_TIMED = "timed AND kind = 'request'"
_GENERATED = "generated AND kind = 'request'"

_SUMS = {
    "requests": _sum("records", _REQUEST),
    "hits": _sum("records", "kind <> 'lookup' AND cache = 'hit'"),
    "misses": _sum("records", "kind <> 'lookup' AND cache = 'miss'"),
    "begun": _sum("records", "kind = 'lookup'"),
    "bypassed": _sum("records", "kind <> 'lookup' AND cache = 'bypass'"),
    "cache_errors": _sum("records", "kind <> 'lookup' AND cache = 'error'"),
    "errors": _sum("records", f"{_REQUEST} AND outcome = 'failed'"),
    "client_errors": _sum("records", f"{_REQUEST} AND outcome = 'client'"),
    "blocked": _sum("records", f"{_REQUEST} AND outcome = 'blocked'"),
    "partial": _sum("records", f"{_REQUEST} AND partial"),
    "synthetic": _sum("records", f"{_REQUEST} AND labelled"),
    "all_sum_us": _sum("sum_us", _TIMED),
    "all_max_us": _largest(_TIMED),
    "hit_sum_us": _sum("sum_us", _HIT),
    "hit_max_us": _largest(_HIT),
    "generated_sum_us": _sum("sum_us", _GENERATED),
    "generated_max_us": _largest(_GENERATED),
}

SUM_COLUMNS = tuple(_SUMS)
"""What SUMS gives after the dimensions."""

SUMS = f"""
SELECT {_DIMENSIONS}, {", ".join(f"{value} AS {name}" for name, value in _SUMS.items())}
FROM counted GROUP BY {_DIMENSIONS}
"""  # noqa: S608 - constants only

FAILURES = f"""
SELECT {_DIMENSIONS}, coalesce(error_type, 'unknown') AS error_type, status, sum(records) AS failures
FROM counted WHERE {_REQUEST} AND outcome = 'failed' GROUP BY ALL
"""  # noqa: S608 - constants only


def _histogram(part: str) -> str:
    return f"""list(bucket) FILTER (WHERE {part} > 0) AS {part}_buckets,
  list({part}) FILTER (WHERE {part} > 0) AS {part}_counts"""


BUCKETS = f"""
SELECT {_DIMENSIONS}, {_histogram("in_all")}, {_histogram("in_hit")}, {_histogram("in_generated")}
FROM (
  SELECT {_DIMENSIONS}, bucket, {_sum("records", _TIMED)}::BIGINT AS in_all, {_sum("records", _HIT)}::BIGINT AS in_hit,
    {_sum("records", _GENERATED)}::BIGINT AS in_generated
  FROM counted WHERE bucket IS NOT NULL GROUP BY {_DIMENSIONS}, bucket
) GROUP BY {_DIMENSIONS}
"""  # noqa: S608 - constants only

_NOTED = {
    "duration_absent": f"{_REQUEST} AND NOT timed",
    "cache_absent": f"{_REQUEST} AND cache IS NULL",
    "cache_value": f"{_REQUEST} AND starts_with(cache, 'other:')",
    "time_without_zone": "NOT zoned",
    "from_the_future": "future",
    "version_unknown": f"{_REQUEST} AND version = ''",
}

NOTE_CODES = tuple(_NOTED)
"""What NOTES gives after the cache's value."""

NOTES = f"""
SELECT substr(cache, 7), {", ".join(_sum("records", where) for where in _NOTED.values())} FROM counted GROUP BY cache
"""  # noqa: S608 - constants only
