"""What is asked of a log's events, as one SQL statement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.metrics.extraction import text_literal
from checks.metrics.log_format import LogFormat
from checks.metrics.time_forms import TIME_PATTERN


@dataclass(frozen=True)
class EventFilter:
    """The events that are wanted: by name, by fields' values, by text in the raw line, by time in microseconds.

    Raises ValueError where nothing is asked for, or a field's name or value can't be compared.
    """

    log_format: LogFormat
    event: str | None
    where: Mapping[str, object]
    text: str | None
    since_us: int | None
    until_us: int | None

    def __post_init__(self) -> None:
        if self.event is None and not self.where and not self.text:
            raise ValueError("ask for an event, for fields, or for a text that is not empty")
        if self.log_format.syntax != "json-lines" and (self.event is not None or self.where):
            raise ValueError(f"lines in the format {self.log_format.name} are no events with fields; ask for a text")
        for name, value in self.where.items():
            if '"' in name or "\\" in name or not name:
                raise ValueError(f"{name!r} can't be a field's name")
            if value is not None and not isinstance(value, str | bool | int | float):
                raise ValueError(f"field {name}: a {type(value).__name__} can't be compared; give text or a number")

    @property
    def _fields(self) -> dict[str, object]:
        named: dict[str, object] = {} if self.event is None else {self.log_format.event or "event": self.event}
        return {**named, **self.where}

    def parameters(self) -> dict[str, Any]:
        """Give the statement's parameters but `whole`, which says that lines may be structured events."""
        values = {
            f"value_{place}": value
            for place, value in enumerate(self._fields.values())
            if value is not None and not isinstance(value, bool)
        }
        texts = {} if not self.text else {"texts": _spellings(self.text)}
        return {**values, **texts, "since_us": self.since_us, "until_us": self.until_us}

    def statement(self) -> str:
        """Make of `lines` the relation matched(line, structured, blank, identity, wanted).

        `wanted` is null where a line has what is asked for, but no time by which to place it in the span. The time of a
        line that is no JSON is its first word.
        """
        keys = [self.log_format.time, self.log_format.fields.get("request_id", ""), *self._fields]
        paths = ", ".join(text_literal(f'$."{key}"') for key in keys)
        conditions = [
            _equals(place, value, f"texts[{place + 3}]", f"jsons[{place + 3}]")
            for place, value in enumerate(self._fields.values())
        ]
        if self.text:
            conditions.append("len(list_filter($texts::VARCHAR[], lambda spelling: contains(line, spelling))) > 0")
        return f"""
CREATE OR REPLACE TEMP TABLE matched AS
WITH shaped AS MATERIALIZED (
  SELECT line, $whole AND CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END AS structured
  FROM lines
), extracted AS MATERIALIZED (
  SELECT line, structured, CASE WHEN structured THEN json_extract_string(line, [{paths}]) END AS texts,
    CASE WHEN structured THEN json_extract(line, [{paths}]) END AS jsons
  FROM shaped
), timed AS (
  SELECT *, CASE WHEN structured THEN texts[1] ELSE split_part(line, ' ', 1) END AS time FROM extracted
), placed AS (
  SELECT *, CASE WHEN regexp_matches(time, {text_literal(TIME_PATTERN)})
    THEN epoch_us(TRY_CAST(time AS TIMESTAMPTZ)) END AS at_us
  FROM timed
)
SELECT line, structured, trim(line, chr(9) || chr(13) || ' ') = '' AS blank,
  CASE WHEN texts[2] IS NOT NULL THEN md5_number(line) END AS identity,
  coalesce({" AND ".join(conditions)}, false)
    AND ($since_us::BIGINT IS NULL OR at_us >= $since_us::BIGINT)
    AND ($until_us::BIGINT IS NULL OR at_us < $until_us::BIGINT) AS wanted
FROM placed
"""  # noqa: S608 - literals by text_literal


def _equals(place: int, value: object, as_text: str, as_json: str) -> str:
    if value is None:
        return f"structured AND {as_text} IS NULL"
    if isinstance(value, bool):
        return f"{as_json}::VARCHAR = '{json.dumps(value)}'"
    if isinstance(value, str):
        return f"starts_with({as_json}::VARCHAR, '\"') AND {as_text} = $value_{place}"
    return f"NOT starts_with({as_json}::VARCHAR, '\"') AND TRY_CAST({as_text} AS DOUBLE) = $value_{place}::DOUBLE"


def _spellings(text: str) -> list[str]:
    escaped = [json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)]
    return sorted({text, *escaped})
