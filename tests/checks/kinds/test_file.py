from __future__ import annotations

import hashlib
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.kinds.file import FileCheck
from checks.outcome import Status
from tests.checks.kinds.conftest import Make, MakeContext

ALL = {name: {"exists": True} for name in ("lines", "sha256", "value")}
SECRET = "a-secret-that-stays-in-the-file"


@pytest.fixture
def folder(context: MakeContext) -> Path:
    return context().root


def test_what_the_file_system_says(folder: Path, make: Make, context: MakeContext) -> None:
    path = folder / "config.json"
    path.write_text('{"port": 8045}\nlast')
    path.chmod(0o640)
    changed = context().now().timestamp() - 90
    os.utime(path, (changed, changed))
    observation = make(FileCheck, path="config.json", expect={"lines": 2, "sha256": "x"}).observe(context())
    seen = dict(observation.properties)
    assert seen.pop("age").value == pytest.approx(90, abs=5)
    assert seen.pop("size").value == 19
    assert seen == {
        "exists": True,
        "kind": "file",
        "symlink": False,
        "mode": "0640",
        "owner": "self",
        "writable": True,
        "world_readable": False,
        "lines": 2,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "value": None,
    }
    assert observation.evidence == ()


def test_a_folder_that_everyone_may_read(folder: Path, make: Make, context: MakeContext) -> None:
    (folder / "image_cache").mkdir()
    (folder / "image_cache").chmod(0o755)
    seen = make(FileCheck, path="image_cache").observe(context()).properties
    assert (seen["kind"], seen["mode"], seen["world_readable"], seen["size"]) == ("directory", "0755", True, None)


def test_what_does_not_exist(folder: Path, make: Make, context: MakeContext) -> None:
    observation = make(FileCheck, path="none", expect=ALL).observe(context())
    assert observation.properties["exists"] is False
    assert {value for name, value in observation.properties.items() if name not in {"exists", "symlink"}} == {None}
    assert "does not exist" in observation.reason


def test_a_dangling_link_does_not_exist(folder: Path, make: Make, context: MakeContext) -> None:
    (folder / "backup").symlink_to(folder / "none")
    seen = make(FileCheck, path="backup").observe(context()).properties
    assert (seen["exists"], seen["symlink"]) == (False, True)


def test_a_link_is_told_from_what_it_leads_to(folder: Path, make: Make, context: MakeContext) -> None:
    (folder / "real").write_text("")
    (folder / "backup").symlink_to(folder / "real")
    seen = make(FileCheck, path="backup").observe(context()).properties
    assert (seen["exists"], seen["symlink"], seen["kind"]) == (True, True, "file")


def test_a_time_in_the_future_is_no_age(folder: Path, make: Make, context: MakeContext) -> None:
    (folder / "backup").write_text("")
    later = context().now().timestamp() + 3600
    os.utime(folder / "backup", (later, later))
    assert make(FileCheck, path="backup").observe(context()).properties["age"] is None


@pytest.mark.parametrize(
    ("name", "content", "query", "value"),
    [
        ("a.json", '{"accounts": [{"on": true}, {"on": false}]}', "length(accounts[?on])", 1),
        ("a.jsonl", '{"n": 1}\n\n{"n": 2}\n', "[].n", [1, 2]),
        ("a.yaml", "cache:\n  backend: filesystem\n", "cache.backend", "filesystem"),
        ("a.toml", 'version = "3.3.20"', "version", "3.3.20"),
        ("a.json", "{}", "version", None),
    ],
)
def test_a_value_out_of_a_structured_file(
    name: str, content: str, query: str, value: object, folder: Path, make: Make, context: MakeContext
) -> None:
    (folder / name).write_text(content)
    check = make(FileCheck, path=name, query=query, expect={"value": {"exists": True}})
    assert check.observe(context()).properties["value"] == value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", f'{{"key": "{SECRET}"'),
        ("a.json", '{"rate": NaN}'),
        ("a.jsonl", f'{{"n": 1}}\n{SECRET}\n'),
        ("a.yaml", f"a: &b {SECRET}\nc: *b\n"),
        ("a.toml", f"key = {SECRET}"),
        ("a.toml", b"\xff\xfe"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_fails_without_being_quoted(
    name: str, content: str | bytes, folder: Path, make: Make, context: MakeContext
) -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    observation = make(FileCheck, path=name, query="key", expect=ALL).observe(context())
    assert observation.status is Status.FAIL
    assert SECRET not in observation.reason


@pytest.mark.parametrize("name", ["a.bin", "pipe.json"])
def test_what_cannot_be_asked_is_an_error(name: str, folder: Path, make: Make, context: MakeContext) -> None:
    (folder / "a.bin").write_bytes(b"\0")
    os.mkfifo(folder / "pipe.json")
    observation = make(FileCheck, path=name, query="key", expect=ALL).observe(context())
    assert observation.status is Status.ERROR


def test_another_owner_is_named(
    folder: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config.json").write_text("{}")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    check = make(FileCheck, path="config.json")
    assert check.observe(context()).properties["owner"] == pwd.getpwuid(own).pw_name
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert check.observe(context()).properties["owner"] == str(own)


def test_a_path_that_cannot_be_looked_at_is_an_error(make: Make, context: MakeContext) -> None:
    observation = make(FileCheck, path="n" * 300).observe(context())
    assert observation.status is Status.ERROR
    assert "too long" in observation.reason


def test_a_stopped_run_reads_no_further(folder: Path, make: Make, context: MakeContext) -> None:
    (folder / "large").write_bytes(b"x" * 100)
    given = context()
    given.stop.set()
    observation = make(FileCheck, path="large", expect={"lines": 1}).observe(given)
    assert observation.status is Status.ERROR
    assert "not read to its end" in observation.reason


@pytest.mark.parametrize("fields", [{"path": ""}, {"path": "a", "query": "a[?"}, {"path": "a", "colour": "red"}])
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], make: Make) -> None:
    with pytest.raises(ValidationError):
        make(FileCheck, **fields)
