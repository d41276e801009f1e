"""What a check expects of what it observes: one or more comparators that all have to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.comparator_reading import read_comparator
from checks.comparators import Comparator
from checks.judgement import Judgement, Truncated
from checks.units import Dimension, Quantity, UnitMismatch

__all__ = ["Dimension", "Expectation", "Judgement", "Quantity", "Truncated", "UnitMismatch", "expectations"]


@dataclass(frozen=True)
class Expectation:
    """Comparators of one property, at least one; said in words by `str`, as in "at least 30 %"."""

    comparators: tuple[Comparator, ...]

    @classmethod
    def parse(cls, raw: object) -> Expectation:
        """Read what a file says: a mapping of comparators, or a bare value that has to be equalled.

        Raises ValueError with every fault of the mapping: no comparator, an unknown one, a bad operand, or numbers
        of different dimensions (also as UnitMismatch, which is a ValueError).
        """
        if not isinstance(raw, Mapping):
            return cls((read_comparator("equals", raw),))
        if not raw:
            raise ValueError("expects nothing; write a value or a comparator such as at_least: 30%")
        read: list[Comparator] = []
        faults: list[str] = []
        for name, operand in raw.items():
            try:
                read.append(read_comparator(name, operand))
            except ValueError as error:
                faults.append(str(error))
        if faults:
            raise ValueError("; ".join(faults))
        expectation = cls(tuple(read))
        for quantity in expectation.quantities:
            quantity.against(expectation.quantities[0])
        return expectation

    def check(self, observed: object) -> Judgement:
        """Judge an observation: False when any comparator misses it, None when one cannot tell, True when all hold."""
        parts = [comparator.check(observed) for comparator in self.comparators]
        outcomes = {part.holds for part in parts}
        holds = False if False in outcomes else None if None in outcomes else True
        return Judgement(holds, "; ".join(part.reason for part in parts if part.holds is holds))

    @property
    def is_trivial(self) -> bool:
        """Whether no observation of a count, span, size or rate can miss it; such an expectation shows nothing."""
        return all(comparator.trivial for comparator in self.comparators)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The numbers compared with, of one dimension; who knows the property refuses 150 % of a rate by them."""
        return tuple(quantity for comparator in self.comparators for quantity in comparator.quantities)

    def __str__(self) -> str:
        return " and ".join(str(comparator) for comparator in self.comparators)


def expectations(raw: object) -> dict[str, Expectation]:
    """Read a mapping of properties to what each is expected to be.

    Raises ValueError with every fault, each after its property's name.
    """
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError("needs a mapping of at least one property to what it is expected to be")
    read: dict[str, Expectation] = {}
    faults: list[str] = []
    for name, expected in raw.items():
        try:
            read[str(name)] = Expectation.parse(expected)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise ValueError("; ".join(faults))
    return read
