"""Reading a checklist: every mistake of a file at once, with its place; profiles, settings and the target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.errors import ConfigurationError
from checks.linting import problems_of
from checks.loading import Loaded, load
from checks.outcome import Status
from tests.checks.running import checklist, conducted, stage, told, write

HEAD = """schema: 1
release: {name: Thing, version: v1.0.0}
"""


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        conducted(path, **options)
    return str(raised.value)


def loaded(path: Path, **options: Any) -> Loaded:
    return load(path, **{"environ": {}, **options})


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert refused(path) == f"{path}: cannot read the file: No such file or directory; name another"


def test_a_folder_is_no_checklist(tmp_path: Path) -> None:
    assert "Is a directory" in refused(tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    assert "larger than 1 MiB" in refused(write(tmp_path, "#" * (2 << 20)))


@pytest.mark.parametrize("content", ["- a\n- b\n", "text\n", "7\n"])
def test_what_is_no_mapping_is_no_checklist(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    assert refused(path) == f"{path}:1:1: a checklist is a mapping with `schema: 1` at its top"


@pytest.mark.parametrize("content", ["", "# only a comment\n", "schema: [1\n", "schema: 1\n\tstages: []\n"])
def test_what_is_no_yaml_is_refused_with_its_place(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    message = refused(path)
    assert message.startswith(f"{path}:")
    assert "\n" not in message


def test_a_key_given_twice(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "stages: []\nstages: []\n")
    assert refused(path) == f'{path}:4:1: the key "stages" is given twice; it stands on line 3 already'


def test_every_mistake_of_a_file_is_told_at_once_in_its_order(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """schema: 1
relaese: {name: Thing}
release: {name: Thing, version: v1.0.0, epik: E}
stages:
  - id: first
    title: First
    section: Checks
    checks:
      - {id: a, title: A, kind: comand, command: [python]}
      - {id: b, title: B, kind: command, comand: [python], expect: {exit_code: 0}}
      - {id: c, title: C, kind: command, command: [python], expect: {exit_cod: 0}}
      - {id: d, title: D, kind: command, command: [python], timeout: 5, expect: {exit_code: 0}}
      - {id: d, title: D, kind: command, command: [python], needs: [aa], expect: {exit_code: 0}}
      - {id: e, title: E}
      - text
""",
    )
    lines = path.read_text().splitlines()

    def at(line: int, text: str) -> str:
        return f"{path}:{line}:{lines[line - 1].index(text) + 1}: "

    assert refused(path).splitlines() == [
        at(2, "relaese") + "unknown key 'relaese'; did you mean 'release'?",
        at(3, "epik") + "unknown key 'epik'; did you mean 'epic'?",
        at(9, "comand") + "kind 'comand' is unknown; did you mean 'command'?",
        at(10, "{") + "'command' is missing",
        at(10, "comand: ") + "unknown key 'comand'; did you mean 'command'?",
        at(11, "exit_cod") + "command does not observe 'exit_cod'; did you mean 'exit_code'?",
        at(12, "5") + "timeout: a span takes a unit, such as 250ms, 60s or 2h; given 5",
        at(13, "d,") + "the id 'd' is used twice",
        at(13, "[aa]") + "d: needs names 'aa', which is no check; did you mean 'a'?",
        at(14, "{") + "e: 'kind' is missing",
        at(15, "text") + "a check is a mapping with id, title and kind",
    ]


def test_needs_in_a_circle_are_named(tmp_path: Path) -> None:
    checks = [
        {"id": name, "title": name, "kind": "command", "command": ["x"], "expect": {"exit_code": 0}, "needs": [need]}
        for name, need in (("a", "b"), ("b", "c"), ("c", "a"))
    ]
    message = refused(write(tmp_path, checklist(stage(*checks))))
    assert "needs go round in a circle: " in message
    assert all(f"{name} →" in message for name in "abc")
    assert message.endswith("; remove one")


@pytest.mark.parametrize("stages", ["stages: 5\n", "stages: [5]\n", "stages: [{id: X, title: 5}]\n", ""])
def test_broken_stages_are_refused(tmp_path: Path, stages: str) -> None:
    assert str(tmp_path) in refused(write(tmp_path, HEAD + stages))


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("default_profile: nowhere\n", ":3:18: profile 'nowhere' is not in the checklist; allowed: staging"),
        ("default_profile: [staging]\n", "profile ['staging'] is not in the checklist"),
        ("profiles2: {}\n", "unknown key 'profiles2'; did you mean 'profiles'?"),
    ],
)
def test_profiles_that_do_not_exist(tmp_path: Path, yaml: str, message: str) -> None:
    path = write(tmp_path, HEAD + yaml + "profiles: {staging: {many: 1}}\nstages: []\n")
    assert message in refused(path)


def test_a_profile_asked_for_by_a_near_name(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "profiles: {staging: {many: 1}}\nstages: []\n")
    assert "profile 'stagin' is not in the checklist; did you mean 'staging'?" in refused(path, profile="stagin")


def test_a_setting_of_no_value_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "default_profile: staging\nprofiles: {staging: {many: 1}}\nstages: []\n")
    assert "--set mny: no such value; did you mean 'many'?" in refused(path, settings={"mny": 2})
    assert loaded(path, settings={"many": 2}).values == {"many": 2}


def test_a_setting_of_the_target(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(target={"url": "http://127.0.0.1:1"}))
    assert loaded(path, settings={"target.url": "http://127.0.0.1:2"}).checklist.target.url == "http://127.0.0.1:2"
    assert "unknown key 'uri'; did you mean 'url'?" in refused(path, settings={"target.uri": "x"})


def test_a_target_that_is_no_mapping(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "target: here\nstages: []\n")
    assert refused(path) == f"{path}:3:9: target: a mapping is needed"


def test_a_query_that_is_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(target={"stats": "/stats", "reported": {"data_dir": "home["}}))
    assert "not a JMESPath query" in refused(path)


def test_a_field_of_the_target_that_is_not_set_is_left_to_the_target(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(target={"url": "${env:URL}", "api_key": "${env:KEY}"}))
    assert loaded(path).checklist.target.url is None
    assert loaded(path, environ={"URL": "http://127.0.0.1:9"}).checklist.target.url == "http://127.0.0.1:9"


def test_an_unset_name_outside_of_checks_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(release={"name": "Thing", "version": "v1"}, approvals=[{"role": "${who}"}]))
    assert "${who} is not set; put it into the profile, or give --set who=…" in refused(path)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("env:TOKEN", "; export TOKEN"),
        ("file:token.txt", "; write the file token.txt"),
        ("target.url", "; give --set target.url=…"),
        ("many", "; put it into the profile, or give --set many=…"),
    ],
)
def test_a_name_that_is_not_set_is_told_before_anything_runs(tmp_path: Path, name: str, remedy: str) -> None:
    marker = tmp_path / "ran"
    touch = ["python", "-c", f"open({str(marker)!r}, 'w')"]
    ran = {"id": "a", "title": "A", "kind": "command", "command": touch, "expect": {"exit_code": 0}}
    unset = {**ran, "id": "b", "title": "B", "command": ["echo", f"${{{name}}}"]}
    path = write(tmp_path, checklist(stage(ran, unset)))
    message = refused(path)
    assert message.endswith(f"${{{name}}} is not set{remedy}")
    line = int(message.removeprefix(f"{path}:").partition(":")[0])
    assert f"${{{name}}}" in path.read_text().splitlines()[line - 1]
    assert not marker.exists()


def test_a_name_that_no_selected_check_uses_need_not_be_set(tmp_path: Path, plugin: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a"), told("b", note="${env:TOKEN}"))))
    assert conducted(path, checks=("a",)).statuses == {"a": "pass", "b": "not_selected"}
    assert "${env:TOKEN} is not set" in refused(path)
    assert problems_of(loaded(path)) == []


def test_a_mistake_leaves_no_folder_and_the_next_run_may_have_it(tmp_path: Path, plugin: Path) -> None:
    output = tmp_path / "out"
    path = write(tmp_path, checklist(stage(told("a", note="${env:TOKEN}"))))
    refused(path, output=output)
    assert not output.exists()
    assert conducted(path, output=output, environ={"TOKEN": "t-0123"})["a"].status is Status.PASS


def test_a_mistake_leaves_what_stood_in_the_folder(tmp_path: Path, plugin: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "kept.txt").write_text("kept")
    refused(write(tmp_path, checklist(stage(told("a", note="${env:TOKEN}")))), output=output)
    assert [each.name for each in output.iterdir()] == ["kept.txt"]


def test_values_of_a_profile_are_used_under_their_own_profile(tmp_path: Path, plugin: Path) -> None:
    checks = [told("a", None, value="${many}", expect={"value": "${many}"})]
    profiles = {"one": {"many": 1}, "two": {"many": 2}}
    path = write(tmp_path, checklist(stage(*checks), profiles=profiles, default_profile="one"))
    assert conducted(path)["a"].observed["value"] == 1
    assert conducted(path, profile="two")["a"].observed["value"] == 2
    found = conducted(path, profile="two", settings={"many": 3})
    assert found["a"].observed["value"] == 3
    assert (found.record.profile, found.record.profile_values) == ("two", {"many": 3})


def test_a_value_of_a_profile_may_name_the_run(tmp_path: Path, plugin: Path) -> None:
    profiles = {"one": {"backups": "${run.dir}/backups", "deeper": "${backups}/old"}}
    path = write(tmp_path, checklist(stage(told("a", note="${backups}")), profiles=profiles, default_profile="one"))
    found = conducted(path)
    assert found["a"].reason == f"{found.folder.path}/backups"


def test_names_of_release_profile_and_run(tmp_path: Path, plugin: Path) -> None:
    note = "${release.version} ${profile.name} ${run.id} ${run.nonce} ${run.python}"
    path = write(tmp_path, checklist(stage(told("a", note=note)), profiles={"one": {}}, default_profile="one"))
    found = conducted(path)
    version, profile, run, nonce, python = found["a"].reason.split()
    assert (version, profile) == ("v1.0.0", "one")
    assert (run, nonce) == (found.record.run_id, found.record.nonce)
    assert Path(python).exists()
