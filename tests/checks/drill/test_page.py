"""The page's own shell lines, and the conclusions that their reader comes to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from checks.drill.catalogue import faults
from checks.drill.original import DATA_DIR, make_original
from checks.drill.page import operators_shell, page, page_sees
from checks.drill.place import Place
from checks.drill.steps import read_step


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as undo:
        made = Place(tmp_path, threading.Event(), undo)
        make_original(tmp_path)
        yield made


def sees(place: Place, name: str) -> tuple[str, bool]:
    seen = page_sees(name, place, operators_shell(place, {}))
    return seen.said, seen.is_ticked


def history(place: Place, **numbers: int | bool) -> None:
    read_step({"history": numbers}).apply(place)


def test_every_name_of_lines_that_a_fault_has_run_is_one() -> None:
    assert {fault.page for fault in faults()} - {""} <= set(page())


def test_the_operators_shell_is_what_is_echoed(place: Place) -> None:
    assert sees(place, "settings") == ("MEDIUM / filesystem / 200 / 3600", True)


def test_the_rate_is_a_hundred_per_cent_with_the_first_hit_unless_misses_are_logged(place: Place) -> None:
    history(place, hits=10, misses=90)
    assert sees(place, "hit-rate") == ("100.00", True)
    history(place, hits=10, misses=90, debug=True)
    said, ticked = sees(place, "hit-rate")
    assert (float(said), ticked) == (18.00, False)


def test_no_log_is_no_error_for_a_pipeline(place: Place) -> None:
    assert sees(place, "errors") == ("", True)
    assert sees(place, "cache-hits") == ("0", False)
    assert sees(place, "error-rate")[1] is False


def test_a_copy_of_a_missing_file_is_seen_and_one_of_another_file_is_not(place: Place) -> None:
    assert sees(place, "backup-configuration")[1] is False
    (place.folder / DATA_DIR / "config.json").write_text("{}")
    assert sees(place, "backup-configuration")[1] is True


def test_files_are_counted_whatever_is_in_them(place: Place) -> None:
    (place.folder / DATA_DIR / "accounts" / "one.json").write_text("half")
    assert sees(place, "accounts") == ("2", True)


def test_the_port_is_the_only_thing_that_is_replaced(place: Place) -> None:
    place.url = "http://127.0.0.1:1"
    assert sees(place, "smoke-basic")[1] is False
    assert sees(place, "listening") == ("", False)
