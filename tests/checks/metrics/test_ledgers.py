"""Access logs, logfmt and the original's text log: the counts equal the ledger of what happened, over many seeds.

Each seed happens on a day of its own and all are read at once, so that a day's windows are one seed's. Of packed files
many make one, as rotation does where it appends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from checks.metrics.table import WindowTable
from tests.checks.metrics import antigravity_corpus
from tests.checks.metrics.access_corpus import make_access_corpus, make_logfmt_corpus
from tests.checks.metrics.antigravity_corpus import make_antigravity_corpus
from tests.checks.metrics.corpus import START, Corpus, Ledger

Maker = Callable[[Path, int, datetime], Corpus]

MAKERS: dict[str, tuple[Maker, datetime, int]] = {
    "antigravity": (make_antigravity_corpus, antigravity_corpus.START, 70),
    "combined": (make_access_corpus, START, 50),
    "logfmt": (make_logfmt_corpus, START, 55),
}
"""What makes a corpus, when its first request is, and how many seeds are tried."""


@pytest.mark.parametrize("name", MAKERS)
def test_counts_equal_the_ledger(tmp_path: Path, name: str) -> None:
    make, first, seeds = MAKERS[name]
    corpora: dict[datetime, Corpus] = {}
    for seed in range(seeds):
        folder = tmp_path / str(seed)
        folder.mkdir()
        start = first + timedelta(days=2 * seed)
        corpora[start] = make(folder, seed, start)
    whole = {suffix: tmp_path / f"whole{suffix}" for suffix in ("", ".gz", ".zst")}
    for suffix, path in whole.items():
        parts = [part for part in sorted(tmp_path.glob("*/*")) if not part.is_symlink() and _packed(part) == suffix]
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
    table = read_windows(list(whole.values()), now=first + timedelta(days=1000))
    assert {source.format for source in table.sources} == {name}
    coverage = sum((corpus.ledger.coverage for corpus in corpora.values()), Counter[str]())
    assert {kind: getattr(table.coverage, kind) for kind in coverage} == dict(coverage)
    assert table.coverage.lines == coverage.total()
    for start, corpus in corpora.items():
        _compare(table.slice(start.replace(hour=0, minute=0), start + timedelta(days=1)), corpus.ledger)


def _packed(path: Path) -> str:
    return path.suffix if path.suffix in (".gz", ".zst") else ""


def _compare(table: WindowTable, ledger: Ledger) -> None:
    total, counts = table.total, ledger.counts
    assert (total.requests, total.errors, total.client_errors) == (
        *(counts["requests"], counts["failed"], counts["client"]),
    )
    assert (total.blocked, total.succeeded, total.partial) == (
        *(counts["blocked"], counts["succeeded"], counts["partial"]),
    )
    lookups = counts["lookups"] or counts["hit"] + counts["miss"]
    assert (total.lookups, total.hits, total.missed) == (lookups, counts["hit"], lookups - counts["hit"])
    assert (total.bypassed, total.cache_errors) == (counts["bypass"], counts["error"])
    assert (total.errors_by_type, total.errors_by_status) == (ledger.by_type, ledger.by_status)
    assert {start: sums.requests for start, sums in table.by_window.items() if sums.requests} == ledger.windows
    for part in ("all", "hit", "generated"):
        exact = sorted(ledger.durations_us[part])
        histogram = getattr(total, part)
        assert (histogram.count, histogram.sum_us) == (len(exact), sum(exact))
        for share in (0.5, 0.95, 0.99):
            true = exact[ceil(share * len(exact)) - 1] if exact else None
            assert histogram.quantile_us(share) == (pytest.approx(true, rel=0.01) if exact else None)
