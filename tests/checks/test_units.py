"""Quantities: what is read, what is refused, and how they are written back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.units import UNITS, Dimension, Quantity, UnitMismatch


@pytest.mark.parametrize(
    ("written", "value", "dimension"),
    [
        ("30%", 0.3, Dimension.RATIO),
        ("30 %", 0.3, Dimension.RATIO),
        ("150%", 1.5, Dimension.RATIO),
        ("5s", 5, Dimension.TIME),
        ("250ms", 0.25, Dimension.TIME),
        ("40us", 0.00004, Dimension.TIME),
        ("5m", 300, Dimension.TIME),
        ("2h", 7200, Dimension.TIME),
        ("7d", 604_800, Dimension.TIME),
        ("500MB", 500_000_000, Dimension.SIZE),
        ("64MiB", 67_108_864, Dimension.SIZE),
        ("10kB", 10_000, Dimension.SIZE),
        ("1GB", 10**9, Dimension.SIZE),
        ("217", 217, Dimension.NUMBER),
        ("-1.5", -1.5, Dimension.NUMBER),
        ("1e3", 1000, Dimension.NUMBER),
        (217, 217, Dimension.NUMBER),
        (0.25, 0.25, Dimension.NUMBER),
    ],
)
def test_reads_numbers_with_and_without_units(written: object, value: float, dimension: Dimension) -> None:
    assert Quantity.parse(written) == Quantity(value, dimension)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("-5%", "'-5%' is negative; a ratio is zero or more"),
        ("-1s", "'-1s' is negative; a time is zero or more"),
        ("500mb", "'500mb' has no unit that is known; write MB"),
        ("5 parsecs", "'5 parsecs' has no unit that is known; known are %, us,"),
        ("five", "'five' is not a number"),
        ("", "'' is not a number"),
        ("5  s", "'5  s' is not a number"),
        ("1h30m", "'1h30m' is not a number"),
        ("٣", "is not a number"),
        (True, "True is not a number"),
        (None, "None is not a number"),
        ([5], r"\[5\] is not a number"),
        (math.nan, "has to be finite"),
        (math.inf, "has to be finite"),
        ("1e999", "has to be finite"),
        (10**400, "has to be finite"),
    ],
)
def test_refuses_what_is_no_quantity(written: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Quantity.parse(written)


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (Quantity(0.41, Dimension.RATIO), "41 %"),
        (Quantity(0.00125, Dimension.RATIO), "0.125 %"),
        (Quantity(0, Dimension.TIME), "0 s"),
        (Quantity(0.25, Dimension.TIME), "250 ms"),
        (Quantity(0.00004, Dimension.TIME), "40 us"),
        (Quantity(1e-9, Dimension.TIME), "0.001 us"),
        (Quantity(100, Dimension.TIME), "100 s"),
        (Quantity(7200.0, Dimension.TIME), "2 h"),
        (Quantity(172_800, Dimension.TIME), "2 d"),
        (Quantity(0, Dimension.SIZE), "0 B"),
        (Quantity(1_234_567, Dimension.SIZE), "1.234567 MB"),
        (Quantity(6e29, Dimension.TIME), "1E+28 m"),
        (Quantity(3.0), "3"),
        (Quantity(1e300), "1E+300"),
        (Quantity(math.nan, Dimension.RATIO), "nan"),
        (Quantity.parse("1000MB"), "1000 MB"),
        (Quantity.parse("64 MiB"), "64 MiB"),
    ],
)
def test_says_a_quantity_in_a_unit_that_fits(quantity: Quantity, words: str) -> None:
    assert str(quantity) == words


def test_quantities_in_other_units_are_equal() -> None:
    assert Quantity.parse("2h") == Quantity.parse("7200s")
    assert Quantity.parse("0.3s") == Quantity.parse("300ms")
    assert Quantity.parse("5s") != Quantity.parse("5")


def test_comparing_across_dimensions_names_both() -> None:
    with pytest.raises(UnitMismatch, match="30 % is a ratio, 5 s is a time: not comparable"):
        Quantity.parse("30%").against(Quantity.parse("5s"))


numbers = st.floats(min_value=0, max_value=1e15, allow_nan=False) | st.integers(0, 10**15)


@given(numbers, st.sampled_from(list(Dimension)))
def test_what_is_said_reads_back_the_same(value: float, dimension: Dimension) -> None:
    quantity = Quantity(value, dimension)
    assert Quantity.parse(str(quantity)) == quantity


@given(st.decimals(min_value=0, max_value=10**9, places=3), st.sampled_from(sorted(UNITS)))
def test_what_is_written_reads_back_the_same(number: object, unit: str) -> None:
    quantity = Quantity.parse(f"{number}{unit}")
    again = Quantity.parse(str(quantity))
    assert again == quantity
    assert str(again) == str(quantity)
