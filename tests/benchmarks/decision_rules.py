"""The rules that are compared, over many services at once: the first minute at whose close each says ROLLBACK.

Every one is asked at the close of each minute. Ours is `checks.rollback.decision.decide`, in numpy; a test holds the
two together. The others are as their sources have them: Prometheus `rate(5m) > 10 %` with `for: 5m` (six evaluations
in a row, a gap clears), Argo with interval 1m and failureLimit 5 (more than five failed measurements in all, NaN is no
failure), Flagger with interval 1m and threshold 5 (five failed checks in all, no value is a failure).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from checks.rollback.decision import EVIDENCE, PARTS, SCALES, TRIMMED
from tests.benchmarks.simulated_services import Counts, Minutes

THRESHOLD = 0.1
MIN_SAMPLES = 30
NEVER = -1
Flags = NDArray[np.bool_]
Rule = Callable[[Minutes], Counts]


def ours(needed: float = EVIDENCE, min_samples: int = MIN_SAMPLES) -> Rule:
    """Our rule with `for: 5m`, where a part is a minute."""

    def rule(minutes: Minutes) -> Counts:
        return first(breached(minutes, needed, min_samples))

    return rule


def breached(minutes: Minutes, needed: float, min_samples: int) -> Flags:
    """Whether our rule says breached, for each service and minute."""
    failed, requests = _summed(minutes.failed), _summed(minutes.requests)
    found = np.zeros(minutes.requests.shape, dtype=bool)
    span_is_beyond = _beyond(_last(failed, PARTS), _last(requests, PARTS))
    for scale in SCALES:
        k, n = _last(failed, PARTS * scale), _last(requests, PARTS * scale)
        here = span_is_beyond & (n >= min_samples) & _beyond(k, n)
        here[:, : PARTS * scale - 1] = False
        rows, columns = np.nonzero(here)
        ends = columns[:, None] + 1 - scale * np.arange(PARTS - 1, -1, -1)
        part_failed = failed[rows[:, None], ends] - failed[rows[:, None], ends - scale]
        part_requests = requests[rows[:, None], ends] - requests[rows[:, None], ends - scale]
        holds = _beyond(part_failed[:, 0], part_requests[:, 0]) & _beyond(part_failed[:, -1], part_requests[:, -1])
        holds &= (part_requests[:, 1:-1] == 0).sum(axis=1) <= 1
        share = np.where(part_requests > 0, part_failed / np.maximum(part_requests, 1), np.inf)
        order = np.argsort(-np.where(np.isinf(share), -1.0, share), axis=1)[:, TRIMMED:]
        rest_failed = np.take_along_axis(part_failed, order, axis=1).sum(axis=1)
        rest_requests = np.take_along_axis(part_requests, order, axis=1).sum(axis=1)
        holds &= _beyond(rest_failed, rest_requests) & (evidence(rest_failed, rest_requests) >= needed)
        found[rows[holds], columns[holds]] = True
    return found


def clear(minutes: Minutes, min_samples: int = MIN_SAMPLES) -> Flags:
    """Whether our rule says clear, for each service and minute; where it says breached, that holds instead."""
    failed, requests = _last(_summed(minutes.failed), PARTS), _last(_summed(minutes.requests), PARTS)
    has_none = (minutes.requests == 0).astype(np.int64)
    at_ends = has_none.copy()
    at_ends[:, PARTS - 1 :] |= has_none[:, : -(PARTS - 1)]
    found = (requests >= min_samples) & ~_beyond(failed, requests)
    found &= (at_ends == 0) & (_last(_summed(has_none), PARTS) <= 1)
    found[:, : PARTS - 1] = False
    return found


def evidence(k: Counts, n: Counts) -> NDArray[np.float64]:
    """Nats against THRESHOLD, as `checks.rollback.decision.evidence`."""
    p = k / np.maximum(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bad = np.where(p > 0, p * np.log(p / THRESHOLD), 0.0)
        good = np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - THRESHOLD)), 0.0)
    found: NDArray[np.float64] = n * (bad + good)
    return found


def prometheus(window: int = 5, for_: int = 5) -> Rule:
    """A rate over `window` minutes above the threshold for `for_` minutes."""

    def rule(minutes: Minutes) -> Counts:
        above = _rate_is_above(minutes, window)
        return first(_last(_summed(above.astype(np.int64)), for_ + 1) == for_ + 1)

    return rule


def argo(limit: int = 5, window: int = 5) -> Rule:
    """More than `limit` measurements above the threshold since the beginning."""

    def rule(minutes: Minutes) -> Counts:
        return first(np.cumsum(_rate_is_above(minutes, window), axis=1) > limit)

    return rule


def flagger(threshold: int = 5) -> Rule:
    """`threshold` checks of one minute's rate that failed or had no value, since the beginning."""

    def rule(minutes: Minutes) -> Counts:
        failed = _rate_is_above(minutes, 1) | (minutes.requests == 0)
        return first(np.cumsum(failed, axis=1) >= threshold)

    return rule


def first(flags: Flags) -> Counts:
    """The first minute that is flagged, or NEVER."""
    return np.where(flags.any(axis=1), flags.argmax(axis=1), NEVER)


def _summed(counts: Counts) -> Counts:
    """Running sums, with a zero before the first minute."""
    return np.concatenate([np.zeros((len(counts), 1), dtype=np.int64), np.cumsum(counts, axis=1)], axis=1)


def _last(summed: Counts, minutes: int) -> Counts:
    """The sum over the `minutes` that end with each; of fewer at the beginning."""
    before = np.concatenate([np.zeros((len(summed), minutes), dtype=np.int64), summed], axis=1)
    found: Counts = summed[:, 1:] - before[:, 1 : summed.shape[1]]
    return found


def _beyond(k: Counts, n: Counts) -> Flags:
    found: Flags = (n > 0) & (k / np.maximum(n, 1) > THRESHOLD)
    return found


def _rate_is_above(minutes: Minutes, window: int) -> Flags:
    return _beyond(_last(_summed(minutes.failed), window), _last(_summed(minutes.requests), window))
