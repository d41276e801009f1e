"""Every template is without fault, and a GO against the thing it is for; broken, that thing is not."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from checks.engine import Options
from checks.linting import lint_checklist
from checks.process import base_environment
from checks.reference.servers import free_port, server
from checks.templates.catalogue import filled, templates
from tests.checks.kinds.answering import served
from tests.checks.metrics.antigravity_corpus import Requests, Service
from tests.checks.running import Run, conducted
from tests.proxy.running import running_stack

ROOT = Path(__file__).parents[3]


def made(folder: Path, template: str, url: str, version: str, *changes: tuple[str, str]) -> Path:
    """A template's checklist in a folder, with some texts changed as its user would."""
    text = filled(template, "Thing", version, url)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "checklist.yaml"
    path.write_text(text)
    return path


def not_passed(run: Run) -> dict[str, str]:
    """The checks that were looked at and did not pass, with the reason."""
    passed = {"pass", "not_selected"}
    return {result.id: result.reason for result in run.record.checks if result.status.value not in passed}


@pytest.mark.parametrize("name", sorted(templates()))
def test_a_template_has_neither_error_nor_warning(tmp_path: Path, name: str) -> None:
    about = templates()[name]
    path = made(tmp_path, name, about.url, about.version)
    assert lint_checklist(path, None, {}) == ([], [])


@pytest.mark.parametrize("name", sorted(templates()))
def test_answers_are_text_whatever_they_hold(tmp_path: Path, name: str) -> None:
    odd = 'A "b": {c} ${env:HOME} # \\ é'
    path = tmp_path / "checklist.yaml"
    path.write_text(filled(name, odd, odd, "http://127.0.0.1:1"))
    assert lint_checklist(path, None, {}) == ([], [])


def test_the_image_proxys_passes_against_the_reference_proxy_which_then_needs_minutes_of_traffic(
    tmp_path: Path,
) -> None:
    with running_stack(
        tmp_path / "home", {"latency_ms": 20}, CACHE_MAX_SIZE_MB="500", CACHE_TTL_SECONDS="7200"
    ) as stack:
        with httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.key}"}) as client:
            version = client.get("/healthz").json()["version"]
            for number in range(100):
                client.post("/v1/images/generations", json={"prompt": f"boat {number % 40}"}).raise_for_status()
        path = made(tmp_path, "image-proxy", stack.url, version)
        good = conducted(path, environ={"IMAGE_PROXY_API_KEY": stack.key})
        other = conducted(
            path, environ={"IMAGE_PROXY_API_KEY": stack.key}, profile="staging", stages=("configuration",)
        )
    assert not_passed(good) == {"accounts": "preferred: json.accounts.usable: observed 1, expected at least 5"}
    early = "unknown: 0 samples in the span; 30 are needed"
    assert good.record.reasons == tuple(f"rollback criterion {name}: {early}" for name in ("errors", "cache-failure"))
    assert list(not_passed(other)) == ["server-settings", "accounts"]


def test_openais_is_a_go_against_the_reference_proxy(tmp_path: Path) -> None:
    with running_stack(tmp_path / "home", {"latency_ms": 20}) as stack:
        version = httpx.get(f"{stack.url}/healthz").json()["version"]
        changes = (
            ("litellm_version", "version"),
            ("version_path: /health/readiness/details", "version_path: /healthz"),
            ("model: gpt-image-1", "model: gemini-3-pro-image"),
        )
        path = made(tmp_path, "openai-images", stack.url, version, *changes)
        good = conducted(path, environ={"OPENAI_API_KEY": stack.key})
        bad = conducted(
            made(tmp_path, "openai-images", stack.url, "9", *changes), environ={"OPENAI_API_KEY": stack.key}
        )
    assert not_passed(good) == {}
    assert (good.record.verdict.value, bad.record.verdict.value) == ("GO", "NO-GO")
    assert bad["generation"].reason == "needs endpoint-version (fail)"


@contextmanager
def service(log: Path, status: int) -> Iterator[str]:
    """A service with a version, whose access log is that of a web server."""

    async def answer(request: Request) -> Response:
        return JSONResponse({"version": "2.1.0"})

    started = datetime.now(UTC) - timedelta(minutes=8)
    stamps = [f"{started + timedelta(seconds=3 * number):%d/%b/%Y:%H:%M:%S %z}" for number in range(160)]
    last = [200] * 155 + [status] * 5
    lines = [f'10.0.0.1 - - [{at}] "GET / HTTP/1.1" {code} 12' for at, code in zip(stamps, last, strict=True)]
    log.parent.mkdir(exist_ok=True)
    log.write_text("".join(f'{line} "-" "client"\n' for line in lines))
    with served(Starlette(routes=[Route("/healthz", answer), Route("/", answer)])) as url:
        yield url


@pytest.mark.parametrize(("status", "failing"), [(200, []), (503, ["error-rate"])])
def test_a_services_is_a_go_unless_it_fails(tmp_path: Path, status: int, failing: list[str]) -> None:
    with service(tmp_path / "logs" / "access.log", status) as url:
        path = made(tmp_path, "http-service", url, "2.1.0")
        run = conducted(path, environ={}, options=Options(answers={"tests": "yes"}))
    assert list(not_passed(run)) == failing
    assert run.record.verdict.value == ("NO-GO" if failing else "GO"), run.record.reasons


def lay_out(home: Path, cache: Path) -> None:
    """A home as the original lays it out, with an hour of traffic in its log."""
    account = {"id": "a", "email": "a@example.org", "disabled": False, "proxy_disabled": False}
    token = {"access_token": "x", "refresh_token": "y", "expires_in": 3599, "expiry_timestamp": 1}
    files: dict[str, Any] = {
        "gui_config.json": {"proxy": {"auth_mode": "strict", "auto_start": True, "allow_lan_access": False}},
        "accounts.json": {"version": "2.0", "accounts": [{"id": "a"}], "current_account_id": "a"},
        **{f"accounts/{number}.json": {**account, "token": token} for number in range(5)},
        "accounts/off.json": {**account, "token": token, "disabled": True},
    }
    for folder in (home / "accounts", home / "logs", cache):
        folder.mkdir(parents=True)
    for name, content in files.items():
        (home / name).write_text(json.dumps(content))
        (home / name).chmod(0o600)
    cache.chmod(0o700)
    with sqlite3.connect(home / "proxy_logs.db") as database:
        database.execute("CREATE TABLE request_logs (id TEXT, timestamp INTEGER, status INTEGER)")
        database.execute("INSERT INTO request_logs VALUES ('a', 1, 200)")
    database.close()
    corpus = Service(Random(1), now=datetime.now(UTC) - timedelta(minutes=55))
    ways = Requests(corpus)
    while corpus.now < datetime.now(UTC) - timedelta(seconds=30):
        ways.hit()
        ways.success()
    for day, lines in corpus.days.items():
        (home / "logs" / f"app.log.{day}").write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def original(tmp_path: Path) -> Iterator[Path]:
    """The template's checklist for a server that plays the original, in a home of its layout."""
    home, cache = tmp_path / "home", tmp_path / "cache"
    lay_out(home, cache)
    port, program = free_port(), psutil.Process().exe()
    environment = base_environment(
        {
            "GEMINI_IMAGE_SAFETY_THRESHOLD": "MEDIUM",
            "CACHE_BACKEND": "filesystem",
            "CACHE_DIR": str(cache),
            "CACHE_MAX_SIZE_MB": "500",
            "KEY": "sk-original",
            "PYTHONPATH": str(ROOT),
        }
    )
    argv = [sys.executable, "-m", "tests.checks.templates.original", str(port)]
    url = f"http://127.0.0.1:{port}"
    with server(argv, environment, tmp_path / "server.log", f"{url}/healthz", threading.Event()):
        digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()
        yield made(
            tmp_path,
            "antigravity",
            url,
            "3.3.20",
            ("home: ~/.antigravity_tools\n    cache: ~/.local/share/com.lbjlaq.antigravity-tools/image_cache",
             f"home: {home}\n    cache: {cache}"),
            ("program: /usr/bin/antigravity_tools", f"program: {program}"),
            ("program_sha256: replace-by-what-sha256sum-prints", f"program_sha256: {digest}"),
        )  # fmt: skip


ANSWERS = Options(answers={"values": "yes", "safety": "yes"})
KEY = {"ANTIGRAVITY_PROXY_KEY": "sk-original"}


def test_the_originals_is_a_go_against_its_layout(original: Path) -> None:
    run = conducted(original, environ=KEY, options=ANSWERS)
    assert not_passed(run) == {}
    assert run.record.verdict.value == "GO", run.record.reasons


def test_the_originals_sees_what_is_wrong_there(original: Path) -> None:
    home = original.parent / "home"
    config = {"proxy": {"auth_mode": "off", "auto_start": False, "allow_lan_access": True}}
    (home / "gui_config.json").write_text(json.dumps(config))
    (home / "gui_config.json").chmod(0o644)
    for path in (home / "accounts").glob("[0-9].json"):
        path.write_text("{}")
    (home / "accounts" / "broken.json").write_text("{")
    (home / "proxy_logs.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    (original.parent / "cache").chmod(0o755)
    stages = ("configuration", "backup")
    run = conducted(original, environ=KEY, options=ANSWERS, stages=stages, checks=("database",))
    failed = {"config[auth]", "config[start]", "config[local]", "config-closed", "accounts", "cache-directory"}
    assert set(not_passed(run)) == failed | {"backup", "database"}
    assert run.record.verdict.value == "NO-GO"


def test_another_build_of_the_original_is_no_release(original: Path) -> None:
    original.write_text(original.read_text().replace("program_sha256: ", "program_sha256: 0"))
    run = conducted(original, environ=KEY, checks=("generation",))
    assert run["generation"].reason == "needs program-digest (fail)"
    assert run.record.verdict.value == "NO-GO"
