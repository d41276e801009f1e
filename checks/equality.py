"""Strict equality: text is no number, a boolean is no number, and quantities need the same dimension."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from checks.judgement import shown
from checks.units import Dimension, Quantity, UnitMismatch

_MEASURED = tuple(f"a {dimension}" for dimension in Dimension)


def equal(expected: Any, observed: object) -> bool:
    """Whether an observation is of the same kind and value as an operand, also inside lists and mappings.

    A quantity, or a number, is compared with a text that has a unit as quantities are: UnitMismatch is raised when
    the dimensions differ, and for a quantity beside anything that is none.
    """
    quantity = written_quantity(expected)
    if isinstance(observed, Quantity) and quantity is None:
        raise UnitMismatch(f"{observed} is a {observed.dimension}, {shown(expected)} is none")
    if quantity is not None and kind_of(observed) in _MEASURED:
        return bool(operator.eq(*observed_number(observed).against(quantity)))
    if kind_of(expected) != kind_of(observed):
        return False
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        return expected.keys() == observed.keys() and all(equal(expected[key], observed[key]) for key in expected)
    if isinstance(expected, (list, tuple)) and isinstance(observed, (list, tuple)):
        return len(expected) == len(observed) and all(map(equal, expected, observed))
    return bool(expected == observed)


def any_equal(pairs: Iterable[tuple[Any, object]]) -> bool:
    """Whether any pair is equal. Raises UnitMismatch only when none is and some could not be compared."""
    mismatch: UnitMismatch | None = None
    for expected, observed in pairs:
        try:
            if equal(expected, observed):
                return True
        except UnitMismatch as error:
            mismatch = error
    if mismatch:
        raise mismatch
    return False


def written_quantity(operand: object) -> Quantity | None:
    """Read an operand that stands for a quantity: a number, or a text with a unit. A text "5" stays a text."""
    try:
        quantity = Quantity.parse(operand)
    except ValueError:
        return None
    return None if isinstance(operand, str) and quantity.dimension is Dimension.NUMBER else quantity


def observed_number(observed: object) -> Quantity:
    """Take a number as a quantity. Raises TypeError for anything else; a boolean is no number."""
    if isinstance(observed, Quantity):
        return observed
    if isinstance(observed, (int, float)) and not isinstance(observed, bool):
        return Quantity(observed)
    raise TypeError(f"{kind_of(observed)} is no number")


def kind_of(value: object) -> str:
    """Name the kind of a value as messages do; only values of one kind are equal."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case Quantity():
            return f"a {value.dimension}"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return f"a value of the type {type(value).__name__}"
