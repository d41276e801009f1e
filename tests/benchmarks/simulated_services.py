"""Services as counts a minute: healthy days with all that a day brings, and incidents of which the start is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Random = np.random.Generator

DAY = 1440
MISSING = 0.005
"""Share of minutes that never arrive."""
BURSTS = 2
"""Bursts a day: one or two minutes in which BURST of the requests fail."""
BURST = 0.6
RESTARTS = 1
"""Restarts a day: a minute without requests, then one in which RESTART of them fail."""
RESTART = 0.3
WARM = 0.3
"""Share of requests that the cache answers once it is warm; they cannot fail."""
WARMING = 5.0
"""Minutes until a cache that a restart has emptied is warm to 63 %; what it misses goes upstream and may fail."""
APART = 45
"""Minutes between two of these, at least: bursts a few minutes apart are an incident with dips."""
SWING = 0.6
"""The load swings by this share of its mean in a day."""
BEFORE = 60
"""Healthy minutes before an incident."""
LASTS = 60
"""Minutes of an incident."""
HEALTHY = 0.02
"""The true error rate before an incident."""


@dataclass(frozen=True)
class Minutes:
    """Failed requests and all requests, a row a service, a column a minute."""

    failed: Counts
    requests: Counts


def healthy_days(random: Random, days: int, per_second: float, error: float) -> Minutes:
    """Days at a true error rate, with bursts, restarts to a cold cache, a diurnal load and missing minutes."""
    minute = np.arange(DAY)
    load = per_second * 60 * (1 + SWING * np.sin(2 * np.pi * (minute / DAY + random.random((days, 1)))))
    rate = np.full((days, DAY), error)
    rows = np.arange(days)
    events = BURSTS + RESTARTS
    starts = np.sort(random.integers(0, DAY - 2 - APART * events, (days, events)), axis=1) + APART * np.arange(events)
    starts = random.permuted(starts, axis=1)
    for start in starts[:, BURSTS:].T:
        load[rows, start] = 0
        rate *= _of_a_cold_cache(minute - start[:, None] - 1)
        rate[rows, start + 1] = RESTART
    for start in starts[:, :BURSTS].T:
        is_long = random.random(days) < 0.5
        rate[rows, start] = BURST
        rate[rows[is_long], start[is_long] + 1] = BURST
    return _drawn(random, load, rate)


def incidents(random: Random, services: int, per_second: float, error: float, *, dip: bool) -> Minutes:
    """BEFORE healthy minutes, then LASTS minutes at a true error rate; with `dip`, one of the first five is healthy."""
    load = np.full((services, BEFORE + LASTS), per_second * 60)
    rate = np.full((services, BEFORE + LASTS), HEALTHY)
    rate[:, BEFORE:] = error
    if dip:
        rate[np.arange(services), BEFORE + random.integers(1, 5, services)] = HEALTHY
    return _drawn(random, load, rate)


def _of_a_cold_cache(minutes: Counts) -> NDArray[np.float64]:
    """By what factor more requests fail so many minutes after a restart than with a warm cache; 1 before it."""
    hits = np.where(minutes >= 0, WARM * (1 - np.exp(-np.maximum(minutes, 0) / WARMING)), WARM)
    factor: NDArray[np.float64] = (1 - hits) / (1 - WARM)
    return factor


def _drawn(random: Random, load: NDArray[np.float64], rate: NDArray[np.float64]) -> Minutes:
    requests = random.poisson(load).astype(np.int64)
    requests[random.random(requests.shape) < MISSING] = 0
    return Minutes(random.binomial(requests, rate).astype(np.int64), requests)
