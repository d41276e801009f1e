"""The table of metrics in the operations runbook is what /metrics has."""

from __future__ import annotations

import re

import pytest

from proxy.description import describe
from proxy.exposition import OPENTELEMETRY_NAMES, converted
from tests.runbooks.documents import everything, plain, tables

pytestmark = pytest.mark.story("007-05")


def test_the_table_of_metrics_is_what_the_proxy_exposes() -> None:
    table = tables("operations", "Metrics")[0]
    given = {plain(name): kind for name, kind, *_ in table}
    assert given == {each["name"]: each["type"] for each in describe()["metrics"]}


def test_no_document_names_a_metric_that_is_not_there() -> None:
    known = {each["name"] for each in describe()["metrics"]}
    named = {found for _, code in everything() for found in re.findall(r"\bimage_proxy_[a-z_]+", code)}
    assert named
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in named} <= known


def test_the_table_of_opentelemetry_names_is_the_code_s() -> None:
    table = tables("operations", "Metrics")[2]
    given = {plain(name): (plain(theirs), plain(shown)) for name, theirs, shown in table}
    assert given == {
        name: (theirs, converted(theirs, seconds=name.endswith("_seconds")))
        for name, theirs in OPENTELEMETRY_NAMES.items()
    }
