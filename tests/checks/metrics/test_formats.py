"""Formats are data: what their model refuses, and what a format of one's own would do."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from checks.metrics.errors import UnknownFormatError
from checks.metrics.extraction import text_literal
from checks.metrics.formats import BUILT_IN, built_in_format
from checks.metrics.log_format import LogFormat


def data(**changes: Any) -> dict[str, Any]:
    return built_in_format("image-proxy").model_dump(exclude_none=True) | changes


def test_every_built_in_format_loads_by_its_name() -> None:
    assert "image-proxy" in BUILT_IN
    assert [built_in_format(name).name for name in BUILT_IN] == list(BUILT_IN)


def test_an_unknown_name_gets_a_suggestion_or_the_list() -> None:
    with pytest.raises(UnknownFormatError, match="did you mean image-proxy"):
        built_in_format("image_proxy")
    with pytest.raises(UnknownFormatError, match="known: auto, antigravity, combined, image-proxy, logfmt"):
        built_in_format("xyz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "Extra inputs"),
        ({"plain_lines": {"begin": "____", "contain": " INFO "}}, "of the syntax pattern, not of json-lines"),
        ({"plain_lines": {"begin": "___%", "contain": " INFO "}}, "should match pattern"),
        ({"fields": {"status": "status"}}, "fields must name duration_ms"),
        ({"time": "a'b"}, "should match pattern"),
        ({"failed": [{"field": "status"}]}, "either one_of"),
        ({"failed": [{"field": "status", "one_of": ["5"], "at_least": 5}]}, "either one_of"),
        ({"failed": [{"field": "cache", "at_least": 5}]}, "only status has bounds"),
    ],
)
def test_a_wrong_format_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LogFormat.model_validate(data(**changes))


@pytest.mark.parametrize("value", ["it's", "''; DROP TABLE lines; --", "\\", "\n"])
def test_a_literal_is_its_text(value: str) -> None:
    assert duckdb.connect(":memory:").execute(f"SELECT {text_literal(value)}").fetchone() == (value,)
