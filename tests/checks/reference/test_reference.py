"""The reference environment, healthy and broken, through the checklist that ships."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from checks.engine import Options
from checks.errors import ConfigurationError
from checks.events import Event
from checks.outcome import RunRecord, Status, Verdict
from checks.reference.environment import Variant
from checks.reference.installation import source_tree
from checks.reference.run import conduct_against_reference
from checks.resuming import resumed
from checks.run import Request

ROOT = Path(__file__).parents[3]
CACHE = ("cache-directory", "cache-files")
PROGRAM = Path(sys.executable).parent / "image-proxy"


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not [child.cmdline() for child in left if "image-proxy" in " ".join(child.cmdline())]
    assert list((ROOT / ".signoff").glob(f"reference-{os.getpid()}-*")) == []


def run(tmp_path: Path, variant: Variant, *checks: str, environ: dict[str, str] | None = None) -> RunRecord:
    request = Request(
        checklist=ROOT / "checklist.yaml",
        profile="reference",
        checks=checks,
        output=tmp_path / "run",
        environ=environ or {},
    )
    return conduct_against_reference(request, lambda event: None, Options(), threading.Event(), variant)[1]


def failed(record: RunRecord) -> dict[str, str]:
    return {result.id: result.reason for result in record.checks if result.status is Status.FAIL}


def test_a_simulator_that_fails_one_request_in_five_is_a_no_go_naming_the_error_rate(tmp_path: Path) -> None:
    variant = Variant(simulator=("--error-rate", "0.2", "--latency-ms", "20"), program=PROGRAM, requests=150)
    record = run(tmp_path, variant, "error-rate")
    assert record.verdict is Verdict.NO_GO
    assert failed(record).keys() == {"error-rate"}
    assert record.reasons[0].startswith("error-rate: fail: value: observed ")


def test_a_file_where_the_cache_should_be_is_a_no_go_and_the_run_goes_on_once_it_is_gone(tmp_path: Path) -> None:
    def block(home: Path) -> None:
        (home / "image_cache").write_text("a file")

    record = run(tmp_path, Variant(prepare=block, program=PROGRAM, requests=20), *CACHE, "accounts")
    assert record.verdict is Verdict.NO_GO
    assert "kind: observed 'file'" in failed(record)["cache-directory"]
    assert "json.cache.errors" in failed(record)["cache-files"]
    events: list[Event] = []
    request = resumed(tmp_path / "run", again=CACHE, reason="the file is taken away", settings={}, environ={})
    mended = Variant(program=PROGRAM, requests=20)
    again = conduct_against_reference(request, events.append, Options(), threading.Event(), mended)[1]
    assert (again.verdict, again.run_id, again.reference) == (Verdict.GO, record.run_id, True), again.reasons
    assert [event.facts["check"] for event in events if event.name == "check_started"] == [*CACHE]
    earlier = {result.id: [each.status for each in result.earlier] for result in again.checks if result.earlier}
    assert earlier == {name: [Status.FAIL] for name in CACHE}


@pytest.mark.parametrize(
    ("name", "value"),
    [("GEMINI_IMAGE_SAFETY_THRESHOLD", "medium "), ("CACHE_TTL_SECONDS", "-1"), ("CACHE_BACKEND", "Filesystem")],
)
def test_a_bad_setting_stops_the_proxy_and_the_report_says_so(tmp_path: Path, name: str, value: str) -> None:
    record = run(tmp_path, Variant(program=PROGRAM), "ready", "cache-directory", environ={name: value})
    assert record.verdict is Verdict.NO_GO
    assert "the server did not start: exit code 2" in failed(record)["ready"]
    assert f"{name} is {value!r}" in failed(record)["ready"]


def test_an_interruption_while_it_is_built_is_no_usage_error(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    request = Request(checklist=ROOT / "checklist.yaml", profile="reference", output=tmp_path / "run", environ={})
    with pytest.raises(KeyboardInterrupt):
        conduct_against_reference(request, lambda event: None, Options(), stop, Variant())
    assert not (tmp_path / "run").exists()


def test_without_the_sources_there_is_no_reference(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run it in a checkout"):
        source_tree(tmp_path)
