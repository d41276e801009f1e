"""`signoff rollback watch`: who is told, what it goes on through, and how much it keeps."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from checks.metrics.prometheus import api
from signoff.commands.rollback.asked import asked
from signoff.commands.rollback.board import Board
from signoff.commands.rollback.watched import Watched, watched
from tests.checks.kinds import logged
from tests.checks.metrics.prometheus_server import Answers, serving
from tests.checks.rollback.webhook import webhook
from tests.checks.running import checklist, write
from tests.signoff.conftest import Command

START = datetime(2026, 1, 11, 10, 0, tzinfo=UTC)
BAD: dict[str, Any] = {"status": 502, "error_type": "UPSTREAM_ERROR", "level": "ERROR"}
ERROR_RATE = {"id": "error-rate", "title": "Errors", "measure": "errors.rate", "breach": {"above": "10%"}, "for": "5m"}
SLOWER = {
    **{"id": "slower", "title": "Slower", "measure": "latency.generated.p50", "breach": {"above": "150%"}},
    **{"for": "5m", "baseline": {"first": "5m"}},
}
SAVES = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')"


def own(tmp_path: Path, **rollback: Any) -> Path:
    release = {"name": "Image proxy", "version": logged.PROXY_VERSION}
    return write(tmp_path, checklist(release=release, rollback=rollback))


def minutes(start: int, end: int, *, bad: bool = False, **fields: Any) -> list[dict[str, Any]]:
    """A request a second from minute to minute after START; with `bad` every third fails."""
    many = [{**(BAD if bad and place % 3 == 0 else {}), **fields} for place in range((end - start) * 60)]
    return logged.every_second(START + timedelta(minutes=start), many)


def add(log: Path, events: list[dict[str, Any]]) -> None:
    with log.open("a") as stream:
        stream.writelines(f"{json.dumps(event)}\n" for event in events)


def watching(path: Path, log: Path) -> Watched:
    question = asked(path, profile=None, settings={}, environ={}, logs=(str(log),), log_format="auto", prometheus=None)
    return watched(question, START)


def states(looking: Watched, minute: float) -> dict[str, str]:
    at = START + timedelta(minutes=minute)
    return {each.id: each.state for each in looking.round(at, at).criteria}


def test_a_watch_reads_on_through_rotation_and_a_log_that_is_gone(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "image-proxy.jsonl"
    looking = watching(own(tmp_path, criteria=[ERROR_RATE]), tmp_path / "logs" / "*.jsonl*")
    gone = looking.round(START, START)
    assert gone.verdict == "HOLD"
    assert "there is no such file yet" in gone.criteria[0].reason
    logged.write(log, minutes(0, 6))
    assert states(looking, 6) == {"error-rate": "clear"}
    add(log, minutes(6, 8, bad=True))
    log.rename(log.with_name("image-proxy.jsonl.1"))
    logged.write(log, minutes(8, 12, bad=True))
    assert states(looking, 12) == {"error-rate": "breached"}
    for path in log.parent.iterdir():
        path.unlink()
    assert states(looking, 20) == {"error-rate": "unknown"}
    logged.write(log, minutes(20, 26))
    assert states(looking, 26) == {"error-rate": "clear"}
    looking.close()


def test_what_a_watch_keeps_is_bounded_and_the_baseline_stays(tmp_path: Path) -> None:
    log = logged.write(tmp_path / "log.jsonl", minutes(0, 6, generation_time_ms=300.0, duration_ms=300.0))
    looking = watching(own(tmp_path, criteria=[SLOWER]), log)
    assert looking.follower is not None
    looking.round(START, START)
    kept = looking.follower.most_windows
    hours = kept // 60 + 3
    events = [
        logged.request(START + timedelta(minutes=minute), minute, duration_ms=300.0) for minute in range(6, 60 * hours)
    ]
    add(log, events)
    add(log, minutes(60 * hours, 60 * hours + 6, generation_time_ms=900.0, duration_ms=900.0))
    assert states(looking, 60 * hours + 6) == {"slower": "breached"}
    assert len(looking.follower.table.by_window) <= kept + 5
    looking.close()


def test_a_clock_that_goes_back_within_the_span_is_unknown(tmp_path: Path) -> None:
    log = logged.write(tmp_path / "log.jsonl", minutes(0, 12))
    looking = watching(own(tmp_path, criteria=[ERROR_RATE]), log)
    assert states(looking, 12) == {"error-rate": "clear"}
    add(log, [{**event, "request_id": f"later-{event['request_id']}"} for event in minutes(9, 13)])
    found = looking.round(START + timedelta(minutes=13), START + timedelta(minutes=13))
    assert found.criteria[0].state == "unknown"
    assert found.criteria[0].reason.startswith("the clock went back from 10:11:59 to 10:09:00 (UTC)")
    add(log, minutes(13, 20))
    assert states(looking, 20) == {"error-rate": "clear"}
    looking.close()


def test_the_board_shows_state_trend_and_how_far_a_breach_is(tmp_path: Path) -> None:
    log = logged.write(tmp_path / "log.jsonl", minutes(0, 10))
    looking = watching(own(tmp_path, criteria=[ERROR_RATE]), log)
    board, console = Board(None), Console(width=160, record=True, file=io.StringIO())
    for minute in (4, 8, 10):
        board.after(looking.round(START + timedelta(minutes=minute), START + timedelta(minutes=minute)))
    add(log, minutes(10, 13, bad=True))
    found = looking.round(START + timedelta(minutes=13), START + timedelta(minutes=13))
    console.print(board.after(found))
    text = console.export_text()
    assert "error-rate" in text
    assert "▁▁▁█" in text
    assert " 2 m " in text
    assert "HOLD at 2026-01-11T10:13:00Z, round 4" in text
    looking.close()


@pytest.fixture
def flagged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose checklist rolls back where a file is there, and tells a webhook or a command."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_changes_are_told_to_a_webhook_and_a_heartbeat_is_asked_for(signoff: Command, flagged: Path) -> None:
    with webhook() as hook, webhook() as heart:
        path = own(flagged, criteria=[ERROR_RATE], notify={"webhook": hook.url}, hold_at_most="0s")
        said = signoff("rollback", "watch", path, "--logs", "gone.jsonl", "--once", "--heartbeat", heart.url)
        assert (said.code, said.out) == (3, "HOLD\n")
    (message,) = hook.seen
    assert (message["event"], message["unknown"]) == ("rollback_hold_too_long", ["error-rate"])
    assert len(heart.gets) == 1


def test_who_cannot_be_told_is_said_and_changes_no_verdict(signoff: Command, flagged: Path) -> None:
    path = own(flagged, criteria=[ERROR_RATE], notify={"command": ["no-such-program"]}, hold_at_most="0s")
    heart = "http://127.0.0.1:9/s3cret"
    said = signoff("rollback", "watch", path, "--logs", "gone.jsonl", "--once", "--heartbeat", heart)
    assert (said.code, said.out) == (3, "HOLD\n")
    assert "notify: no-such-program" in said.err
    assert "--heartbeat: ConnectError" in said.err
    assert "s3cret" not in said.err


def test_runs_by_cron_go_on_from_the_journal(signoff: Command, flagged: Path) -> None:
    log = logged.write(flagged / "log.jsonl", [])
    saved, ran = flagged / "told.jsonl", flagged / "ran"
    path = own(
        flagged,
        criteria=[ERROR_RATE],
        notify={"command": [sys.executable, "-c", SAVES, str(saved)]},
        on_breach=[sys.executable, "-c", f"open({str(ran)!r}, 'a').write('once ')"],
    )
    options = ("rollback", "watch", path, "--logs", log, "--once", "--journal", flagged / "watch.jsonl")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    start = now - timedelta(minutes=8)
    logged.write(log, logged.every_second(start, [{}] * 480))
    assert signoff(*options).code in (0, 3)
    logged.write(log, logged.every_second(start, [BAD] * 540))
    assert [signoff(*options).code for _ in range(2)] == [10, 10]
    assert ran.read_text() == "once "
    (line,) = saved.read_text().splitlines()
    assert json.loads(line)["text"].startswith("ROLLBACK. error-rate: ")
    assert len((flagged / "watch.jsonl").read_text().splitlines()) == 3


def test_times_are_told_in_a_zone_too(signoff: Command, flagged: Path) -> None:
    path = own(flagged, criteria=[ERROR_RATE])
    said = signoff("rollback", "watch", path, "--logs", "gone.jsonl", "--once", "--zone", "Asia/Tokyo")
    assert " JST) HOLD error-rate unknown" in said.err
    said = signoff("rollback", "check", path, "--logs", "gone.jsonl", "--zone", "Mars/Olympus")
    assert (said.code, said.out) == (2, "")
    assert "there is no time zone 'Mars/Olympus'" in " ".join(said.err.replace("│", " ").split())


def a_request_a_second() -> tuple[Answers, range]:
    """What a Prometheus knows of two hours up to now, and the times that it knows it of."""
    end = int(datetime.now(UTC).timestamp()) // 60 * 60
    times = range(end - 7200, end + 1, 60)
    counts = {at: float(at - end + 7200) for at in times}
    metric = "image_proxy_http_request_duration_seconds"
    rows: list[tuple[Mapping[str, str], Mapping[int, float]]] = [
        ({"instance": "a:1", "outcome": "ok", "le": edge}, counts) for edge in ("1.0", "+Inf")
    ]
    return Answers({f"{metric}_bucket": rows, f"{metric}_count": rows[:1]}, {"a:1": set(times)}), times


def test_a_backtest_of_a_prometheus_looks_at_the_stretch_that_is_asked_for(signoff: Command, flagged: Path) -> None:
    answers, _ = a_request_a_second()
    path = own(flagged, criteria=[ERROR_RATE])
    with serving(answers) as url:
        said = signoff("rollback", "backtest", path, "--prometheus", url, "--since", "30m", "--until", "10m", "--json")
    found = json.loads(said.out)
    assert (said.code, found["first_rollback_at"]) == (0, None)
    assert 19 <= found["rounds"] <= 22
    assert [(each["from"], each["to"]) for each in found["transitions"]] == [("unknown", "clear")]


def test_a_prometheus_that_is_slow_warns_or_knows_only_a_part_is_hold(
    signoff: Command, flagged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own(flagged, criteria=[ERROR_RATE])

    def check(answers: Answers) -> tuple[int, str]:
        with serving(answers) as url:
            said = signoff("rollback", "check", path, "--prometheus", url, "--json")
        return said.code, json.loads(said.out)["criteria"][0]["reason"]

    whole, times = a_request_a_second()
    end = times[-1]
    assert check(whole)[0] == 0
    whole.warnings = ["a store did not answer"]
    assert check(whole) == (3, "Prometheus warned: a store did not answer")
    whole.warnings = []
    whole.scraped = {"a:1": {at for at in times if at < end - 600}}
    code, reason = check(whole)
    assert code == 3
    assert "nothing was scraped in the last two windows" in reason
    whole.whole = b'{"status": "error", "errorType": "timeout", "error": "query timed out"}'
    assert check(whole)[1].count("it answered timeout: query timed out") == 1
    monkeypatch.setattr(api, "TIMEOUT_S", 0.2)
    whole.gate = threading.Event()
    code, reason = check(whole)
    assert code == 3
    assert "it can't be asked (timed out)" in reason
