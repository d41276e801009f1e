"""How SQL reads the time of a record, in each of the forms that a log format may name."""

from __future__ import annotations

from checks.metrics.extraction import text_literal
from checks.metrics.log_format import TimeForm

TIME_PATTERN = (
    r"^\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
    r"(?:Z|[+-](?:0\d|1[0-7])(?::?[0-5]\d)?)?$"
)
"""ISO 8601 with a date, a time to the minute or finer, and perhaps a zone; without one it is UTC."""

_ZONE = r"(?:Z|:\d\d(?:\.\d+)?[+-]\d\d(?::?\d\d)?)$"

READ: dict[TimeForm, str] = {
    "iso": f"""CASE WHEN regexp_matches(time, {text_literal(TIME_PATTERN)})
      THEN epoch_us(TRY_CAST(time AS TIMESTAMPTZ)) END""",
    "clf": "epoch_us(try_strptime(time, '%d/%b/%Y:%H:%M:%S %z'))",
    "epoch_s": "TRY_CAST(TRY_CAST(time AS DECIMAL(18, 6)) * 1000000 AS BIGINT)",
    "epoch_ms": "TRY_CAST(TRY_CAST(time AS DECIMAL(18, 3)) * 1000 AS BIGINT)",
    "epoch_us": "TRY_CAST(time AS BIGINT)",
}
"""The SQL of microseconds since 1970 UTC, of a record's `time`; null where it is no such time."""


def zoned(form: TimeForm) -> str:
    """Give the SQL of whether a time names its zone."""
    if form != "iso":
        return "true"
    in_digits = f"coalesce(regexp_matches(time, {text_literal(_ZONE)}), false)"
    return f"CASE WHEN ends_with(time, 'Z') THEN true ELSE {in_digits} END"
