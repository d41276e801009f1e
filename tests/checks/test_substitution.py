"""`${…}`: plain substitution that keeps types, in checks as a run binds them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.substitution import MAX_SECRET_FILE_BYTES, Missing, Names, Unset, references, substitute
from tests.checks.running import checklist, conducted, stage, told, write

NAMES = Names({"n": 217, "rate": 0.5, "on": False, "zero": 0, "word": "two"}, {"TOKEN": "t-0123"}, Path("/nowhere"))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("${n}", 217),
        ("${rate}", 0.5),
        ("${on}", False),
        ("${zero}", 0),
        ("${env:TOKEN}", "t-0123"),
        ("${n} of ${word}", "217 of two"),
        ("$${n}", "${n}"),
        ("a $${n} b ${n}", "a ${n} b 217"),
        ("$$${n}", "$${n}"),
        ("$n {n}", "$n {n}"),
        ("${steps.one.json.id}", "${steps.one.json.id}"),
        (7, 7),
        (None, None),
    ],
)
def test_references_take_values(raw: object, value: object) -> None:
    found, missing = substitute(raw, NAMES)
    assert (found, type(found), missing) == (value, type(value), [])


def test_what_is_missing_is_named_with_its_path_and_stays() -> None:
    found, missing = substitute({"a": ["x", "${gone} ${n}"], "b": {"c": "${env:NONE}"}}, NAMES, ("root",))
    assert found == {"a": ["x", "${gone} 217"], "b": {"c": "${env:NONE}"}}
    assert missing == [Missing(("root", "a", 1), "gone"), Missing(("root", "b", "c"), "env:NONE")]


@pytest.mark.parametrize("name", ["env:EMPTY", "env:NONE", "file:none.txt", "file:.", "n.x", "", "env:"])
def test_what_has_no_value_is_unset(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unset):
        Names({"n": 1, "none": None}, {"EMPTY": ""}, tmp_path).get(name)


def test_a_value_is_never_read_as_a_reference_again() -> None:
    names = Names({"a": "${env:TOKEN}"}, {"TOKEN": "t-0123"}, Path())
    assert substitute("x ${a}", names) == ("x ${env:TOKEN}", [])


def test_a_file_gives_its_content_and_is_remembered_as_a_secret(tmp_path: Path) -> None:
    _secret_file(tmp_path / "token.txt", b"  f-0123\n")
    names = Names({}, {"TOKEN": "t-0123"}, tmp_path)
    assert substitute("${file:token.txt}", names) == ("f-0123", [])
    names.extended({"more": 1}).get("env:TOKEN")
    assert names.secrets == {"token.txt": "f-0123", "TOKEN": "t-0123"}


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"\xff\xfe\x00", 0o600, "it is not UTF-8"),
        (b"x" * (MAX_SECRET_FILE_BYTES + 1), 0o600, "it has more than 65536 bytes"),
        (b"f-0123", 0o644, "others may read or write it (mode 0644); chmod 600 it"),
        (b"f-0123", 0o620, "others may read or write it (mode 0620); chmod 600 it"),
    ],
)
def test_a_file_that_must_not_be_used_is_unset_with_the_reason(
    tmp_path: Path, content: bytes, mode: int, why: str
) -> None:
    _secret_file(tmp_path / "key", content, mode)
    assert substitute("${file:key}", Names({}, {}, tmp_path)) == ("${file:key}", [Missing((), "file:key", why)])


def test_the_group_of_a_file_may_read_it(tmp_path: Path) -> None:
    _secret_file(tmp_path / "key", b"f-0123", 0o440)
    assert Names({}, {}, tmp_path).get("file:key") == "f-0123"


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(Unset) as raised:
        Names({}, {}, tmp_path).get("file:key")
    assert "not a regular file" in raised.value.why


def _secret_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def test_references_are_listed() -> None:
    assert references({"a": "${x} $${y}", "b": ["${env:Z}", 3]}) == {"x", "env:Z"}


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_refers_to_nothing_stays_as_it_is(raw: Any) -> None:
    if not references(raw) and "$${" not in repr(raw):
        assert substitute(raw, NAMES) == (raw, [])


@given(st.text())
def test_an_escaped_reference_is_never_a_value(name: str) -> None:
    found, missing = substitute(f"$${{{name}}}", Names({name: "SECRET"}, {}, Path()))
    assert "SECRET" not in found or "SECRET" in name
    assert missing == [] or "{" in name or "}" in name


def test_rows_have_their_own_values(tmp_path: Path, plugin: Path) -> None:
    rows = [{"id": "one", "n": 1, "deep": "${base}/1"}, {"id": "two", "n": 2, "deep": "${base}/2"}]
    check = told("row", None, title="Row ${each.id}", value="${each.n}", note="${each.deep}", each=rows)
    check["expect"] = {"value": "${each.n}"}
    path = write(tmp_path, checklist(stage(check), profiles={"p": {"base": "b"}}, default_profile="p"))
    found = conducted(path)
    assert found.statuses == {"row[one]": "pass", "row[two]": "pass"}
    assert (found["row[two]"].title, found["row[two]"].observed["value"]) == ("Row two", 2)
    assert (found.folder.path / found["row[two]"].evidence[0].path).read_text() == "b/2"


def test_an_escaped_reference_reaches_the_check_as_text(tmp_path: Path, plugin: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a", note="$${run.dir}")))))
    assert found["a"].reason == "${run.dir}"


def test_an_escaped_reference_stays_one_in_steps_and_paths_of_logs(tmp_path: Path, plugin: Path) -> None:
    procedure = [
        {"id": "back", "title": "Back to ${release.version}", "do": [["python", "-c", "$${run.dir} ${run.id}"]]}
    ]
    (tmp_path / "${x}.jsonl").write_text("")
    found = conducted(
        write(
            tmp_path,
            checklist(
                stage(told("a"), {"id": "b", "title": "B", "kind": "log", "text": "x", "expect": {"count": 0}}),
                target={"logs": {"format": "image-proxy", "paths": [f"{tmp_path}/$${{x}}.jsonl"]}},
                rollback={"procedure": procedure},
            ),
        )
    )
    (step,) = found.record.procedure
    assert step.title == "Back to v1.0.0"
    assert step.dry_run == (f"run: python -c ${{run.dir}} {found.folder.run_id}",)
    assert (found["b"].status, found["b"].observed["count"]) == ("pass", 0)


def test_a_secret_of_a_step_of_the_rollback_is_hidden(tmp_path: Path, plugin: Path) -> None:
    procedure = [{"id": "back", "title": "Back", "do": [["python", "-c", "${env:ROLLBACK_TOKEN}"]]}]
    path = write(tmp_path, checklist(stage(told("a")), rollback={"procedure": procedure}))
    found = conducted(path, environ={"ROLLBACK_TOKEN": "hidden-0123456789"})
    (step,) = found.record.procedure
    assert (step.state, "hidden-0123456789" in found.record.model_dump_json()) == ("ready", False)
