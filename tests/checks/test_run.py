"""A whole run: what it writes, what it refuses, whom it asks, and that no secret leaves it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from checks.errors import ConfigurationError
from checks.journal import read_journal
from checks.outcome import RunRecord, Status, Verdict
from tests.checks.kinds import logged
from tests.checks.kinds.answering import served
from tests.checks.running import VERSION, checklist, conducted, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")

SECRET = 'sk-"planted"/0123456789+&é'


@dataclass
class Thing:
    """A target that says what it is."""

    base: str = ""
    told: dict[str, Any] = field(default_factory=lambda: {"version": VERSION, "build": "b1", "instance": "i1"})
    reported: dict[str, Any] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)

    async def identity(self, request: Request) -> Response:
        """Version, build and instance."""
        return JSONResponse(self.told)

    async def stats(self, request: Request) -> Response:
        """Where its files are, for who has the key."""
        self.keys.append(request.headers.get("authorization"))
        return JSONResponse(self.reported)

    async def echo(self, request: Request) -> Response:
        """What was sent."""
        return JSONResponse({"sent": (await request.body()).decode(), "key": request.headers.get("authorization")})


@pytest.fixture
def thing() -> Iterator[Thing]:
    made = Thing()
    routes = [
        Route("/healthz", made.identity),
        Route("/stats", made.stats),
        Route("/echo", made.echo, methods=["POST"]),
    ]
    with served(Starlette(routes=routes)) as base:
        made.base = base
        yield made


def of_target(**fields: Any) -> dict[str, Any]:
    return {**told("a"), "kind": "of-target", **fields}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_its_folder_whole(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a")), version="2.0", approvals=[{"role": "qa-lead"}]))
    found = conducted(path)
    left = files(found.folder.path)
    assert set(left) == {"verdict.json", "journal.jsonl", "checklist.yaml", "evidence/a/note.txt"}
    assert left["checklist.yaml"] == path.read_bytes()
    assert RunRecord.model_validate_json(left["verdict.json"]) == found.record
    record = found.record
    assert (record.checklist.path, record.checklist.version) == ("checklist.yaml", "2.0")
    assert [(each.role, each.title, each.state) for each in record.approvals] == [("qa-lead", "qa-lead", "awaiting")]
    assert record.target.synthetic == "unknown"
    assert record.runner.python.startswith("3.")


def test_the_journal_tells_of_the_start_each_check_and_the_end(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a"), told("b", "fail")))))
    journal = read_journal(found.folder.path / "journal.jsonl")
    assert [event["event"] for event in journal] == ["run_started", "check_finished", "check_finished", "run_finished"]
    assert {event["result"]["id"]: event["result"]["status"] for event in journal[1:3]} == {"a": "pass", "b": "fail"}
    assert journal[-1]["verdict"] == "NO-GO"


def test_events_are_told_while_it_goes_on(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a")))))
    names = [event.name for event in found.events]
    assert names == ["run_started", "stage_started", "check_started", "check_finished", "stage_finished"]
    assert found.events[0].facts["checks"] == 1


def test_a_proxy_that_is_not_reachable_is_a_failure_and_no_mistake(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("b"), of_target()), target={"url": "http://127.0.0.1:9"})))
    assert (found["a"].status, found.record.verdict) == (Status.FAIL, Verdict.NO_GO)
    assert "http://127.0.0.1:9/healthz" in found["a"].reason
    assert found["b"].status is Status.PASS


def test_a_target_that_is_the_release_is_recorded(tmp_path: Path, thing: Thing) -> None:
    found = conducted(write(tmp_path, checklist(stage(of_target()), target={"url": thing.base})))
    assert found["a"].status is Status.PASS
    target = found.record.target
    assert (target.url, target.version, target.build, target.instances) == (thing.base, VERSION, "b1", ("i1",))


@pytest.mark.parametrize(
    ("told_by_target", "reason"),
    [
        ({"version": "v0.9.9"}, "the target says it is v0.9.9, the release is v1.0.0"),
        ({}, "the target says it is None, the release is v1.0.0"),
        ({"version": 1}, "the target says it is None, the release is v1.0.0"),
        ({"version": VERSION, "build": "b2"}, "the target runs build b2, the release is build b1"),
        ({"version": VERSION}, "the target runs build None, the release is build b1"),
    ],
)
def test_another_release_fails_whatever_asks_the_target(
    tmp_path: Path, thing: Thing, told_by_target: dict[str, Any], reason: str
) -> None:
    thing.told = told_by_target
    release = {"name": "Thing", "version": VERSION, "build": "b1"}
    path = write(tmp_path, checklist(stage(of_target(), told("b")), target={"url": thing.base}, release=release))
    found = conducted(path)
    assert (found["a"].status, found["a"].reason, found["a"].attempts) == (Status.FAIL, reason, ())
    assert (found["b"].status, found.record.verdict) == (Status.PASS, Verdict.NO_GO)


@pytest.mark.parametrize(("build", "status"), [("b1", Status.PASS), ("b2", Status.FAIL)])
def test_a_build_that_is_known_must_be_the_targets(tmp_path: Path, thing: Thing, build: str, status: Status) -> None:
    path = write(tmp_path, checklist(stage(of_target()), target={"url": thing.base}))
    assert conducted(path, build=build)["a"].status is status


def test_what_the_target_reports_fills_what_is_unset(tmp_path: Path, thing: Thing) -> None:
    thing.reported = {"paths": {"home": str(tmp_path / "home")}}
    target = {
        "url": thing.base,
        "api_key": "${env:KEY}",
        "stats": "/stats",
        "reported": {"data_dir": "paths.home"},
        "data_dir": "${env:HOME_OF_IT}",
    }
    path = write(tmp_path, checklist(stage(told("a", note="${target.data_dir}")), target=target))
    found = conducted(path, environ={"KEY": "sk-0123456789"})
    assert found["a"].reason == str(tmp_path / "home")
    assert thing.keys == ["Bearer sk-0123456789"]
    given = conducted(path, environ={"KEY": "sk-0123456789", "HOME_OF_IT": "/where-it-is-set"})
    assert given["a"].reason == "[redacted:HOME_OF_IT]"
    assert len(thing.keys) == 1


def test_a_silent_target_fails_what_waits_for_its_report(tmp_path: Path) -> None:
    target = {"url": "http://127.0.0.1:9", "stats": "/stats", "reported": {"data_dir": "paths.home"}}
    path = write(tmp_path, checklist(stage(told("a", note="${target.data_dir}"), told("b")), target=target))
    found = conducted(path)
    assert found.statuses == {"a": "fail", "b": "pass"}
    assert "is silent: http://127.0.0.1:9/healthz" in found["a"].reason


def test_a_target_that_does_not_report_it_leaves_a_name_unset(tmp_path: Path, thing: Thing) -> None:
    target = {"url": thing.base, "stats": "/stats", "reported": {"data_dir": "paths.home"}}
    path = write(tmp_path, checklist(stage(told("a", note="${target.data_dir}")), target=target))
    with pytest.raises(ConfigurationError, match=r"target\.data_dir"):
        conducted(path)


def test_a_run_that_knows_why_the_target_is_silent_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(of_target()), target={"url": "http://127.0.0.1:9"}))
    found = conducted(path, silent_because="the server did not start: bad value")
    assert found["a"].reason.endswith("the server did not start: bad value")


def test_no_secret_leaves_a_run(tmp_path: Path, thing: Thing) -> None:
    (tmp_path / "token.txt").write_text("file-secret-0123456789")
    (tmp_path / "token.txt").chmod(0o600)
    shout = "import sys, os; print(sys.argv[1], os.environ['T']); print(sys.argv[1], file=sys.stderr)"
    command = ["python", "-c", shout, "${env:TOKEN}"]
    http = {"method": "POST", "url": "/echo", "json": {"a": "${file:token.txt}"}, "headers": {"x-k": "${env:TOKEN}"}}
    checks = [
        told("title", title="Uses ${env:TOKEN}", why="as ${env:TOKEN} says", runbook="r.md#${file:token.txt}"),
        told("failing", "fail", note="${env:TOKEN} was refused"),
        told("expecting", None, value="${env:TOKEN}", expect={"value": "${file:token.txt}"}),
        told("blocked", None, title="${env:TOKEN}", needs=["failing"], expect={"value": "${env:TOKEN}"}),
        told("waived", "fail", title="Waived"),
        {"id": "raising", "title": "Raises", "kind": "raising", "message": "bad ${file:token.txt}"},
        {
            "id": "run",
            "title": "Runs",
            "kind": "command",
            "command": command,
            "env": {"T": "${file:token.txt}"},
            "expect": {"stdout": {"contains": "${env:TOKEN}"}},
        },
        {"id": "asks", "title": "Asks", "kind": "http", **http, "expect": {"status": 200, "json.sent": "x"}},
        told("round", "fail", note="${env:TOKEN}", repeat={"every": "1ms", "for": "2ms"}),
    ]
    rollback = {
        "criteria": [{"id": "c", "title": "${env:TOKEN}", "any_fails": ["failing"]}],
        "procedure": [{"id": "p", "title": "P", "do": [["echo", "${target.api_key}", "${file:token.txt}"]]}],
    }
    today = datetime.now(UTC).date()
    waiver = {
        "id": "w",
        "check": "waived",
        "reason": "as agreed with ${env:TOKEN}",
        "owner": "o",
        "approver": "a",
        "created": today.isoformat(),
        "expires": (today + timedelta(days=30)).isoformat(),
        "release": VERSION,
    }
    path = write(
        tmp_path,
        checklist(
            stage(*checks),
            target={"url": thing.base, "api_key": "${env:TOKEN}"},
            rollback=rollback,
            waivers=[waiver, {**waiver, "id": "w-2", "release": "${env:TOKEN}"}],
            profiles={"p": {"password": "${env:TOKEN}"}},
            default_profile="p",
        ),
    )
    found = conducted(path, environ={"TOKEN": SECRET})
    assert found["failing"].reason == "[redacted:TOKEN] was refused"
    assert found["run"].status is Status.PASS
    assert (found["blocked"].status, found["blocked"].title) == (Status.BLOCKED, "[redacted:TOKEN]")
    assert "[redacted:TOKEN]" in found["blocked"].expected["value"]
    assert found.record.procedure[0].dry_run == ("run: echo [redacted:TOKEN] [redacted:token.txt]",)
    said = files(found.folder.path) | {"events": json.dumps([dict(event.facts) for event in found.events]).encode()}
    for secret in (SECRET, "file-secret-0123456789"):
        forms = {
            secret.encode(),
            quote(secret, safe="").encode(),
            base64.b64encode(secret.encode()),
            json.dumps(secret)[1:-1].encode(),
            json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        }
        leaks = [(name, form) for name, content in said.items() for form in forms if form in content]
        assert leaks == []


@pytest.mark.parametrize("secret", ["abc", "x" * 20_000])
def test_a_secret_that_cannot_be_hidden_is_refused_before_anything_runs(tmp_path: Path, secret: str) -> None:
    path = write(tmp_path, checklist(stage(told("a", note="${env:API_KEY}"))))
    with pytest.raises(ConfigurationError, match="API_KEY") as raised:
        conducted(path, environ={"API_KEY": secret}, output=tmp_path / "out")
    assert secret not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_short_words_from_the_environment_are_no_secrets(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", note="mode ${env:MODE}"))))
    assert conducted(path, environ={"MODE": "off"})["a"].reason == "mode off"


def test_a_run_that_is_stopped_before_it_begins_looks_at_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    found = conducted(write(tmp_path, checklist(stage(told("a")))), stop=stop)
    assert (found.statuses, found.record.verdict) == ({"a": "blocked"}, Verdict.HOLD)


def test_a_missing_log_is_no_data(tmp_path: Path, thing: Thing) -> None:
    metric = {
        "id": "rate",
        "title": "Errors",
        "kind": "metric",
        "measure": "errors.rate",
        "expect": {"at_most": "5%"},
    }
    target = {"url": thing.base, "logs": {"paths": ["${target.data_dir}/none.jsonl", str(tmp_path / "none.jsonl")]}}
    found = conducted(write(tmp_path, checklist(stage(metric, told("b")), target=target)))
    assert (found["rate"].status, found.record.verdict) == (Status.NO_DATA, Verdict.HOLD)
    assert "none.jsonl" in found["rate"].reason


@pytest.mark.parametrize(("made_of", "synthetic"), [([True], "all"), ([False], "none"), ([True, False], "some")])
def test_what_the_traffic_was_made_of_is_recorded(
    tmp_path: Path, thing: Thing, made_of: list[bool], synthetic: str
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=2)
    events = logged.every_second(
        start, [{"synthetic": made_of[n % len(made_of)], "version": VERSION} for n in range(40)]
    )
    log = logged.write(tmp_path / "a.jsonl", events)
    metric = {"id": "rate", "title": "R", "kind": "metric", "measure": "errors.rate", "expect": {"at_most": "5%"}}
    target = {"url": thing.base, "logs": {"paths": [str(log)]}}
    found = conducted(write(tmp_path, checklist(stage(metric), target=target)))
    assert (found["rate"].status, found.record.target.synthetic) == (Status.PASS, synthetic)
