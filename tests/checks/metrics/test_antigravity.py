"""The original's log: what happened is counted, over many seeds, though the log tells it badly."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from tests.checks.metrics.antigravity_corpus import START, make_antigravity_corpus

LATER = START + timedelta(days=9)


@pytest.mark.parametrize("seed", range(40))
def test_counts_equal_the_ledger(tmp_path: Path, seed: int) -> None:
    corpus = make_antigravity_corpus(tmp_path, seed)
    ledger, counts = corpus.ledger, corpus.ledger.counts
    table = read_windows(corpus.paths, now=LATER)
    total = table.total
    assert {source.format for source in table.sources} == {"antigravity"}
    assert (total.requests, total.errors, total.partial) == (counts["requests"], counts["failed"], counts["partial"])
    assert (total.lookups, total.hits, total.cache_errors) == (counts["lookups"], counts["hit"], counts["error"])
    assert total.missed == counts["lookups"] - counts["hit"]
    assert (total.errors_by_type, total.errors_by_status) == (ledger.by_type, ledger.by_status)
    assert {start: sums.requests for start, sums in table.by_window.items() if sums.requests} == ledger.windows
    assert {kind: getattr(table.coverage, kind) for kind in ledger.coverage} == dict(ledger.coverage)
    assert (table.coverage.unparsed, table.coverage.partial) == (0, 0)
    for name in ("all", "generated"):
        exact = sorted(ledger.durations_us[name])
        histogram = getattr(total, name)
        assert (histogram.count, histogram.sum_us) == (len(exact), sum(exact))
        for share in (0.5, 0.95):
            true = exact[ceil(share * len(exact)) - 1] if exact else None
            assert histogram.quantile_us(share) == (pytest.approx(true, rel=0.01) if exact else None)
