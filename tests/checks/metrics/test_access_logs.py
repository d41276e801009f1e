"""Access logs and logfmt: the counts equal the ledger of what happened, over many seeds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from math import ceil
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from tests.checks.metrics.access_corpus import make_access_corpus, make_logfmt_corpus
from tests.checks.metrics.corpus import START, Corpus

LATER = START + timedelta(days=1)
MAKERS = {"combined": make_access_corpus, "logfmt": make_logfmt_corpus}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("name", "make"), MAKERS.items(), ids=MAKERS)
def test_counts_equal_the_ledger(tmp_path: Path, name: str, make: Callable[[Path, int], Corpus], seed: int) -> None:
    corpus = make(tmp_path, seed)
    ledger, counts = corpus.ledger, corpus.ledger.counts
    table = read_windows(corpus.paths, now=LATER)
    total = table.total
    assert {source.format for source in table.sources} == {name}
    assert (total.requests, total.errors, total.client_errors) == (
        counts["requests"],
        counts["failed"],
        counts["client"],
    )
    assert (total.blocked, total.succeeded, total.hits) == (counts["blocked"], counts["succeeded"], counts["hit"])
    assert (total.misses, total.bypassed, total.cache_errors) == (counts["miss"], counts["bypass"], counts["error"])
    assert (total.errors_by_type, total.errors_by_status) == (ledger.by_type, ledger.by_status)
    assert {start: sums.requests for start, sums in table.by_window.items()} == ledger.windows
    assert {kind: getattr(table.coverage, kind) for kind in ledger.coverage} == dict(ledger.coverage)
    assert table.coverage.lines == ledger.coverage.total()
    for part in ("all", "hit", "generated"):
        exact = sorted(ledger.durations_us[part])
        histogram = getattr(total, part)
        assert (histogram.count, histogram.sum_us) == (len(exact), sum(exact))
        for share in (0.5, 0.95):
            true = exact[ceil(share * len(exact)) - 1] if exact else None
            assert histogram.quantile_us(share) == (pytest.approx(true, rel=0.01) if exact else None)
