"""Quantities: a number and what it measures, so that seconds are never compared with bytes.

`30%` is a ratio, `250ms` a time, `64MiB` a size and `217` a plain number. Values are kept in the base unit: a ratio
as a fraction of one, a time in seconds, a size in bytes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Dimension(StrEnum):
    """What a quantity measures; values of two dimensions are never compared."""

    NUMBER = "number"
    RATIO = "ratio"
    TIME = "time"
    SIZE = "size"


class UnitMismatch(ValueError):  # noqa: N818 - named for what happened, as the built-in errors of lookups are
    """Two values of different dimensions were to be compared; the message names both."""


UNITS: dict[str, tuple[Dimension, Fraction]] = {
    "": (Dimension.NUMBER, Fraction(1)),
    "%": (Dimension.RATIO, Fraction(1, 100)),
    "us": (Dimension.TIME, Fraction(1, 1_000_000)),
    "ms": (Dimension.TIME, Fraction(1, 1000)),
    "s": (Dimension.TIME, Fraction(1)),
    "m": (Dimension.TIME, Fraction(60)),
    "h": (Dimension.TIME, Fraction(3600)),
    "d": (Dimension.TIME, Fraction(86_400)),
    "B": (Dimension.SIZE, Fraction(1)),
    "kB": (Dimension.SIZE, Fraction(10**3)),
    "MB": (Dimension.SIZE, Fraction(10**6)),
    "GB": (Dimension.SIZE, Fraction(10**9)),
    "TB": (Dimension.SIZE, Fraction(10**12)),
    "KiB": (Dimension.SIZE, Fraction(2**10)),
    "MiB": (Dimension.SIZE, Fraction(2**20)),
    "GiB": (Dimension.SIZE, Fraction(2**30)),
    "TiB": (Dimension.SIZE, Fraction(2**40)),
}
"""Every unit, its dimension and its size in the base unit. Prefixes: SI for kB to TB, IEC 80000-13 for KiB to TiB."""

_NUMBER = r"[-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?"
_WRITTEN = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<unit>%|[A-Za-z]{{0,8}})")


@dataclass(frozen=True)
class Quantity:
    """A value in the base unit of its dimension; `Quantity(0.41, Dimension.RATIO)` is 41 %.

    Only equal value and dimension make two quantities equal: 120s is 2m. One that is written in a file keeps its
    writing for display. A measured value may be NaN or infinite; a written one never is.
    """

    value: float
    dimension: Dimension = Dimension.NUMBER
    written: str = field(default="", compare=False, repr=False)

    @classmethod
    def parse(cls, raw: object) -> Quantity:
        """Read a number, or a text of a number and a unit with at most one space between.

        Percentages over 100 are read, since growth can be 150 %: who expects one of a rate refuses it. Raises
        ValueError for anything else, for a negative value with a unit, and for values too large for a float.
        """
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            return cls(_finite(raw))
        found = _WRITTEN.fullmatch(raw) if isinstance(raw, str) else None
        if found is None:
            raise ValueError(f"{raw!r} is not a number with or without a unit, such as 5, 30%, 250ms or 64MiB")
        number, unit = found["number"], found["unit"]
        if unit not in UNITS:
            raise ValueError(f"{raw!r} has no unit that is known; {_nearest(unit)}")
        dimension, scale = UNITS[unit]
        if unit and number.startswith("-"):
            raise ValueError(f"{raw!r} is negative; a {dimension} is zero or more")
        exact = Fraction(number) * scale
        whole = exact.denominator == 1 and abs(exact) < 2**63
        return cls(exact.numerator if whole else _finite(exact), dimension, f"{number} {unit}".strip())

    @property
    def finite(self) -> bool:
        """False for NaN and the infinities."""
        return isinstance(self.value, int) or math.isfinite(self.value)

    def against(self, other: Quantity) -> tuple[float, float]:
        """Return both values, ready to be compared. Raises UnitMismatch when the dimensions differ."""
        if self.dimension is not other.dimension:
            raise UnitMismatch(f"{self} is a {self.dimension}, {other} is a {other.dimension}: not comparable")
        return self.value, other.value

    def __str__(self) -> str:
        if self.written or not self.finite:
            return self.written or f"{self.value}"
        value = Decimal(repr(self.value))
        unit = _fitting_unit(self.dimension, Fraction(value))
        scale = UNITS[unit][1]
        return f"{_digits(value * scale.denominator / scale.numerator)} {unit}".strip()


def _finite(number: float | Fraction) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"a number has to be finite and below 1e308, not {value}")
    return value if isinstance(number, Fraction) else number


def _nearest(unit: str) -> str:
    alike = [known for known in UNITS if known and known.lower() == unit.lower()]
    known = ", ".join(each for each in UNITS if each)
    return f"write {alike[0]}" if alike else f"known are {known}"


_LADDERS: dict[Dimension, tuple[str, ...]] = {
    Dimension.NUMBER: ("",),
    Dimension.RATIO: ("%",),
    Dimension.TIME: ("d", "h", "m", "s", "ms", "us"),
    Dimension.SIZE: ("TB", "GB", "MB", "kB", "B"),
}
_ONLY_WHOLE = ("d", "h", "m")


def _fitting_unit(dimension: Dimension, value: Fraction) -> str:
    """Choose the largest unit in which a value is at least one; of minutes, hours and days only a whole number."""
    ladder = _LADDERS[dimension]
    if value == 0:
        return "s" if dimension is Dimension.TIME else ladder[-1]
    for unit in ladder:
        scale = UNITS[unit][1]
        if abs(value) >= scale and (unit not in _ONLY_WHOLE or value % scale == 0):
            return unit
    return ladder[-1]


def _digits(number: Decimal) -> str:
    normal = number.normalize()
    exponent = normal.adjusted()
    return f"{normal:f}" if -7 <= exponent <= 20 else f"{normal:E}"
