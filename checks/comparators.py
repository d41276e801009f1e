"""The words of an expectation: each reads its operand, judges one observation, and says itself in plain words.

Comparator                base: name, judge, str, trivial, quantities
├── Equals, NotEquals     strict: text is no number, a boolean is no number
├── Bound                 above, at_least, below, at_most
├── Between               both ends included
├── OneOf                 equal to any of a list
├── Contains              part of a text, member of a list, key of a mapping; a list asks for each of its items
├── Matches               a regular expression of RE2 finds something in a text
├── Exists                something was, or nothing was, observed
└── Trend                 the direction of a list of numbers in the order of time
"""

from __future__ import annotations

import difflib
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import re2

from checks.judgement import Judgement, shown, why_unjudgeable
from checks.trend import direction
from checks.units import Dimension, Quantity, UnitMismatch


class Comparator(ABC):
    """One comparison with one operand, read from a file by `read`, which raises ValueError for a bad operand."""

    def check(self, observed: object) -> Judgement:
        """Judge an observation; what cannot be judged gives `holds=None` and the reason."""
        try:
            flaw = why_unjudgeable(observed)
            if flaw:
                return Judgement(None, f"{flaw}; expected {self}")
            holds = self.holds(observed)
        except RecursionError:
            return Judgement(None, f"the value observed is nested too deeply; expected {self}")
        except (UnitMismatch, TypeError) as error:
            return Judgement(None, f"observed {shown(observed)}, expected {self}: {error}")
        return Judgement(holds, f"observed {shown(observed)}, expected {self}")

    @abstractmethod
    def holds(self, observed: object) -> bool:
        """Compare with something observed. Raises TypeError or UnitMismatch when the two cannot be compared."""

    @property
    def trivial(self) -> bool:
        """Whether no observation can miss it."""
        return False

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The numbers it compares with."""
        return ()


@dataclass(frozen=True)
class Equals(Comparator):
    """Same kind of value and same value: 5 equals 5.0, but neither "5" nor true equals 1."""

    operand: Any

    def holds(self, observed: object) -> bool:
        """Compare strictly; a quantity with a text that has a unit is compared as quantities."""
        return _equal(self.operand, observed)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The operand, if it is a number or has a unit."""
        quantity = _quantity(self.operand)
        return (quantity,) if quantity else ()

    def __str__(self) -> str:
        return f"equals {_said(self.operand)}"


@dataclass(frozen=True)
class NotEquals(Comparator):
    """Same kind of value, and another value; a value of another kind is not judged."""

    operand: Any

    def holds(self, observed: object) -> bool:
        """Compare strictly. Raises TypeError for values of two kinds, which differ for the wrong reason."""
        if _kind(self.operand) != _kind(observed) and not (_quantity(self.operand) and isinstance(observed, Quantity)):
            raise TypeError(f"{_kind(observed)} is not compared with {_kind(self.operand)}")
        return not _equal(self.operand, observed)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The operand, if it is a number or has a unit."""
        return Equals(self.operand).quantities

    def __str__(self) -> str:
        return f"does not equal {_said(self.operand)}"


@dataclass(frozen=True)
class Bound(Comparator):
    """A limit on one side of a number."""

    phrase: str
    compare: Callable[[float, float], bool]
    limit: Quantity

    def holds(self, observed: object) -> bool:
        """Compare numbers of one dimension."""
        return self.compare(*_observed_number(observed).against(self.limit))

    @property
    def trivial(self) -> bool:
        """At least zero of anything counted, and at most all of it."""
        if self.phrase == "at least":
            return self.limit.value == 0
        return self.phrase == "at most" and self.limit == Quantity(1, Dimension.RATIO)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The limit."""
        return (self.limit,)

    def __str__(self) -> str:
        return f"{self.phrase} {self.limit}"


@dataclass(frozen=True)
class Between(Comparator):
    """A range of a number; both ends belong to it."""

    low: Quantity
    high: Quantity

    def holds(self, observed: object) -> bool:
        """Compare numbers of one dimension."""
        value, low = _observed_number(observed).against(self.low)
        return low <= value <= self.high.value

    @property
    def trivial(self) -> bool:
        """From nothing to all of it."""
        return self.low.value == 0 and self.high == Quantity(1, Dimension.RATIO)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Both ends."""
        return (self.low, self.high)

    def __str__(self) -> str:
        return f"between {self.low} and {self.high}"


@dataclass(frozen=True)
class OneOf(Comparator):
    """Equal to any item of a list."""

    operands: tuple[Any, ...]

    def holds(self, observed: object) -> bool:
        """Compare with each strictly; equal to one is enough."""
        return _any_equal((each, observed) for each in self.operands)

    def __str__(self) -> str:
        return f"one of {', '.join(_said(each) for each in self.operands)}"


@dataclass(frozen=True)
class Contains(Comparator):
    """Each of some values is part of a text, a member of a list, or a key of a mapping."""

    parts: tuple[Any, ...]

    def holds(self, observed: object) -> bool:
        """Look for every part."""
        return all(self._holds_one(part, observed) for part in self.parts)

    def _holds_one(self, part: object, observed: object) -> bool:
        match observed:
            case str():
                if not isinstance(part, str):
                    raise TypeError(f"{_kind(part)} cannot be part of a text")
                return part in observed
            case list() | tuple():
                return _any_equal((part, each) for each in observed)
            case Mapping():
                return _any_equal((part, key) for key in observed)
            case _:
                raise TypeError(f"{_kind(observed)} contains nothing")

    @property
    def trivial(self) -> bool:
        """The empty text is part of every text."""
        return all(part == "" for part in self.parts)

    def __str__(self) -> str:
        return f"contains {' and '.join(_said(part) for part in self.parts)}"


@dataclass(frozen=True)
class Matches(Comparator):
    """A regular expression finds something anywhere in a text; `^` and `$` tie it to the ends."""

    pattern: str
    compiled: Any = field(compare=False, repr=False)

    everything: ClassVar = frozenset({"", ".*", "^", "$", "^.*", ".*$", "^.*$", "(?s).*", "(?s)^.*$"})

    def holds(self, observed: object) -> bool:
        """Search a text."""
        if not isinstance(observed, str):
            raise TypeError(f"{_kind(observed)} has no text to search")
        return self.compiled.search(observed.encode("utf-8", "replace")) is not None

    @property
    def trivial(self) -> bool:
        """A pattern that matches every text."""
        return self.pattern in self.everything

    def __str__(self) -> str:
        return f"matches {self.pattern}"


@dataclass(frozen=True)
class Exists(Comparator):
    """Something was observed, or nothing was."""

    wanted: bool

    def check(self, observed: object) -> Judgement:
        """Judge nothing as nothing; a part, NaN or infinity cannot be judged."""
        if observed is None:
            return Judgement(not self.wanted, f"nothing was observed, expected that it {self}")
        return super().check(observed)

    def holds(self, observed: object) -> bool:
        """Something is there."""
        return self.wanted

    def __str__(self) -> str:
        return "exists" if self.wanted else "does not exist"


@dataclass(frozen=True)
class Trend(Comparator):
    """The direction of a list of numbers in the order of time, by Mann and Kendall's test."""

    wanted: str

    def holds(self, observed: object) -> bool:
        """Compare the direction of at least four numbers."""
        if not isinstance(observed, (list, tuple)):
            raise TypeError(f"a trend needs a list of numbers, not {_kind(observed)}")
        numbers = [_observed_number(each) for each in observed]
        try:
            return direction([each.against(numbers[0])[0] for each in numbers]) == self.wanted
        except ValueError as error:
            raise TypeError(str(error)) from None

    def __str__(self) -> str:
        return self.wanted


def _equal(expected: Any, observed: object) -> bool:
    if isinstance(observed, Quantity):
        quantity = _quantity(expected)
        if quantity is None:
            raise UnitMismatch(f"{observed} is a {observed.dimension}, {shown(expected)} is none")
        return bool(operator.eq(*observed.against(quantity)))
    if _kind(expected) == "a text" and _kind(observed) == "a number":
        quantity = _quantity(expected)
        return quantity is not None and bool(operator.eq(*_observed_number(observed).against(quantity)))
    if _kind(expected) != _kind(observed):
        return False
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        return expected.keys() == observed.keys() and all(_equal(expected[key], observed[key]) for key in expected)
    if isinstance(expected, (list, tuple)) and isinstance(observed, (list, tuple)):
        return len(expected) == len(observed) and all(map(_equal, expected, observed))
    return bool(expected == observed)


def _any_equal(pairs: Iterable[tuple[Any, object]]) -> bool:
    """Whether any pair is equal. Raises UnitMismatch only when none is and some could not be compared."""
    mismatch: UnitMismatch | None = None
    for expected, observed in pairs:
        try:
            if _equal(expected, observed):
                return True
        except UnitMismatch as error:
            mismatch = error
    if mismatch:
        raise mismatch
    return False


def _quantity(operand: object) -> Quantity | None:
    """Read an operand that stands for a quantity: a number, or a text with a unit. A text "5" stays a text."""
    try:
        quantity = Quantity.parse(operand)
    except ValueError:
        return None
    return None if isinstance(operand, str) and quantity.dimension is Dimension.NUMBER else quantity


def _observed_number(observed: object) -> Quantity:
    if isinstance(observed, Quantity):
        return observed
    if isinstance(observed, (int, float)) and not isinstance(observed, bool):
        return Quantity(observed)
    raise TypeError(f"{_kind(observed)} is no number")


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case Quantity():
            return f"a {value.dimension}"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return f"a value of the type {type(value).__name__}"


def _said(operand: object) -> str:
    quantity = _quantity(operand)
    return str(quantity) if quantity else shown(operand)


def _read_equals(raw: object) -> Comparator:
    return Equals(_operand(raw))


def _read_not_equals(raw: object) -> Comparator:
    return NotEquals(_operand(raw))


def _bound(phrase: str, compare: Callable[[float, float], bool]) -> Callable[[object], Comparator]:
    return lambda raw: Bound(phrase, compare, Quantity.parse(raw))


def _read_between(raw: object) -> Comparator:
    if not isinstance(raw, list) or len(raw) != 2:
        raise ValueError(f"needs a list of two values, the lower first, not {shown(raw)}")
    low, high = (Quantity.parse(each) for each in raw)
    lower, higher = low.against(high)
    if lower > higher:
        raise ValueError(f"the ends are reversed: {low} is more than {high}; write the lower first")
    return Between(low, high)


def _read_one_of(raw: object) -> Comparator:
    if not isinstance(raw, list) or not raw:
        raise ValueError(f"needs a list of at least one value, not {shown(raw)}")
    return OneOf(tuple(_operand(each) for each in raw))


def _read_contains(raw: object) -> Comparator:
    parts = raw if isinstance(raw, list) else [raw]
    if not parts:
        raise ValueError("an empty list asks for nothing")
    return Contains(tuple(_operand(each) for each in parts))


def _read_matches(raw: object) -> Comparator:
    if not isinstance(raw, str):
        raise ValueError(f"needs a regular expression in quotes, not {shown(raw)}")  # noqa: TRY004 - the file is wrong
    options = re2.Options()
    options.log_errors = False
    try:
        return Matches(raw, re2.compile(raw.encode("utf-8", "replace"), options))
    except re2.error as error:
        detail = error.args[0] if error.args else "not understood"
        detail = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else detail
        raise ValueError(f"the regular expression {raw!r} cannot be compiled (RE2 syntax): {detail}") from None


def _read_exists(raw: object) -> Comparator:
    if not isinstance(raw, bool):
        raise ValueError(f"needs true or false, not {shown(raw)}")  # noqa: TRY004 - the file is wrong
    return Exists(raw)


def _read_trend(raw: object) -> Comparator:
    if raw not in ("rising", "falling"):
        raise ValueError(f"needs rising or falling, not {shown(raw)}")
    return Trend(str(raw))


def _operand(raw: Any) -> Any:
    if raw is None:
        raise ValueError("no value is given; for something that must be absent write exists: false")
    flaw = why_unjudgeable(raw)
    if flaw:
        raise ValueError("a number to compare with has to be finite")
    return raw


READERS: dict[str, Callable[[object], Comparator]] = {
    "equals": _read_equals,
    "not_equals": _read_not_equals,
    "above": _bound("above", operator.gt),
    "at_least": _bound("at least", operator.ge),
    "below": _bound("below", operator.lt),
    "at_most": _bound("at most", operator.le),
    "between": _read_between,
    "one_of": _read_one_of,
    "contains": _read_contains,
    "matches": _read_matches,
    "exists": _read_exists,
    "trend": _read_trend,
}
"""Every comparator's name and how its operand is read."""


def read_comparator(name: object, raw: object) -> Comparator:
    """Read one comparator. Raises ValueError with its name, what is wrong, and the nearest spelling."""
    if name not in READERS:
        near = difflib.get_close_matches(str(name), READERS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValueError(f"there is no comparator {name!r}; {hint}allowed are {', '.join(READERS)}")
    try:
        return READERS[str(name)](raw)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
