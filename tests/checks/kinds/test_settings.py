from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from checks.judging import judge
from checks.kinds.settings import SettingsCheck
from checks.outcome import Status
from checks.process import base_environment
from checks.target import Target
from tests.checks.kinds.answering import KEY, Answering, served
from tests.checks.kinds.conftest import Make, MakeContext

SERVER = """
import http.server, json, os, sys
class Stats(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"pid": os.getpid(), **json.loads(sys.argv[1])}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Stats)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def process(report: dict[str, Any], **environment: str) -> Iterator[Target]:
    """A process of its own that reports `report` and runs with `environment`."""
    command = [sys.executable, "-c", SERVER, json.dumps(report)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=base_environment(environment)) as running:
        assert running.stdout is not None
        try:
            yield Target(url=f"http://127.0.0.1:{running.stdout.readline().strip()}", stats="/stats")
        finally:
            running.kill()


@pytest.fixture
def server() -> Iterator[Answering]:
    answering = Answering()
    with served(answering.app) as base:
        answering.base = base
        yield answering


@pytest.fixture
def target(server: Answering) -> Target:
    return Target(url=server.base, api_key=KEY, stats="/stats")


def test_reads_what_the_server_reports(make: Make, context: MakeContext, target: Target, server: Answering) -> None:
    server.pid = None
    names = ["CACHE_BACKEND", "CACHE_TTL_SECONDS"]
    check = make(SettingsCheck, names=names, expect={"CACHE_BACKEND": "filesystem", "CACHE_TTL_SECONDS": 7200})
    observation = check.observe(context(target=target))
    assert judge(check, observation)[0] is Status.PASS
    assert observation.properties["source"] == "report"
    assert observation.properties["agree"] is None


def test_another_value_fails(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SettingsCheck, names=["CACHE_TTL_SECONDS"], expect={"CACHE_TTL_SECONDS": 1800})
    assert judge(check, check.observe(context(target=target)))[0] is Status.FAIL


def test_the_shell_of_who_asks_is_not_looked_at(
    make: Make, context: MakeContext, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_MAX_SIZE_MB", "500")
    check = make(SettingsCheck, names=["CACHE_MAX_SIZE_MB"], expect={"CACHE_MAX_SIZE_MB": 500})
    observation = check.observe(context(target=target))
    assert observation.properties["CACHE_MAX_SIZE_MB"] is None
    assert judge(check, observation)[0] is Status.NO_DATA


def test_the_environment_of_the_process_is_read(make: Make, context: MakeContext) -> None:
    check = make(SettingsCheck, names=["CACHE_BACKEND"], expect={"CACHE_BACKEND": "none", "agree": True})
    with process({"settings": {"CACHE_BACKEND": "none"}}, CACHE_BACKEND="none") as target:
        observation = check.observe(context(target=target))
    assert judge(check, observation)[0] is Status.PASS
    assert observation.properties["source"] == "report and environment"


def test_a_process_that_reports_other_values_than_its_own_does_not_agree(make: Make, context: MakeContext) -> None:
    check = make(SettingsCheck, names=["CACHE_TTL_SECONDS"], expect={"agree": True})
    with process({"settings": {"CACHE_TTL_SECONDS": "7200"}}, CACHE_TTL_SECONDS="1800") as target:
        observation = check.observe(context(target=target))
    assert judge(check, observation)[0] is Status.FAIL
    assert observation.properties["CACHE_TTL_SECONDS"] == 7200
    assert json.loads(observation.evidence[0].content)["differing"] == ["CACHE_TTL_SECONDS"]


def test_a_default_that_the_environment_does_not_name_is_no_disagreement(make: Make, context: MakeContext) -> None:
    with process({"settings": {"CACHE_BACKEND": "filesystem"}}) as target:
        seen = make(SettingsCheck, names=["CACHE_BACKEND"]).observe(context(target=target)).properties
    assert (seen["CACHE_BACKEND"], seen["agree"]) == ("filesystem", True)


def test_without_a_report_the_environment_alone_is_read(make: Make, context: MakeContext) -> None:
    with process({}, CACHE_BACKEND="none") as target:
        seen = make(SettingsCheck, names=["CACHE_BACKEND"]).observe(context(target=target)).properties
    assert (seen["CACHE_BACKEND"], seen["source"], seen["agree"]) == ("none", "environment", None)


@pytest.mark.parametrize("pid", [os.getppid(), 0, -1, True, "1", 1 << 40])
def test_a_process_that_does_not_listen_there_is_not_the_server(
    make: Make, context: MakeContext, target: Target, server: Answering, pid: Any
) -> None:
    server.pid = pid
    seen = make(SettingsCheck, names=["CACHE_BACKEND"]).observe(context(target=target)).properties
    assert (seen["CACHE_BACKEND"], seen["source"]) == ("filesystem", "report")


@pytest.mark.parametrize(
    ("given", "typed"),
    [("7200", 7200), ("0.5", 0.5), ("true", True), ("OFF", "OFF"), ("medium ", "medium "), ("", ""), ("0777", "0777")],
)
def test_values_are_typed_as_yaml_types_them_and_else_text(
    make: Make, context: MakeContext, target: Target, server: Answering, given: str, typed: object
) -> None:
    server.settings = {"SETTING": given}
    seen = make(SettingsCheck, names=["SETTING"]).observe(context(target=target)).properties["SETTING"]
    assert seen == typed
    assert type(seen) is type(typed)


def test_a_refused_key_is_a_failure(make: Make, context: MakeContext, target: Target) -> None:
    refused = target.model_copy(update={"api_key": "another"})
    observation = make(SettingsCheck, names=["CACHE_BACKEND"]).observe(context(target=refused))
    assert observation.status is Status.FAIL
    assert "status 401" in observation.reason


def test_a_server_that_does_not_answer_is_a_failure(make: Make, context: MakeContext) -> None:
    silent = Target(url="http://127.0.0.1:1", stats="/stats")
    assert make(SettingsCheck, names=["CACHE_BACKEND"]).observe(context(target=silent)).status is Status.FAIL


def test_nobody_to_ask_is_no_data(make: Make, context: MakeContext, target: Target, server: Answering) -> None:
    without = target.model_copy(update={"stats": None})
    assert make(SettingsCheck, names=["A"]).observe(context(target=without)).status is Status.NO_DATA
    server.settings, server.pid = None, None
    assert make(SettingsCheck, names=["A"]).observe(context(target=target)).status is Status.NO_DATA


def test_a_target_without_a_url_is_an_error(make: Make, context: MakeContext) -> None:
    assert make(SettingsCheck, names=["A"]).observe(context(target=Target(stats="/s"))).status is Status.ERROR


@pytest.mark.parametrize("name", ["IMAGE_PROXY_API_KEYS", "DB_PASSWORD", "lower", "A-B"])
def test_names_of_secrets_are_refused_when_loaded(make: Make, name: str) -> None:
    with pytest.raises(ValidationError):
        make(SettingsCheck, names=[name])
