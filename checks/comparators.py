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

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from checks.equality import any_equal, equal, kind_of, observed_number, written_quantity
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
        return equal(self.operand, observed)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The operand, if it is a number or has a unit."""
        quantity = written_quantity(self.operand)
        return (quantity,) if quantity else ()

    def __str__(self) -> str:
        return f"equals {_said(self.operand)}"


@dataclass(frozen=True)
class NotEquals(Comparator):
    """Same kind of value, and another value; a value of another kind is not judged."""

    operand: Any

    def holds(self, observed: object) -> bool:
        """Compare strictly. Raises TypeError for values of two kinds, which differ for the wrong reason."""
        if kind_of(self.operand) != kind_of(observed) and not (
            written_quantity(self.operand) and isinstance(observed, Quantity)
        ):
            raise TypeError(f"{kind_of(observed)} is not compared with {kind_of(self.operand)}")
        return not equal(self.operand, observed)

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
        return self.compare(*observed_number(observed).against(self.limit))

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
        value, low = observed_number(observed).against(self.low)
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
        return any_equal((each, observed) for each in self.operands)

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
                    raise TypeError(f"{kind_of(part)} cannot be part of a text")
                return part in observed
            case list() | tuple():
                return any_equal((part, each) for each in observed)
            case Mapping():
                return any_equal((part, key) for key in observed)
            case _:
                raise TypeError(f"{kind_of(observed)} contains nothing")

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
            raise TypeError(f"{kind_of(observed)} has no text to search")
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
            raise TypeError(f"a trend needs a list of numbers, not {kind_of(observed)}")
        numbers = [observed_number(each) for each in observed]
        try:
            return direction([each.against(numbers[0])[0] for each in numbers]) == self.wanted
        except ValueError as error:
            raise TypeError(str(error)) from None

    def __str__(self) -> str:
        return self.wanted


def _said(operand: object) -> str:
    quantity = written_quantity(operand)
    return str(quantity) if quantity else shown(operand)
