"""Window tables add up in any order, and give measures only where they are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.metrics.coverage import Coverage, Note
from checks.metrics.histogram import Histogram
from checks.metrics.measures import MEASURES
from checks.metrics.table import Source, WindowTable
from checks.metrics.windows import Sums, WindowKey

START = datetime(2026, 1, 11, 10, tzinfo=UTC)

sums = st.builds(
    lambda hits, misses, errors, synthetic, times: Sums(
        requests=hits + misses + errors,
        hits=hits,
        misses=misses,
        errors=errors,
        synthetic=synthetic and hits,
        errors_by_type={"API_ERROR": errors} if errors else {},
        all=Histogram.of(*times),
    ),
    st.integers(0, 50),
    st.integers(0, 50),
    st.integers(0, 50),
    st.booleans(),
    st.lists(st.integers(0, 10**7), max_size=5),
)
keys = st.builds(
    WindowKey,
    st.integers(0, 5).map(lambda minute: int(START.timestamp()) + 60 * minute),
    st.sampled_from(["v1", "v2"]),
    st.just("b"),
    st.sampled_from(["one", "two"]),
    st.sampled_from([True, False, None]),
)
moments = st.none() | st.integers(0, 600).map(lambda second: START + timedelta(seconds=second))
tables = st.builds(
    WindowTable,
    st.just(60),
    st.dictionaries(keys, sums, max_size=6),
    st.builds(Coverage, *[st.integers(0, 100)] * 5),
    st.dictionaries(st.builds(Note, st.sampled_from(["other_version", "duration_absent"]), st.text(max_size=3)),
                    st.integers(1, 9), max_size=3),
    st.sets(st.builds(Source, st.text(max_size=4), st.sampled_from(["image-proxy", None]), st.integers(0, 9)),
            max_size=2).map(lambda found: tuple(sorted(found, key=lambda s: (s.path, s.format or "", s.bytes)))),
    moments,
    moments,
)  # fmt: skip


def minutes(*rows: Sums, coverage: Coverage | None = None) -> WindowTable:
    """A table of one window a minute."""
    start = int(START.timestamp())
    return WindowTable(
        60, {WindowKey(start + 60 * place): row for place, row in enumerate(rows)}, coverage or Coverage()
    )


@settings(max_examples=40)
@given(tables, tables, tables)
def test_merging_is_associative_and_commutative(a: WindowTable, b: WindowTable, c: WindowTable) -> None:
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(b) == b.merge(a)


@settings(max_examples=40)
@given(tables, tables)
def test_a_merged_table_measures_the_sums_of_both(a: WindowTable, b: WindowTable) -> None:
    merged = a.merge(b)
    assert merged.total == a.total + b.total
    assert merged.coverage.lines == a.coverage.lines + b.coverage.lines
    for name in MEASURES:
        measured = merged.measure(name)
        assert (measured.value is None) == (measured.reason_if_unknown is not None)


@given(tables, st.integers(0, 360))
def test_slices_at_any_moment_hold_every_window_once(table: WindowTable, second: int) -> None:
    at = START + timedelta(seconds=second)
    before, after = table.slice(until=at), table.slice(since=at)
    assert {**before.rows, **after.rows} == table.rows
    assert not set(before.rows) & set(after.rows)


def test_windows_of_different_length_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="60 s and of 30 s"):
        WindowTable(60).merge(WindowTable(30))


def test_measures_follow_their_definitions() -> None:
    table = minutes(
        Sums(
            requests=100,
            hits=30,
            misses=40,
            bypassed=20,
            cache_errors=10,
            errors=5,
            errors_by_status={"429": 1, "502": 4},
            client_errors=3,
            blocked=2,
            partial=9,
            all=Histogram.of(1000, 3000),
            hit=Histogram.of(1000),
        )
    )
    values = {name: table.measure(name).value for name in MEASURES}
    assert values == {
        "cache.hit_rate": pytest.approx(30 / 70),
        "cache.failure_rate": pytest.approx(10 / 80),
        "errors.rate": 0.05,
        "errors.exhausted_rate": 0.01,
        "errors.count": 5,
        "safety.block_rate": 0.02,
        "success.rate": 0.9,
        "success.partial_rate": 0.1,
        "requests.count": 100,
        "requests.rate": pytest.approx(100 / 60),
        "latency.p50": pytest.approx(1, rel=0.01),
        "latency.p95": 3,
        "latency.p99": 3,
        "latency.mean": 2,
        "latency.hit.p50": 1,
        "latency.hit.p95": 1,
        "latency.hit.p99": 1,
        "latency.hit.mean": 1,
        "latency.generated.p50": None,
        "latency.generated.p95": None,
        "latency.generated.p99": None,
        "latency.generated.mean": None,
    }
    units = {name.split(".")[0]: MEASURES[name].unit for name in ("cache.hit_rate", "latency.p50")}
    assert units == {"cache": "rate", "latency": "duration_ms"}
    assert table.measure("errors.rate").ci == pytest.approx((0.0215, 0.1118), abs=1e-4)
    assert "nothing among them" in (table.measure("latency.generated.p50").reason_if_unknown or "")


def test_a_measure_has_its_value_by_window() -> None:
    table = minutes(Sums(requests=4, hits=1, misses=3), Sums(requests=2), Sums(requests=2, hits=2))
    windows = table.measure("cache.hit_rate").windows
    assert [(window.start, window.value, window.samples) for window in windows] == [
        (START, 0.25, 4),
        (START + timedelta(minutes=1), None, 0),
        (START + timedelta(minutes=2), 1.0, 2),
    ]


def test_an_unknown_measure_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"unknown measure 'cache.hitrate'; known: cache.hit_rate"):
        WindowTable(60).measure("cache.hitrate")


def test_the_span_is_what_was_asked_for_or_what_there_is() -> None:
    table = minutes(Sums(requests=6), Sums(requests=6))
    assert table.span == (START, START + timedelta(minutes=2))
    asked = table.slice(since=START - timedelta(minutes=2), until=START + timedelta(minutes=2))
    assert asked.measure("requests.rate").value == 0.05


def test_an_empty_table_knows_nothing() -> None:
    table = WindowTable(60)
    for name in MEASURES:
        measured = table.measure(name)
        assert (measured.value, measured.samples, measured.synthetic_share) == (None, 0, None)
        assert measured.reason_if_unknown == "no request in what was read"


def test_too_much_unparsed_is_also_a_caveat() -> None:
    table = minutes(Sums(requests=90), coverage=Coverage(parsed=90, unparsed=10))
    assert [caveat.message for caveat in table.caveats] == [
        "10.0% of the lines could not be read, so no measure is given"
    ]


def test_synthetic_traffic_is_said() -> None:
    table = minutes(Sums(requests=4, synthetic=1))
    assert [caveat.message for caveat in table.caveats] == ["25.0% of the requests are synthetic"]
    assert table.is_synthetic == "some"
