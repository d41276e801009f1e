"""Over many seeds, the counts of logs with every trap equal the ledger of what happened."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from tests.checks.metrics.corpus import START, VERSION, make_corpus

LATER = START + timedelta(days=1)


@pytest.mark.parametrize("seed", range(25))
def test_counts_equal_the_ledger(tmp_path: Path, seed: int) -> None:
    corpus = make_corpus(tmp_path, seed)
    ledger = corpus.ledger
    table = read_windows(corpus.paths, versions=frozenset({VERSION}), now=LATER)
    total, counts = table.total, ledger.counts
    assert {
        "requests": total.requests,
        "hit": total.hits,
        "miss": total.misses,
        "bypass": total.bypassed,
        "error": total.cache_errors,
        "failed": total.errors,
        "blocked": total.blocked,
        "client": total.client_errors,
        "succeeded": total.succeeded,
        "partial": total.partial,
        "synthetic": total.synthetic,
    } == dict(counts)
    assert total.errors_by_type == ledger.by_type
    assert total.errors_by_status == ledger.by_status
    assert {start: sums.requests for start, sums in table.by_window.items()} == ledger.windows
    coverage = table.coverage
    assert {kind: getattr(coverage, kind) for kind in ledger.coverage} == dict(ledger.coverage)
    assert coverage.lines == ledger.coverage.total()
    assert len(table.sources) == 3
    for name, prefix in (("all", "latency"), ("hit", "latency.hit"), ("generated", "latency.generated")):
        exact = sorted(ledger.durations_us[name])
        histogram = getattr(total, name)
        assert (histogram.count, histogram.sum_us, histogram.max_us) == (len(exact), sum(exact), exact[-1])
        for percent in (50, 95, 99):
            true_ms = exact[ceil(percent / 100 * len(exact)) - 1] / 1000
            assert table.measure(f"{prefix}.p{percent}").value == pytest.approx(true_ms, rel=0.01)
