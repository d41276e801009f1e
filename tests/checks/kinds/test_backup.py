from __future__ import annotations

import hashlib
import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from checks import backup_files
from checks.contents import chunks_of
from checks.kinds.backup import BackupCheck
from checks.outcome import Status
from tests.checks.kinds.conftest import Make, MakeContext

EVERYTHING = ["home/config.json", "home/accounts", "home/proxy.db"]


@pytest.fixture
def home(context: MakeContext) -> Path:
    """A home with a configuration, two accounts and a database that is in use."""
    folder = context().root / "home"
    (folder / "accounts" / "old").mkdir(parents=True)
    (folder / "config.json").write_text('{"port": 8045}')
    for name in ("one.json", "old/two.json"):
        (folder / "accounts" / name).write_text(json.dumps({"name": name}))
    (folder / "accounts" / "empty").write_text("")
    database(folder / "proxy.db")
    return folder


def database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute('CREATE TABLE "a ""b""" (id INTEGER PRIMARY KEY, hash BLOB)')
        made.executemany('INSERT INTO "a ""b""" (hash) VALUES (?)', [(bytes([n]),) for n in range(200)])
        made.commit()


def test_makes_backups_and_restores_them(home: Path, make: Make, context: MakeContext) -> None:
    observation = make(BackupCheck, of=EVERYTHING, to="backups").observe(context())
    seen = dict(observation.properties)
    assert observation.status is None
    assert (seen["exists"], seen["restored"], seen["mode"]) == (True, True, "0600")
    assert seen["contents"] == {"files": 5, "databases": 1}
    assert 0 <= seen["age"].value < 60
    paths = [Path(path) for path in seen["paths"]]
    assert seen["bytes"].value == sum(path.stat().st_size for path in paths)
    digests = [path.with_name(f"{path.name}.sha256") for path in paths]
    assert sorted([*paths, *digests]) == sorted((context().root / "backups").iterdir())
    for path, digest in zip(paths, digests, strict=True):
        assert digest.read_text() == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    assert (context().root / "backups").stat().st_mode & 0o777 == 0o700
    manifest = json.loads(observation.evidence[0].content)
    assert [Path(each["source"]).name for each in manifest] == ["config.json", "accounts", "proxy.db"]
    assert sorted(manifest[1]["members"]) == ["accounts/empty", "accounts/old/two.json", "accounts/one.json"]


def test_a_second_backup_leaves_the_first_alone(home: Path, make: Make, context: MakeContext) -> None:
    check = make(BackupCheck, of=["home/config.json"], to="backups")
    first, second = (check.observe(context()).properties["paths"][0] for _ in range(2))
    assert first != second
    assert Path(first).read_bytes() == Path(second).read_bytes()


def test_a_database_in_use_is_copied_with_its_latest_rows(home: Path, make: Make, context: MakeContext) -> None:
    with closing(sqlite3.connect(home / "proxy.db")) as writer:
        writer.execute('INSERT INTO "a ""b""" (hash) VALUES (NULL)')
        writer.commit()
        assert (home / "proxy.db-wal").stat().st_size > 0
        seen = make(BackupCheck, of=["home/proxy.db"], to="backups").observe(context()).properties
    assert seen["restored"] is True
    with closing(sqlite3.connect(seen["paths"][0])) as copy:
        assert copy.execute('SELECT count(*) FROM "a ""b"""').fetchone() == (201,)


def test_a_database_in_a_folder_is_copied_as_a_database(home: Path, make: Make, context: MakeContext) -> None:
    with closing(sqlite3.connect(home / "proxy.db")) as writer:
        writer.execute('INSERT INTO "a ""b""" (hash) VALUES (NULL)')
        writer.commit()
        seen = make(BackupCheck, of=["home"], to="backups").observe(context()).properties
    assert (seen["restored"], seen["contents"]) == (True, {"files": 5, "databases": 1})
    with tarfile.open(seen["paths"][0]) as archive:
        assert not [name for name in archive.getnames() if name.endswith(("-wal", "-shm"))]


def test_without_restoring_nothing_is_said_of_it(home: Path, make: Make, context: MakeContext) -> None:
    observation = make(BackupCheck, of=["home/config.json"], to="backups", restore=False).observe(context())
    assert observation.properties["restored"] is None


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("home/none", "does not exist"),
        ("home/link", "is a symbolic link"),
        ("home/accounts/empty", "is empty"),
        ("home/nothing", "has no file in it"),
        ("home/linked", "what it stands for would be lost"),
        (".", "backed up into itself"),
    ],
)
def test_what_cannot_be_a_backup_fails(source: str, reason: str, home: Path, make: Make, context: MakeContext) -> None:
    (home / "link").symlink_to(home / "config.json")
    (home / "nothing").mkdir()
    (home / "linked").mkdir()
    (home / "linked" / "config.json").symlink_to(home / "config.json")
    observation = make(BackupCheck, of=[source], to="backups").observe(context())
    assert observation.status is Status.FAIL
    assert reason in observation.reason
    assert not [path for path in context().root.glob("backups/*") if path.is_file()]


def test_one_bad_source_stops_all_before_anything_is_written(home: Path, make: Make, context: MakeContext) -> None:
    make(BackupCheck, of=["home/config.json", "home/none"], to="backups").observe(context())
    assert not (context().root / "backups").exists()


def test_a_damaged_database_fails(home: Path, make: Make, context: MakeContext) -> None:
    content = bytearray((home / "proxy.db").read_bytes())
    content[4096:] = b"\xff" * len(content[4096:])
    (home / "proxy.db").write_bytes(content)
    observation = make(BackupCheck, of=["home/proxy.db"], to="backups").observe(context())
    assert observation.status is Status.FAIL
    assert "cannot be copied whole" in observation.reason


@pytest.mark.parametrize("source", EVERYTHING)
def test_a_backup_that_differs_from_its_source_fails(
    source: str, home: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(backup: backup_files.Backup, work: backup_files.Work) -> dict[str, str]:
        other = home / "other" / backup.source.name
        other.parent.mkdir()
        if backup.is_archive:
            other.mkdir()
            (other / "one.json").write_text("{}")
        elif source.endswith(".db"):
            database(other)
            with closing(sqlite3.connect(other)) as changed:
                changed.execute('UPDATE "a ""b""" SET hash = NULL WHERE id = 7')
                changed.commit()
        else:
            other.write_text("{}")
        replaced = backup_files.back_up(other, work)
        return restored(backup_files.Backup(backup.source, replaced.path, backup.is_archive, backup.members), work)

    restored = backup_files.restored
    monkeypatch.setattr("checks.kinds.backup.restored", spoilt)
    observation = make(BackupCheck, of=[source], to="backups").observe(context())
    assert observation.status is Status.FAIL
    assert "differs after it was restored" in observation.reason
    assert observation.properties["restored"] is False


def test_an_archive_cut_short_fails(
    home: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(backup: backup_files.Backup, work: backup_files.Work) -> dict[str, str]:
        backup.path.write_bytes(backup.path.read_bytes()[:40])
        return restored(backup, work)

    restored = backup_files.restored
    monkeypatch.setattr("checks.kinds.backup.restored", cut)
    observation = make(BackupCheck, of=["home/accounts"], to="backups").observe(context())
    assert observation.status is Status.FAIL
    assert "cannot be unpacked" in observation.reason


def test_a_file_that_changes_meanwhile_fails(
    home: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def growing(path: Path) -> Iterator[bytes]:
        yield from chunks_of(path)
        path.write_text("longer than it was before")

    monkeypatch.setattr(backup_files, "chunks_of", growing)
    observation = make(BackupCheck, of=["home/config.json"], to="backups").observe(context())
    assert observation.status is Status.FAIL
    assert "changed while it was copied" in observation.reason


def test_a_folder_that_cannot_be_written_to_is_an_error(home: Path, make: Make, context: MakeContext) -> None:
    observation = make(BackupCheck, of=["home/config.json"], to="home/config.json").observe(context())
    assert observation.status is Status.ERROR


def test_a_stopped_run_leaves_no_half_backup(home: Path, make: Make, context: MakeContext) -> None:
    given_context = context()
    given_context.stop.set()
    observation = make(BackupCheck, of=["home/config.json"], to="backups").observe(given_context)
    assert observation.status is Status.ERROR
    assert list((given_context.root / "backups").iterdir()) == []


def test_it_says_that_it_writes(make: Make) -> None:
    assert make(BackupCheck, of=["a"], to="b").acts == "write"
