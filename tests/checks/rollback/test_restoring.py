"""A restoration that is ended at any of its renames is finished by doing it again; what was there is kept."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from checks.backup_files import BackupError, Work, back_up
from checks.outcome import Verdict
from checks.rollback.action import SmokeTested, StepError
from checks.rollback.action import Work as StepWork
from checks.rollback.loss import loss_of
from checks.rollback.restoring import Restoring
from checks.rollback.stored import verified


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


def work() -> StepWork:
    return StepWork("r1", 5.0, lambda text: None, lambda name, content: None, lambda _: SmokeTested(Verdict.GO, "", ()))


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [row for (row,) in database.execute("SELECT text FROM marks ORDER BY rowid")]


def put(home: Path, text: str) -> None:
    """A home whose three parts say a text; the database has what it says in its -wal only."""
    (home / "accounts").mkdir(parents=True, exist_ok=True)
    (home / "accounts" / f"{text}.json").write_text(text)
    (home / "config.json").write_text(f'"{text}"')
    with closing(sqlite3.connect(home / "proxy.db")) as database:
        database.execute("CREATE TABLE IF NOT EXISTS marks (text TEXT)")
        database.execute("INSERT INTO marks VALUES (?)", (text,))
        database.commit()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    put(home, "old")
    (tmp_path / "scratch").mkdir()
    for name in ("config.json", "accounts", "proxy.db"):
        back_up(home / name, Work(tmp_path / "backups", "S", tmp_path / "scratch", lambda: False))
    (home / "accounts" / "old.json").unlink()
    put(home, "new")
    leave_wal(home / "proxy.db")
    return home


def leave_wal(path: Path) -> None:
    """What a killed server leaves: a -wal beside its database."""
    path.with_name(path.name + "-wal").write_bytes(b"")
    path.with_name(path.name + "-shm").write_bytes(b"")


def restoring(home: Path, name: str) -> Restoring:
    return Restoring(home.parent / "backups" / f"{name.partition('.')[0]}*", home / name)


@pytest.mark.parametrize("name", ["config.json", "accounts", "proxy.db"])
@pytest.mark.parametrize("at", range(5))
def test_it_is_finished_wherever_it_was_ended(home: Path, name: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    count, rename = [0], Path.rename

    def counted(self: Path, target: Any) -> Path:
        if count[0] == at:
            raise Killed
        count[0] += 1
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", counted)
        try:
            restoring(home, name).perform(work())
        except Killed:
            assert at < 4
    restoring(home, name).perform(work())
    restoring(home, name).perform(work())
    old = home / f"{name}.rolled-back-r1"
    if name == "proxy.db":
        assert rows(home / name) == ["old"]
        assert rows(old) == ["old", "new"]
        assert old.with_name(old.name + "-wal").exists()
        assert not (home / "proxy.db-wal").exists()
    elif name == "accounts":
        assert [path.name for path in (home / name).iterdir()] == ["old.json"]
        assert [path.name for path in old.iterdir()] == ["new.json"]
    else:
        assert ((home / name).read_text(), old.read_text()) == ('"old"', '"new"')
    assert list(home.glob(".*")) == []


def test_what_is_missing_is_restored_too(home: Path) -> None:
    (home / "config.json").unlink()
    restoring(home, "config.json").perform(work())
    assert (home / "config.json").stat().st_mode & 0o777 == 0o600


def test_a_disk_that_fills_up_meanwhile_leaves_what_was_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.rollback.restoring.shutil.copyfile", _full)
    with pytest.raises(StepError, match="No space left on device"):
        restoring(home, "config.json").perform(work())
    assert (home / "config.json").read_text() == '"new"'


def _full(source: Path, destination: Path) -> None:
    raise OSError(28, "No space left on device", str(destination))


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "a/../../b"])
def test_an_archive_that_would_leave_its_folder_does_not_verify(tmp_path: Path, name: str) -> None:
    path = tmp_path / "accounts.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = archive.gettarinfo(str(Path(__file__)), "accounts/x")
        member.name = name
        with Path(__file__).open("rb") as content:
            archive.addfile(member, content)
    with pytest.raises(BackupError, match="which would leave its folder"):
        verified(path)


def test_an_archive_of_two_folders_or_of_links_does_not_verify(tmp_path: Path) -> None:
    path = tmp_path / "accounts.tar.gz"
    (tmp_path / "f").write_text("f")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "f", "one/f")
        archive.add(tmp_path / "f", "two/f")
    with pytest.raises(BackupError, match="must hold one folder with files in it"):
        verified(path)
    (tmp_path / "link").symlink_to("f")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "link", "one/link")
    with pytest.raises(BackupError, match="neither a file nor a folder"):
        verified(path)


def test_what_would_be_lost_is_unknown_where_it_cannot_be_read(home: Path) -> None:
    backup = restoring(home, "proxy.db").backup
    assert backup is not None
    (home / "proxy.db").write_bytes(b"SQLite format 3\x00" + b"x" * 3000)
    loss = loss_of(verified(backup), home / "proxy.db")
    assert not loss.known
    assert loss.lines[0].startswith("it cannot be told what would be lost: ")
