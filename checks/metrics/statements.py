"""The one SQL definition: a log format becomes the statements that turn lines into requests, and requests into sums.

Each statement reads a relation of the one before: lines(line) → classified → requests → counted → sums.
Parameters: $since_us, $until_us, $now_us (microseconds since 1970 UTC), $versions (texts), $synthetic; null asks
nothing. What a format says gets into a statement only as a literal, by `text_literal`.
"""

from __future__ import annotations

from checks.metrics.histogram import LONGEST_US
from checks.metrics.log_format import Condition, FieldName, LogFormat

TIME_PATTERN = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?([Zz]|[+-]\d\d(:?\d\d)?))?$"
"""ISO 8601 with a date, a time to the minute or finer, and perhaps a zone; without one it is UTC."""

_ZONE = r"([Zz]|:\d\d(\.\d+)? ?[+-]\d\d(:?\d\d)?)$"

LINES = "CREATE OR REPLACE TEMP TABLE lines AS SELECT unnest(string_split($text, chr(10))) AS line"
"""Lines of a piece, from the parameter $text."""

REQUESTS = """
CREATE TEMP TABLE requests (
  identity UHUGEINT, id_hash UBIGINT, at_us BIGINT, with_zone BOOLEAN,
  version VARCHAR, build VARCHAR, instance VARCHAR, synthetic BOOLEAN,
  cache VARCHAR, outcome VARCHAR, partial BOOLEAN, status SMALLINT, error_type VARCHAR,
  duration_us BIGINT, generated BOOLEAN
)
"""
"""One row a request record. `identity` tells whole lines apart; it is null where a record names no request id."""

COLLECT = "INSERT INTO requests SELECT * EXCLUDE (state) FROM classified WHERE state = 'parsed'"

STATES = """
SELECT state, CASE WHEN state = 'other_version' THEN version END AS subject, count(*)
FROM classified GROUP BY ALL
"""


def text_literal(value: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def _texts(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(map(text_literal, values)) + ")"


def _condition(condition: Condition) -> str:
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


def classified(log_format: LogFormat) -> str:
    """Say what each of `lines` is: its state, and where it is a request, what became of it.

    state: parsed, ignored, unparsed, other_version, synthetic_left_out or users_left_out. A record whose time, status
    or durations are missing or impossible is unparsed: what became of that request is not known.
    """
    keys = [log_format.time, log_format.event, *log_format.recognised_by, *log_format.fields.values()]
    paths = ", ".join(text_literal(f'$."{key}"') for key in keys)

    def named(field: FieldName) -> str:
        key = log_format.fields.get(field)
        return f"v[{keys.index(key) + 1}]" if key else "NULL::VARCHAR"

    def milliseconds(field: FieldName) -> str:
        return f"TRY_CAST({named(field)} AS DOUBLE)"

    recognised = " AND ".join(f"v[{keys.index(key) + 1}] IS NOT NULL" for key in log_format.recognised_by)
    longest_ms = LONGEST_US // 1000
    return f"""
CREATE OR REPLACE TEMP TABLE classified AS
WITH extracted AS MATERIALIZED (
  SELECT line, CASE WHEN json_valid(line) THEN json_extract_string(line, [{paths}]) END AS v FROM lines
), typed AS MATERIALIZED (
  SELECT line, v IS NOT NULL AND {recognised} AS recognised, v[2] AS event, v[1] AS time,
    CASE WHEN regexp_matches(v[1], {text_literal(TIME_PATTERN)})
      THEN epoch_us(TRY_CAST(v[1] AS TIMESTAMPTZ)) END AS at_us,
    nullif({named("version")}, '') AS version, {named("build")} AS build, {named("instance")} AS instance,
    CASE {named("synthetic")} WHEN 'true' THEN true WHEN 'false' THEN false END AS synthetic,
    {named("request_id")} AS request_id, TRY_CAST({named("status")} AS DOUBLE) AS status,
    {named("error_type")} AS error_type, {named("error_code")} AS error_code, {named("cache")} AS cache,
    TRY_CAST({named("images_asked")} AS DOUBLE) AS asked, TRY_CAST({named("images_returned")} AS DOUBLE) AS returned,
    {named("duration_ms")} IS NOT NULL AS timed, {milliseconds("duration_ms")} AS duration_ms,
    {named("generation_ms")} IS NOT NULL AS generated, {milliseconds("generation_ms")} AS generation_ms
  FROM extracted
), judged AS (
  SELECT *,
    coalesce(at_us IS NOT NULL AND status BETWEEN 100 AND 599 AND status = trunc(status)
      AND (NOT timed OR coalesce(isfinite(duration_ms) AND duration_ms BETWEEN 0 AND {longest_ms}, false))
      AND (NOT generated OR coalesce(isfinite(generation_ms) AND generation_ms BETWEEN 0 AND {longest_ms}, false)),
      false) AS sound,
    CASE WHEN {_any(log_format.failed)} THEN 'failed' WHEN {_any(log_format.blocked)} THEN 'blocked'
      WHEN {_any(log_format.client)} THEN 'client' ELSE 'succeeded' END AS outcome
  FROM typed
)
SELECT
  CASE
    WHEN NOT recognised AND trim(line, chr(9) || chr(13) || ' ') = '' THEN 'ignored'
    WHEN NOT recognised THEN 'unparsed'
    WHEN event NOT IN {_texts(log_format.request_events)} THEN 'ignored'
    WHEN NOT sound THEN 'unparsed'
    WHEN at_us < $since_us::BIGINT OR at_us >= $until_us::BIGINT THEN 'ignored'
    WHEN NOT list_contains($versions::VARCHAR[], version) THEN 'other_version'
    WHEN NOT $synthetic::BOOLEAN AND coalesce(synthetic, false) THEN 'synthetic_left_out'
    WHEN $synthetic::BOOLEAN AND NOT coalesce(synthetic, false) THEN 'users_left_out'
    ELSE 'parsed'
  END AS state,
  CASE WHEN request_id IS NOT NULL THEN md5_number(line) END AS identity, hash(request_id) AS id_hash,
  at_us, regexp_matches(time, {text_literal(_ZONE)}) AS with_zone,
  coalesce(version, '') AS version, coalesce(build, '') AS build, coalesce(instance, '') AS instance, synthetic,
  {_cache(log_format)} AS cache, outcome, coalesce(outcome = 'succeeded' AND returned < asked, false) AS partial,
  CASE WHEN sound THEN status::SMALLINT END AS status, error_type,
  CASE WHEN sound AND timed THEN round(duration_ms * 1000)::BIGINT END AS duration_us, generated
FROM judged
"""  # noqa: S608 - literals by text_literal


COUNTED = """
CREATE OR REPLACE TEMP TABLE counted AS
WITH once AS (
  SELECT DISTINCT * FROM requests WHERE identity IS NOT NULL
  UNION ALL
  SELECT * FROM requests WHERE identity IS NULL
)
SELECT *, (at_us // ($window_s::BIGINT * 1000000)) * $window_s::BIGINT AS start,
  synthetic AS labelled FROM once
"""
"""Each request once, with the start of its window in seconds since 1970 UTC."""

DIMENSIONS = ("start", "version", "build", "instance", "labelled")
"""The columns of a window's key, in the order of its fields."""

_DIMENSIONS = ", ".join(DIMENSIONS)

SUMS = f"""
SELECT {_DIMENSIONS},
  count(*) AS requests,
  count(*) FILTER (WHERE cache = 'hit') AS hits,
  count(*) FILTER (WHERE cache = 'miss') AS misses,
  count(*) FILTER (WHERE cache = 'bypass') AS bypassed,
  count(*) FILTER (WHERE cache = 'error') AS cache_errors,
  count(*) FILTER (WHERE outcome = 'failed') AS errors,
  count(*) FILTER (WHERE outcome = 'client') AS client_errors,
  count(*) FILTER (WHERE outcome = 'blocked') AS blocked,
  count(*) FILTER (WHERE partial) AS partial,
  count(*) FILTER (WHERE synthetic) AS synthetic,
  coalesce(sum(duration_us), 0) AS all_sum_us,
  coalesce(max(duration_us), 0) AS all_max_us,
  coalesce(sum(duration_us) FILTER (WHERE cache = 'hit'), 0) AS hit_sum_us,
  coalesce(max(duration_us) FILTER (WHERE cache = 'hit'), 0) AS hit_max_us,
  coalesce(sum(duration_us) FILTER (WHERE generated), 0) AS generated_sum_us,
  coalesce(max(duration_us) FILTER (WHERE generated), 0) AS generated_max_us
FROM counted GROUP BY {_DIMENSIONS}
"""  # noqa: S608 - constants only

FAILURES = f"""
SELECT {_DIMENSIONS}, coalesce(error_type, 'unknown') AS error_type, status, count(*) AS failures
FROM counted WHERE outcome = 'failed' GROUP BY ALL
"""  # noqa: S608 - constants only

BUCKETS = f"""
SELECT {_DIMENSIONS}, bucket, count(*), count(*) FILTER (WHERE cache = 'hit'), count(*) FILTER (WHERE generated)
FROM counted ASOF JOIN edges ON duration_us >= low GROUP BY ALL
"""  # noqa: S608 - constants only

NOTES = """
SELECT code, subject, counts FROM (
  SELECT 'duration_absent' AS code, '' AS subject, count(*) AS counts FROM counted WHERE duration_us IS NULL
  UNION ALL SELECT 'cache_absent', '', count(*) FROM counted WHERE cache IS NULL
  UNION ALL SELECT 'cache_value', cache[7:], count(*) FROM counted WHERE starts_with(cache, 'other:') GROUP BY cache
  UNION ALL SELECT 'time_without_zone', '', count(*) FROM counted WHERE NOT with_zone
  UNION ALL SELECT 'from_the_future', '', count(*) FROM counted WHERE at_us > $now_us
  UNION ALL SELECT 'version_unknown', '', count(*) FROM counted WHERE version = '' AND $versions::VARCHAR[] IS NOT NULL
  UNION ALL SELECT 'request_id_reused', '', count(DISTINCT identity) - count(DISTINCT id_hash) FROM counted
    WHERE identity IS NOT NULL
) WHERE counts > 0
"""
