"""Every log and every Prometheus that cannot be relied on: its message, and its effect on a check's verdict."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from checks.judging import judge
from checks.kinds.metric import MetricCheck
from checks.metrics.errors import LogSourceError
from checks.metrics.gathering import gather
from checks.metrics.prometheus.reading import read_prometheus
from checks.outcome import Status
from checks.target import Logs, Target
from tests.checks.kinds.conftest import Make, MakeContext, context, make
from tests.checks.metrics.access_corpus import make_access_corpus
from tests.checks.metrics.corpus import START, VERSION, record, write_lines
from tests.checks.metrics.prometheus_server import Answers, serving

__all__ = ["context", "make"]

NOW = START + timedelta(hours=1)
GOOD = [record(START + timedelta(seconds=place), request_id=f"r{place}") for place in range(60)]
TEXT = ("\n".join(json.dumps(each) for each in GOOD) + "\n").encode()

Write = Callable[[Path], object]


def good(folder: Path) -> None:
    write_lines(folder / "a.jsonl", *GOOD)


def nothing(_: Path) -> None:
    """Write no file at all."""


def loop(folder: Path) -> None:
    (folder / "a.jsonl").symlink_to(folder / "a.jsonl")


def empty(folder: Path) -> None:
    (folder / "a.jsonl").touch()


def holds(content: bytes, name: str = "a.jsonl") -> Write:
    return lambda folder: (folder / name).write_bytes(content)


def mixed(folder: Path) -> None:
    good(folder)
    make_access_corpus(folder, 1)


def future(folder: Path) -> None:
    write_lines(folder / "a.jsonl", *(record(NOW + timedelta(minutes=5), request_id=str(n)) for n in range(60)))


def zones(folder: Path) -> None:
    stamps = ["2026-01-11T10:00:30Z", "2026-01-11T15:30:30+05:30", "2026-01-11T02:00:30-08:00"]
    write_lines(folder / "a.jsonl", *(record(START, ts=stamps[n % 3], request_id=str(n)) for n in range(60)))


def clock_back(folder: Path) -> None:
    write_lines(folder / "a.jsonl", *GOOD[30:], *(each | {"ts": "2026-01-11T09:00:00Z"} for each in GOOD[:30]))


@pytest.mark.parametrize(
    ("write", "status", "message"),
    [
        (good, Status.PASS, ""),
        (nothing, Status.NO_DATA, "no file matches this pattern; check the folder and the pattern"),
        (loop, Status.NO_DATA, "it can't be opened"),
        (empty, Status.NO_DATA, "no request in what was read"),
        (holds(b"\n\n"), Status.NO_DATA, "no request in what was read"),
        (holds("# only\n# comments\n".encode("utf-16")), Status.NO_DATA, "its lines are in no known log format"),
        (holds(b"\xef\xbb\xbf" + TEXT), Status.PASS, ""),
        (holds(TEXT.replace(b"\n", b"\r\n")), Status.PASS, ""),
        (holds(TEXT + b"\xff\xfe garbage\n" * 2), Status.NO_DATA, "3.2% of the lines could not be read"),
        (holds(TEXT + b"\0" * 40 + b"\n\0\n"), Status.NO_DATA, "3.2% of the lines could not be read"),
        (holds(TEXT + b"x" * (11 << 20) + b"\n"), Status.NO_DATA, "1.6% of the lines could not be read"),
        (holds(TEXT + TEXT), Status.PASS, ""),
        (holds(TEXT + TEXT[:100]), Status.PASS, ""),
        (holds(gzip.compress(TEXT), "a.jsonl.gz"), Status.PASS, ""),
        (holds(zstandard.compress(TEXT), "a.jsonl.zst"), Status.PASS, ""),
        (holds(gzip.compress(TEXT)[:-20], "a.jsonl.gz"), Status.NO_DATA, "ends early, its last part is missing"),
        (holds(zstandard.compress(TEXT)[:-3], "a.jsonl.zst"), Status.NO_DATA, "ends early, its last part is missing"),
        (mixed, Status.NO_DATA, "of the lines could not be read"),
        (future, Status.NO_DATA, "no request in what was read"),
        (zones, Status.PASS, ""),
        (clock_back, Status.PASS, "the clock went back 1 time(s), so windows may hold what happened in others"),
    ],
)  # fmt: skip
def test_a_log_and_its_effect(
    tmp_path: Path, make: Make, context: MakeContext, write: Write, status: Status, message: str
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    write(logs)
    check = make(MetricCheck, measure="errors.rate", window="2h", expect={"at_most": "5%"})
    target = Target(logs=Logs(paths=(f"{logs}/a*",)))
    observation = check.observe(context(target=target, now=lambda: NOW, versions=frozenset({VERSION})))
    assert judge(check, observation)[0] is status, observation.reason
    assert message in observation.reason


def test_formats_that_are_mixed_are_named(tmp_path: Path) -> None:
    mixed(tmp_path)
    table = gather([f"{tmp_path}/a*"], now=NOW)
    named = [caveat.message for caveat in table.caveats if caveat.code == "mixed_formats"]
    assert len(named) == 1
    assert "a.jsonl is image-proxy, and combined is what was read" in named[0]


def test_requests_from_the_future_are_told(tmp_path: Path) -> None:
    future(tmp_path)
    told = [caveat.message for caveat in gather([f"{tmp_path}/a*"], now=NOW).caveats]
    assert told == ["60 request(s) are dated after the time of reading"]


@pytest.fixture
def answers() -> Iterator[tuple[Answers, str]]:
    made = Answers()
    with serving(made) as url:
        yield made, url


def matrix(*series: dict[str, Any]) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(series)}}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (matrix(), "Prometheus has no series"),
        (matrix() | {"warnings": ["some stores were away"]}, "Prometheus has no series"),
        (matrix({"metric": {"le": "1"}, "values": [[START.timestamp(), "NaN"]]}), "are no number"),
    ],
)
def test_a_prometheus_that_cannot_be_relied_on_gives_no_measure(
    answers: tuple[Answers, str], answer: dict[str, Any], message: str
) -> None:
    answers[0].whole = json.dumps(answer).encode()
    table = read_prometheus(answers[1], START, NOW)
    assert table.measure("errors.rate").value is None
    assert message in (table.unknown_reason or "")


def test_a_prometheus_that_answers_an_error_is_named(answers: tuple[Answers, str]) -> None:
    answers[0].whole = b'{"status": "error", "errorType": "timeout", "error": "query timed out"}'
    with pytest.raises(LogSourceError, match="it answered timeout: query timed out"):
        read_prometheus(answers[1], START, NOW)
