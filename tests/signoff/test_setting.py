from __future__ import annotations

import pytest
import typer

from signoff.setting import read_settings


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("n=217", 217),
        ("n=0.5", 0.5),
        ("n=true", True),
        ("n=500MB", "500MB"),
        ("n=a=b", "a=b"),
        ("n=", ""),
        ("n=on", "on"),
        ("n=[1, 2]", "[1, 2]"),
        ("n={a: 1}", "{a: 1}"),
        ('n="217"', "217"),
    ],
)
def test_values_are_read_as_the_checklist_reads_them(written: str, value: object) -> None:
    found = read_settings([written])["n"]
    assert (found, type(found)) == (value, type(value))


def test_fields_of_the_target_are_text() -> None:
    assert read_settings(["target.api_key=0123", "target.url=true"]) == {
        "target.api_key": "0123",
        "target.url": "true",
    }


@pytest.mark.parametrize("written", ["n", "=1", ""])
def test_what_is_no_pair_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="write KEY=VALUE"):
        read_settings([written])
