from __future__ import annotations

import resource
import threading
from pathlib import Path

import pytest

from checks.journal import VERSION, Journal, read_journal
from tests.checks.running import checklist, conducted, stage, told, write


def test_events_come_back_in_order(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append("one", {"text": "first\nsecond\u2028 é"})
        journal.append("two", {"n": 2})
    events = read_journal(tmp_path / "journal.jsonl")
    assert [(event["event"], event["journal"]) for event in events] == [("one", VERSION), ("two", VERSION)]
    assert events[0]["text"] == "first\nsecond\u2028 é"


def test_a_journal_cut_anywhere_gives_its_whole_events(tmp_path: Path, plugin: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a", note="é\n" * 20), told("b")))))
    content = (found.folder.path / "journal.jsonl").read_bytes()
    whole = read_journal(found.folder.path / "journal.jsonl")
    assert len(whole) == 4
    torn = tmp_path / "torn.jsonl"
    ends = {0, len(content), *range(0, len(content), 41), *range(len(content) - 60, len(content))}
    ends |= {place + more for place, byte in enumerate(content) if byte == ord("\n") for more in (0, 1, 2)}
    for end in sorted(ends):
        torn.write_bytes(content[:end])
        assert read_journal(torn) == whole[: content[:end].count(b"\n")]


def test_what_is_no_json_is_not_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        with pytest.raises(ValueError, match="not JSON compliant"):
            journal.append("bad", {"n": float("nan")})
        journal.append("good", {})
    assert [event["event"] for event in read_journal(tmp_path / "journal.jsonl")] == ["good"]


def test_threads_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:

        def tell(number: int) -> None:
            for _ in range(10):
                journal.append("told", {"number": number, "text": "x" * 5000})

        threads = [threading.Thread(target=tell, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(read_journal(tmp_path / "journal.jsonl")) == 50


def test_of_an_event_that_does_not_fit_on_the_disk_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(path) as journal:
        journal.append("first", {})
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(OSError, match=r"journal\.jsonl"):
                journal.append("long", {"text": "x" * 2000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        journal.append("second", {})
    assert [event["event"] for event in read_journal(path)] == ["first", "second"]
