"""The JSON of `signoff logs`: what a window table says, in the shape of the design's section 5."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from checks.metrics.histogram import Histogram
from checks.metrics.table import NO_REQUEST, WindowTable
from checks.metrics.windows import Sums

SCHEMA_VERSION = 1


def summary(table: WindowTable) -> dict[str, Any]:
    """Say everything about a table that JSON can hold; what is unknown is None, never 0.

    Where the table gives no measures (no request, too much unparsed, a source cut short), everything but the windows
    and the coverage is None; `requests` is 0 where all was read and there was none.
    """
    unknown = table.unknown_reason is not None
    total = table.total
    span = table.span

    def known(value: Any) -> Any:
        return None if unknown else value

    def part(name: str) -> Any:
        return None if unknown or table.silent_on(name) else getattr(total, name)

    silent = {name: None for name in ("lookups", "hits", "blocked") if table.silent_on(name)}

    def rate(name: str) -> float | None:
        return table.measure(name).value

    def interval(name: str) -> list[float] | None:
        ci = table.measure(name).ci
        return list(ci) if ci else None

    return {
        "schema_version": SCHEMA_VERSION,
        "sources": [{"path": source.path, "format": source.format, "bytes": source.bytes} for source in table.sources],
        "since": _iso(span[0]) if span else _iso(table.since),
        "until": _iso(span[1]) if span else _iso(table.until),
        "requests": 0 if table.unknown_reason == NO_REQUEST else known(total.requests),
        "cache": {
            "lookups": part("lookups"),
            "hits": part("hits"),
            "misses": part("missed"),
            "bypassed": part("bypassed"),
            "errors": part("cache_errors"),
            "hit_rate": rate("cache.hit_rate"),
            "hit_rate_ci": interval("cache.hit_rate"),
        },
        "errors": {
            "count": known(total.errors),
            "rate": rate("errors.rate"),
            "rate_ci": interval("errors.rate"),
            "client": part("client_errors"),
            "by_type": known(dict(sorted(total.errors_by_type.items()))),
            "by_status": known(dict(sorted(total.errors_by_status.items()))),
        },
        "safety": {"blocked": part("blocked"), "rate": rate("safety.block_rate")},
        "latency_ms": {
            name: _latency(None if unknown else getattr(total, name)) for name in ("all", "hit", "generated")
        },
        "windows": [window_summary(start, table.window_s, sums) | silent for start, sums in table.by_window.items()],
        "coverage": {
            "lines": table.coverage.lines,
            "parsed": table.coverage.parsed,
            "ignored": table.coverage.ignored,
            "unparsed": table.coverage.unparsed,
            "partial": table.coverage.partial,
            "duplicate": table.coverage.duplicate,
        },
        "caveats": [{"code": caveat.code, "message": caveat.message} for caveat in table.caveats],
    }


def window_summary(start: int, seconds: int, sums: Sums) -> dict[str, Any]:
    """Say what one window holds; `start` is in seconds since 1970 UTC."""
    return {
        "start": _iso(datetime.fromtimestamp(start, UTC)),
        "seconds": seconds,
        "requests": sums.requests,
        "lookups": sums.lookups,
        "hits": sums.hits,
        "errors": sums.errors,
        "blocked": sums.blocked,
        "p50_ms": _milliseconds(sums.all.quantile_us(0.5)),
        "p95_ms": _milliseconds(sums.all.quantile_us(0.95)),
    }


def _latency(known: Histogram | None) -> dict[str, Any]:
    histogram = known or Histogram()
    return {
        "count": known.count if known else None,
        "mean": _milliseconds(histogram.mean_us()),
        "p50": _milliseconds(histogram.quantile_us(0.5)),
        "p95": _milliseconds(histogram.quantile_us(0.95)),
        "p99": _milliseconds(histogram.quantile_us(0.99)),
        "max": _milliseconds(histogram.max_us) if histogram.count else None,
    }


def _milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 3)


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
