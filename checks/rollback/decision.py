"""The decision rule of a rate: clear, breached or unknown, of counts in consecutive parts of time.

A span (`for`) is cut into five parts of equal length. The rule looks back over windows of 1, 2, 3, 4, 6 and 8 spans,
all ending now, each again cut into five. Of k in n requests, with p = k / n and the threshold q,

    evidence = n · KL(p ‖ q) = n · (p · ln(p / q) + (1 - p) · ln((1 - p) / (1 - q)))

is the generalised likelihood ratio, in nats, of "the rate is p" to "the rate is q". A rate is breached when for one of
the windows all of this holds:

1. it is no accident: n ≥ `min_samples`, p is beyond q, and so it is without the window's TRIMMED worst parts, with
   evidence ≥ EVIDENCE in the parts that are left. A burst is among the worst parts and proves nothing;
2. it lasts: p is beyond q in the window's first and in its last part, and in the span that ends now;
3. the data are there: one part between the first and the last may be missing, not more.

It needs no clock that a single good minute restarts: a dip of one part delays, but doesn't hide. Long windows find
small excesses and thin traffic, the short one finds large excesses soon.

For a fixed sample at any rate on the threshold's good side, Chernoff's bound is P(p beyond q, evidence ≥ c) ≤ e^-c.
Here the sample is what is left when the worst parts are gone, whose p is lower than a fixed sample's; conditions 2 and
3 make it rarer still. What that makes in a service's day, over 1,440 rounds that overlap, no formula gives: it was
measured, and EVIDENCE was chosen by it (`make bench-decisions`, docs/rollback.md): at true rates up to 5 % against a
threshold of 10 % less than one false breach in 1,000 service-days, at 8 % less than one in 100.

A rate is clear when, with `min_samples` in the span and no more than one inner part missing, p is not beyond q. All
else is unknown.

Sources: H. Chernoff, Ann. Math. Stat. 23 (1952); W. Hoeffding, J. Am. Stat. Assoc. 58 (1963), theorem 1, for the bound;
T. L. Lai, IEEE Trans. Inf. Theory 44 (1998), for tests of a likelihood ratio over several windows that end now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from checks.outcome import CriterionState

PARTS = 5
"""Parts of a window; in a span of 5 minutes a part is a minute."""
SCALES = (1, 2, 3, 4, 6, 8)
"""Lengths of the windows, in spans."""
EVIDENCE = 3.5
"""Nats that a breach needs in what is left of a window without its worst parts; chosen by `make bench-decisions`."""
TRIMMED = 2
"""How many of the worst parts of a window are left out of the evidence."""


class Count(NamedTuple):
    """How many of `whole` requests were counted; a whole of 0 is a part that is missing."""

    part: int
    whole: int

    @property
    def rate(self) -> float:
        """The share; NaN of nothing."""
        return self.part / self.whole if self.whole else math.nan


class Decision(NamedTuple):
    """Where a rate stands; `window` counts what it was decided by, `scale` is that window's length in spans."""

    state: CriterionState
    window: Count
    scale: int
    reason: str


def evidence(count: Count, threshold: float) -> float:
    """Nats by which the counts speak against a rate of `threshold`; infinite where it makes them impossible."""
    if not count.whole:
        return 0.0
    return sum(
        share * count.whole * (math.log(share / expected) if expected else math.inf)
        for share, expected in ((count.rate, threshold), (1 - count.rate, 1 - threshold))
        if share
    )


def decide(
    parts: Sequence[Count], thresholds: Sequence[float], is_beyond: Callable[[float], bool], min_samples: int
) -> Decision:
    """Decide by consecutive parts of time, the newest last, PARTS of them a span; older ones may be left out.

    `is_beyond` says of a rate whether it is a breach; the `thresholds` are where its answer changes.
    """
    span = parts[-PARTS:]
    whole = total(span)
    for scale in SCALES:
        cut = _cut(parts, scale)
        if cut and whole.whole and is_beyond(whole.rate) and _breaches(cut, thresholds, is_beyond, min_samples):
            return Decision("breached", total(cut), scale, "")
    if whole.whole < min_samples:
        return Decision("unknown", whole, 1, f"{whole.whole} samples in the span; {min_samples} are needed")
    absent = missing([part.whole > 0 for part in span])
    if absent:
        return Decision("unknown", whole, 1, absent)
    if not is_beyond(whole.rate):
        return Decision("clear", whole, 1, "")
    if not (_lasts(span, is_beyond) and is_beyond(_trimmed(span, thresholds).rate)):
        return Decision("unknown", whole, 1, "but not throughout the span: a burst, or too little to tell")
    return Decision("unknown", whole, 1, "which chance alone could give on the threshold's other side")


def missing(present: Sequence[bool]) -> str:
    """Why a span whose parts are present or not can't be judged; empty where it can."""
    if len(present) < PARTS:
        return "the span has not passed yet"
    gaps = [number for number, is_there in enumerate(present) if not is_there]
    if not gaps or (len(gaps) == 1 and gaps[0] not in (0, PARTS - 1)):
        return ""
    return f"part {gaps[-1] + 1} of {PARTS} of the span has nothing to judge by"


def total(counts: Sequence[Count]) -> Count:
    """All counts added up."""
    return Count(sum(count.part for count in counts), sum(count.whole for count in counts))


def _cut(parts: Sequence[Count], scale: int) -> list[Count]:
    """The window of `scale` spans in PARTS parts; empty where the data don't go back so far."""
    size = PARTS * scale
    if len(parts) < size:
        return []
    window = parts[-size:]
    return [total(window[start : start + scale]) for start in range(0, size, scale)]


def _breaches(
    cut: Sequence[Count], thresholds: Sequence[float], is_beyond: Callable[[float], bool], min_samples: int
) -> bool:
    window = total(cut)
    rest = _trimmed(cut, thresholds)
    return (
        window.whole >= min_samples
        and is_beyond(window.rate)
        and is_beyond(rest.rate)
        and min(evidence(rest, threshold) for threshold in thresholds) >= EVIDENCE
        and not missing([part.whole > 0 for part in cut])
        and _lasts(cut, is_beyond)
    )


def _lasts(cut: Sequence[Count], is_beyond: Callable[[float], bool]) -> bool:
    return all(bool(end.whole) and is_beyond(end.rate) for end in (cut[0], cut[-1]))


def _trimmed(cut: Sequence[Count], thresholds: Sequence[float]) -> Count:
    """The window without its TRIMMED worst parts: those that are furthest on the side where the whole window is."""
    is_above = total(cut).rate > thresholds[0]
    present = sorted((part for part in cut if part.whole), key=lambda part: part.rate, reverse=is_above)
    return total(present[TRIMMED:])
