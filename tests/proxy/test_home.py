"""A home is made once, private, and never with a key replaced."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from proxy.atomic import write_private
from proxy.errors import StartError
from proxy.home import Home, initialise


def test_new_home_is_the_owners_only(tmp_path: Path) -> None:
    initialise(tmp_path / "deep" / "home")

    for path in (tmp_path / "deep" / "home").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_key_is_kept_as_a_digest_only(tmp_path: Path) -> None:
    path, key = initialise(tmp_path)

    configuration = Home(path).read()
    assert [entry.name for entry in configuration.client_keys] == ["default"]
    assert all(key not in file.read_text() for file in tmp_path.rglob("*") if file.is_file())


def test_home_that_is_there_is_left_alone(tmp_path: Path) -> None:
    initialise(tmp_path)
    before = (tmp_path / "config.json").read_bytes()

    with pytest.raises(StartError, match=r"config\.json exists already; nothing was changed"):
        initialise(tmp_path)

    assert (tmp_path / "config.json").read_bytes() == before


def test_create_makes_what_is_missing_and_keeps_what_is_there(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    first = home.read()
    home.create()

    assert home.read() == first
    assert first.client_keys == ()
    assert home.accounts.is_dir()
    assert home.logs.is_dir()


def test_home_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")

    with pytest.raises(StartError, match="cannot be made"):
        Home(tmp_path / "home").create()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{", "json_invalid"),
        ("[]", "model_type"),
        ('{"schema": 1}', "log_key"),
        ('{"schema": 2, "log_key": "%s"}' % ("0" * 64), "schema"),
        ('{"schema": 1, "log_key": "%s"}' % ("G" * 64), "log_key"),
        ('{"schema": 1, "log_key": "%s", "client_key": []}' % ("0" * 64), "client_key"),
    ],
)
def test_broken_configuration_stops_the_start_and_is_not_quoted(content: str, place: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    write_private(home.configuration, content.encode())

    with pytest.raises(StartError) as refusal:
        home.read()

    assert place in str(refusal.value)
    assert "0000" not in str(refusal.value)


def test_configuration_that_others_may_read_stops_the_start(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    home.configuration.chmod(0o644)

    with pytest.raises(StartError, match="mode 0644"):
        home.read()


def test_failed_write_leaves_the_file_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    (target / "child").mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        write_private(target, b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_configuration_reads_back_as_it_was_written(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    configuration = home.read()
    home.write(configuration)

    assert home.read() == configuration
    assert set(json.loads(home.configuration.read_text())) == {"schema", "log_key", "client_keys", "prices"}
