"""A format of one's own is a YAML file; what is wrong with one is told with its place."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from checks.metrics.errors import FormatFileError, UnknownFormatError
from checks.metrics.format_file import format_named
from checks.metrics.formats import BUILT_IN, built_in_format

GOOD = """\
name: mine
title: a shop's log
syntax: json-lines
recognised_by: [time, code]
time: time
time_form: epoch_ms
fields: {status: code, duration_s: took}
failed:
  - {field: status, at_least: 500}
"""


def write(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_format_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    assert format_named(write(tmp_path, GOOD)).name == "mine"


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_format_may_be_copied_and_changed(tmp_path: Path, name: str) -> None:
    text = files("checks.metrics.formats").joinpath(f"{name}.yaml").read_bytes()
    assert format_named(write(tmp_path, text)) == built_in_format(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("time_form", "time_from", "mine.yaml:6:1: unknown key 'time_from'; did you mean 'time_form'?"),
        ("title: a shop's log\n", "", "mine.yaml:1:1: 'title' is missing"),
        ("epoch_ms", "epoch", "mine.yaml:6:12: time_form: Input should be 'iso', 'clf'"),
        ("at_least: 500", "at_least: many", "mine.yaml:9:31: at_least: Input should be a valid number"),
        ("at_least: 500", "at_most: 500", "mine.yaml:9:21: unknown key 'at_most'"),
        ("status: code", "state: code", "mine.yaml:7:17: [key]: Input should be 'version'"),
        ("syntax: json-lines", "syntax: pattern\nfirst_line: '(a'", "mine.yaml:4:13: first_line: not a pattern"),
        ("title", "name", "mine.yaml:2:1: the key \"name\" is given twice"),
        (GOOD, "", "mine.yaml: the file is empty"),
        (GOOD, "[1]", "mine.yaml:1:1: a log format is a mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(FormatFileError) as caught:
        format_named(write(tmp_path, GOOD.replace(old, new)))
    assert message in str(caught.value)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FormatFileError) as caught:
        format_named(write(tmp_path, GOOD.replace("title", "titel").replace("epoch_ms", "epoch")))
    assert len(caught.value.problems) == 3
    assert str(caught.value).count("\n") == 2


def test_a_file_that_is_not_there_and_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FormatFileError, match=r"gone.yml: the log format can't be read \(No such file or directory\)"):
        format_named(str(tmp_path / "gone.yml"))
    with pytest.raises(UnknownFormatError, match="did you mean combined"):
        format_named("combinde")
