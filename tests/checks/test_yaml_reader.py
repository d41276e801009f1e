"""Strict YAML: what is read, what is refused, and where each problem is."""

import json
import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks import yaml_reader
from checks.errors import ConfigurationError
from checks.yaml_reader import read_yaml

LOADERS = {loader.__name__: loader for loader in (yaml_reader.LOADER, yaml.SafeLoader)}


@pytest.fixture(params=LOADERS)
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sources of events give the same answers: libyaml's, and PyYAML's own where that is not built in."""
    monkeypatch.setattr(yaml_reader, "LOADER", LOADERS[request.param])


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(text, "x")
    return [str(problem).removeprefix("x:").strip() for problem in caught.value.problems]


@pytest.mark.usefixtures("_each_loader")
@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: [1, -2, +3, 0o17, 0xff]", {"a": [1, -2, 3, 15, 255]}),
        ("a: [1.5, -0.25, .5, 1e3, 2.]", {"a": [1.5, -0.25, 0.5, 1000.0, 2.0]}),
        ("a: [true, FALSE, null, ~, ]", {"a": [True, False, None, None]}),
        ("a:", {"a": None}),
        ("a: ['yes', \"0777\", '12:30', 'null', '5']", {"a": ["yes", "0777", "12:30", "null", "5"]}),
        ("a: 2024-01-31\nb: 2024-01-31T12:30:00Z", {"a": "2024-01-31", "b": "2024-01-31T12:30:00Z"}),
        ("a: 30%\nb: 500MB\nc: v3.3.20", {"a": "30%", "b": "500MB", "c": "v3.3.20"}),
        ("a: |\n  one\ttwo\n  three\n", {"a": "one\ttwo\nthree\n"}),
        ("a: 1 #\tnote\n#\tnote\n", {"a": 1}),
        ("a: 1\r\nb:\r\n  - 2\r\n", {"a": 1, "b": [2]}),
        (b"\xef\xbb\xbfa: \xc3\xa9", {"a": "é"}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("- 1\n- {b: []}", [1, {"b": []}]),
        ("''", ""),
    ],
)
def test_reads_plain_data(text: str | bytes, data: object) -> None:
    assert read_yaml(text, "x").data == data


@pytest.mark.usefixtures("_each_loader")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty"),
        ("# nothing\n\n", "the file is empty"),
        ("---\n", "the file is empty"),
        ("a: 1\nb: 2\na: 3", '3:1: the key "a" is given twice; it stands on line 1 already'),
        ("a: &x 1", "1:4: the anchor &x; anchors are not allowed, remove it"),
        ("a: *x", "1:4: the alias *x; aliases are not allowed, write the value out"),
        ("a: !!str 5", "1:4: the tag tag:yaml.org,2002:str; tags are not allowed, remove it"),
        ("a: !python/object:os.system x", "1:4: the tag !python/object:os.system; tags are not allowed, remove it"),
        ("5: a", "1:1: a key must be text; quote it"),
        ("true: a", "1:1: a key must be text; quote it"),
        ("? [a, b]\n: c", "1:3: a key must be text; quote it"),
        ("on: a", '1:1: on is a boolean to some YAML readers and text to others; quote it ("on") or write true'),
        ("a: No", '1:4: No is a boolean to some YAML readers and text to others; quote it ("No") or write false'),
        ("a: 0777", '1:4: 0777 starts with a zero: octal to some YAML readers, decimal to others; quote it: "0777"'),
        ("a: 12:30", '1:4: 12:30 is a number in base 60 to some YAML readers; quote it: "12:30"'),
        ("a: 1_000", '1:4: 1_000 is a number to some YAML readers and text to others; quote it: "1_000"'),
        ("a: 0b11", '1:4: 0b11 is a number to some YAML readers and text to others; quote it: "0b11"'),
        ("<<: {a: 1}", '1:1: << merges mappings in some YAML readers; quote it: "<<"'),
        ("a: .NaN", '1:4: .NaN is not a finite number; quote it: ".NaN"'),
        ("a: -.inf", '1:4: -.inf is not a finite number; quote it: "-.inf"'),
        ("a: 1e999", "1:4: 1e999 is not a finite number: it is too large"),
        ("a: 1\n---\nb: 2", "2:1: a second document starts here; a file holds one"),
        ("%YAML 1.1\n---\na: 1", "1:1: a %YAML or %TAG directive stands before this; remove it"),
        ("a:\n\t- b", "2:1: a tab; indent and separate with spaces, or quote the text that holds it"),
        ("a:\t1", "1:3: a tab; indent and separate with spaces, or quote the text that holds it"),
        ("a: 'x", "1:4: a quoted text starts here and is never closed"),
        ("a: @x", '1:4: an unquoted text cannot start with "@"; quote it'),
        (
            "a: b: c",
            '1:5: a ":" that cannot be read as a key\'s; quote the text that holds it, or check the indentation',
        ),
        ("é: 'é', x", None),
        ('a: "\\ud800"', None),
        ("a: [1, 2\nb: 3", None),
        ("a: \u202b\x07", "1:5: the invisible character U+0007; remove it, or escape it in quotes"),
        ("a: x\u2028y", "1:5: the invisible character U+2028; remove it, or escape it in quotes"),
        (b"a: 1\nb: \xe9", "2:4: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "the file is encoded as UTF-16 or UTF-32; save it as UTF-8"),
        ("a: 1".encode("utf-16-le"), "the file is encoded as UTF-16 or UTF-32; save it as UTF-8"),
    ],
)
def test_refuses_with_place_and_remedy(text: str | bytes, problem: str | None) -> None:
    found = problems(text)
    assert len(found) == 1
    assert problem is None or found == [problem]


@pytest.mark.usefixtures("_each_loader")
def test_shows_all_problems_of_a_file_at_once() -> None:
    text = "a: yes\nb: {c: 012, c: 2}\nd:\n\t- e: 'x\n"
    places = [found.split(": ")[0] for found in problems(text)]
    assert places == ["1:4", "2:8", "2:13", "4:1"]


def test_a_long_list_of_problems_is_cut_and_says_so() -> None:
    found = problems("- yes\n" * 250)
    assert len(found) == 101
    assert found[-1] == "150 more problems are not listed"
    assert len(problems("\x07" * 250)) == 101


def test_refuses_a_file_that_is_too_large() -> None:
    fitting = "a: " + "x" * ((1 << 20) - 3)
    assert len(read_yaml(fitting, "x").data["a"]) == (1 << 20) - 3
    assert problems(fitting + "x") == ["the file has 1048577 bytes; at most 1048576 (1 MiB) are read"]


@pytest.mark.usefixtures("_each_loader")
def test_refuses_what_is_nested_too_deeply() -> None:
    assert read_yaml("[" * 32 + "]" * 32, "x").data
    assert problems("[" * 33 + "]" * 33) == ["1:33: nested deeper than 32 levels"]
    assert problems("[" * 500_000) == ["1:33: nested deeper than 32 levels"]


def test_an_alias_bomb_is_not_expanded() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert all("aliases" in found or "anchors" in found for found in problems("\n".join(lines)))


def test_a_number_too_long_to_be_exact_is_refused() -> None:
    assert read_yaml(f"a: {2**63 - 1}", "x").data == {"a": 2**63 - 1}
    assert "has 19 digits" in problems(f"a: {2**63}")[0]
    assert "has 5000 digits" in problems("a: " + "9" * 5000)[0]


def test_positions_of_values_and_keys() -> None:
    document = read_yaml('release: {name: "é", version: v1}\nstages:\n  - id: a\n    checks: []\n', "x")
    assert document.position(()) == (1, 1)
    assert document.position(("release", "version")) == (1, 31)
    assert document.position(("release", "version"), key=True) == (1, 22)
    assert document.position(("stages", 0, "checks")) == (4, 13)
    assert document.position(("stages", 0, "checks"), key=True) == (4, 5)
    assert document.position(("stages", 0), key=True) == (3, 5)


def test_the_position_of_what_is_missing_is_the_nearest_above() -> None:
    document = read_yaml("stages:\n  - id: a\n", "x")
    assert document.position(("stages", 0, "title")) == (2, 5)
    assert document.position(("stages", 7, "title"), key=True) == (1, 1)


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\u2028\u2029\ufeff"), max_size=20
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(values)
def test_reads_json_as_json_does(value: Any) -> None:
    assert read_yaml(json.dumps(value, ensure_ascii=False), "x").data == value


@given(st.text(alphabet=string.printable + "é\u2028\x00:-[]{}&*!|>%@", max_size=60) | st.binary(max_size=60))
def test_anything_is_read_or_refused_with_a_problem(text: str | bytes) -> None:
    try:
        places = [read_yaml(text, "x").position(())]
    except ConfigurationError as error:
        places = [(problem.line or 1, problem.column or 1) for problem in error.problems]
    assert places
    assert all(line >= 1 and column >= 1 for line, column in places)


@given(st.from_regex(r"[-+0-9.:_eExXobyYnNtrufalsio~]{1,8}", fullmatch=True))
def test_an_unquoted_text_means_the_same_to_yaml_1_1_or_is_refused(text: str) -> None:
    try:
        ours = read_yaml(f"- {text}\n", "x").data
    except ConfigurationError:
        return
    theirs = yaml.safe_load(f"- {text}\n")
    core_only = isinstance(ours[0], (int, float)) and isinstance(theirs[0], str)
    dates_stay_text = isinstance(ours[0], str) and not isinstance(theirs[0], (int, float))
    assert ours == theirs or core_only or dates_stay_text
