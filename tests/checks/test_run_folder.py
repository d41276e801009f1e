from __future__ import annotations

import fcntl
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from checks.errors import ConfigurationError
from checks.outcome import Evidence
from checks.redaction import Redactor
from checks.run_folder import RunFolder, write_atomically
from tests.checks.running import checklist, conducted, stage, told, write

NOW = datetime(2026, 1, 11, 12, 0, tzinfo=timezone(timedelta(hours=2)))


def test_a_run_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = (RunFolder.create(None, NOW) for _ in range(2))
    assert one.path.parent == tmp_path / "signoff-runs"
    assert one.run_id == f"20260111T100000Z-{one.nonce}" == one.path.name
    assert one.path != two.path


def test_a_folder_that_holds_a_run_is_refused(tmp_path: Path, plugin: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a"))))
    found = conducted(path, output=tmp_path / "out")
    before = (found.folder.path / "verdict.json").read_bytes()
    with pytest.raises(
        ConfigurationError,
        match=r"out: holds a run already; name another folder, or go on with it: signoff continue",
    ):
        conducted(path, output=tmp_path / "out")
    assert (found.folder.path / "verdict.json").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot make the run's folder: Not a directory; .*--output"):
        RunFolder.create(tmp_path / "file" / "run", NOW)


def test_another_process_that_writes_the_run_keeps_it(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "out", NOW)
    hold = (
        "import fcntl, sys; stream = open(sys.argv[1], 'w'); fcntl.flock(stream, fcntl.LOCK_EX); "
        "print('held', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", hold, str(folder.path / ".lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ConfigurationError, match="another signoff process is writing this run"), folder.locked():
            pass
        other.communicate()
    with folder.locked(), (folder.path / ".lock").open() as stream, pytest.raises(BlockingIOError):
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not (folder.path / ".lock").exists()


def test_evidence_stays_inside_its_folder_and_is_redacted(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "out", NOW)
    stored = folder.evidence_of("a", 0)(
        Evidence("../../../escape.txt", b"the key sk-0123 was used"), Redactor({"K": "sk-0123"})
    )
    assert stored.path == "evidence/a/escape.txt"
    content = (folder.path / stored.path).read_bytes()
    assert (content, stored.bytes) == (b"the key [redacted:K] was used", len(content))


def test_scratch_is_removed(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "out", NOW)
    with folder.scratch("a[1]") as own:
        assert not (folder.path / ".scratch").exists()
        scratch = own()
        (scratch / "left").write_text("x")
        folder.close()
        assert scratch.exists()
        assert own() == scratch
    assert not scratch.exists()
    folder.close()
    assert [each.name for each in folder.path.iterdir()] == ["evidence"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]
    assert path.read_bytes() == b"old"


def test_names_of_the_run(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "out", datetime.now(UTC))
    assert folder.names() == {
        "run.dir": str(tmp_path / "out"),
        "run.id": folder.run_id,
        "run.nonce": folder.nonce,
    }
