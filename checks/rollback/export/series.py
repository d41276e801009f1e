"""Which series of a service's metrics are a sum of the window table: the table's words in Prometheus' own."""

from __future__ import annotations

from collections.abc import Sequence

from checks.metrics.prometheus.mapping import Mapping, Series


def selector_of(name: str, mapping: Mapping) -> str | None:
    """The counters that add up to a sum of `checks.metrics.windows.Sums`; None where the service counts no such thing.

    The selector takes a range and an offset.
    """
    outcomes, results = mapping.outcomes, mapping.results
    unfinished = (*outcomes.failed, *outcomes.blocked, *outcomes.client)
    durations = {
        "requests": "",
        "errors": _one_of(mapping.durations, outcomes.failed),
        "blocked": _one_of(mapping.durations, outcomes.blocked),
        "client_errors": _one_of(mapping.durations, outcomes.client),
        "succeeded": f'{mapping.durations.label}!~"{"|".join(unfinished)}"',
    }
    if name in durations:
        return _selector(mapping.durations, "_count", durations[name])
    if name == "exhausted" and mapping.statuses and "429" in mapping.failed_statuses:
        return _selector(mapping.statuses, "", f'{mapping.statuses.label}="429"')
    answered = (*results.hit, *results.miss)
    cache = {
        "hits": results.hit,
        "missed": results.miss,
        "lookups": answered,
        "bypassed": results.bypass,
        "cache_errors": results.error,
        "cache_wanted": (*answered, *results.error),
    }
    if name in cache and mapping.cache:
        return _selector(mapping.cache, "", _one_of(mapping.cache, cache[name]))
    return None


def _one_of(series: Series, values: Sequence[str]) -> str:
    return f'{series.label}=~"{"|".join(values)}"'


def _selector(series: Series, suffix: str, matcher: str) -> str:
    return f"{series.metric}{suffix}{{{', '.join(filter(None, (series.match, matcher)))}}}"
