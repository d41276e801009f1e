"""Every kind that looks at an instance, through a real ssh connection: it sees what it would see there."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from checks.judging import judge
from checks.kinds.command import CommandCheck
from checks.kinds.file import FileCheck
from checks.kinds.files import FilesCheck
from checks.kinds.log import LogCheck
from checks.kinds.metric import MetricCheck
from checks.kinds.port import PortCheck
from checks.kinds.process import ProcessCheck
from checks.kinds.settings import SettingsCheck
from checks.kinds.sqlite import SqliteCheck
from checks.outcome import Status
from checks.target import Instance, Logs, Target
from tests.checks.kinds.conftest import Make, MakeContext
from tests.checks.kinds.logged import every_second, write
from tests.checks.running import checklist, conducted, stage
from tests.checks.running import write as write_checklist

SERVES = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"pid": os.getpid(), "settings": {"CACHE_BACKEND": "filesystem"}}).encode())
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
NASTY = ["a b", "$(id)", "`id`", "'\"", "*", "a\nb", "; exit 0", "", "~", "\\"]


def test_arguments_arrive_as_they_are(host: Instance, make: Make, context: MakeContext) -> None:
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    check = make(CommandCheck, command=[sys.executable, "-c", show, *NASTY], expect={"json": NASTY})
    seen = check.observe(context(instance=host))
    assert judge(check, seen) == (Status.PASS, "")
    assert seen.properties["stderr"] == ""


def test_arguments_arrive_through_two_hops(ssh: list[str], make: Make, context: MakeContext) -> None:
    hop = Instance(name="inner", via=(*ssh, *map(shlex.quote, ssh)))
    check = make(CommandCheck, command=["printf", "%s|", *NASTY[:4]], expect={"stdout": "|".join([*NASTY[:4], ""])})
    assert judge(check, check.observe(context(instance=hop)))[0] is Status.PASS


def test_folder_and_variables_are_those_of_the_far_side(
    host: Instance, make: Make, context: MakeContext, tmp_path: Path
) -> None:
    fields = {"cwd": str(tmp_path), "env": {"GREETING": "good day; really"}}
    seen = make(CommandCheck, command=["sh", "-c", 'pwd; echo "$GREETING"'], **fields).observe(context(instance=host))
    assert seen.properties["stdout"] == f"{tmp_path}\ngood day; really\n"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"command": ["no-such-program"]}, "could not be run on host"),
        ({"command": ["true"], "cwd": "/no/such/folder"}, "could not be run on host"),
    ],
)
def test_what_cannot_be_started_there_is_an_error(
    host: Instance, make: Make, context: MakeContext, fields: dict[str, Any], reason: str
) -> None:
    seen = make(CommandCheck, expect={"exit_code": {"at_least": 1}}, **fields).observe(context(instance=host))
    assert seen.status is Status.ERROR
    assert reason in seen.reason


def test_an_instance_that_cannot_be_reached_never_passes_by_the_prefixs_own_exit_code(
    make: Make, context: MakeContext
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        way = ("ssh", "-F", "none", "-o", "BatchMode=yes", "-p", str(closed.getsockname()[1]), "127.0.0.1")
        lost = Instance(name="web-2", via=way)
        command = make(CommandCheck, command=["grep", "-q", "x", "y"], expect={"exit_code": 255})
        seen = command.observe(context(instance=lost))
        assert seen.status is Status.ERROR
        assert seen.reason.startswith("the instance web-2 cannot be reached by ssh: ")
        assert "refused" in seen.reason
        file = make(FileCheck, path="/none", expect={"exists": False}).observe(context(instance=lost))
        assert (file.status, "web-2 cannot be reached" in file.reason) == (Status.ERROR, True)


def test_a_host_with_another_key_is_not_reached(ssh: list[str], make: Make, context: MakeContext) -> None:
    unknown = [word.replace("known_hosts", "none") for word in ssh]
    seen = make(CommandCheck, command=["true"]).observe(context(instance=Instance(name="host", via=tuple(unknown))))
    assert seen.status is Status.ERROR
    assert "Host key verification failed" in seen.reason


def test_a_command_that_does_not_end_is_ended_here_and_there(
    host: Instance, make: Make, context: MakeContext, tmp_path: Path
) -> None:
    note = tmp_path / "pids"
    slow = f"sleep 300 & echo $$ $! > {note}; wait"
    seen = make(CommandCheck, command=["sh", "-c", slow]).observe(context(instance=host, timeout_s=2.0))
    assert seen.status is Status.ERROR
    assert "did not end within 2 s" in seen.reason
    pids = [int(pid) for pid in note.read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 15
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_file(host: Instance, make: Make, context: MakeContext, tmp_path: Path) -> None:
    path = tmp_path / "config it's.json"
    path.write_text('{"port": 8045}\n')
    path.chmod(0o640)
    expect = {"value": 8045, "lines": 1, "mode": "0640", "owner": "self", "size": {"at_most": "1kB"}}
    check = make(FileCheck, path=str(path), query="port", expect=expect | {"age": {"at_most": "1h"}})
    seen = check.observe(context(instance=host))
    assert judge(check, seen) == (Status.PASS, "")
    here = check.observe(context())
    assert {**here.properties, "age": 0} == {**seen.properties, "age": 0}
    assert make(FileCheck, path=str(tmp_path / "none")).observe(context(instance=host)).properties["exists"] is False


def test_files(host: Instance, make: Make, context: MakeContext, tmp_path: Path) -> None:
    for name, key, mode in (("a", "k", 0o600), ("b", "k", 0o644), ("c", None, 0o600)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"api_key": key}))
        (tmp_path / f"{name}.json").chmod(mode)
    fields = {"pattern": f"{tmp_path}/*.json", "query": "api_key", "where": {"mode": "0600", "value": {"exists": True}}}
    check = make(FilesCheck, **fields, expect={"count": 1, "total": 3, "names": ["a.json"]})
    seen = check.observe(context(instance=host))
    assert judge(check, seen) == (Status.PASS, "")
    gone = make(FilesCheck, pattern=f"{tmp_path}/none/*", expect={"count": 0}).observe(context(instance=host))
    assert gone.status is Status.NO_DATA


def test_a_database(host: Instance, make: Make, context: MakeContext, tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE requests (n)")
        database.execute("INSERT INTO requests VALUES (7)")
        database.commit()
        check = make(
            SqliteCheck, path=str(path), query="SELECT n FROM requests", expect={"integrity": "ok", "value": 7}
        )
        assert judge(check, check.observe(context(instance=host))) == (Status.PASS, "")
        writes = make(SqliteCheck, path=str(path), query="DELETE FROM requests").observe(context(instance=host))
        assert (writes.status, "not authorized" in writes.reason) == (Status.ERROR, True)
    missing = make(SqliteCheck, path=str(tmp_path / "none.db")).observe(context(instance=host))
    assert missing.status is Status.FAIL


def test_logs_are_brought_here(host: Instance, make: Make, context: MakeContext, tmp_path: Path) -> None:
    begun = context().now() - timedelta(minutes=1)
    write(tmp_path / "logs" / "proxy.jsonl", every_second(begun, [{}] * 30 + [{"cache": "hit"}] * 10))
    target = Target(logs=Logs(format="image-proxy", paths=(f"{tmp_path}/logs/*.jsonl",)))
    there = context(instance=host, target=target, started_at=begun)
    events = make(LogCheck, event="image_request", where={"cache": "hit"}, expect={"count": 10})
    assert judge(events, events.observe(there)) == (Status.PASS, "")
    rate = make(MetricCheck, measure="errors.rate", expect={"value": {"at_most": "1%"}, "samples": 40})
    assert judge(rate, rate.observe(there))[0] is Status.PASS
    leak = make(LogCheck, absent_text=["image_request"], expect={"occurrences": 0})
    assert judge(leak, leak.observe(there))[0] is Status.FAIL
    none = make(LogCheck, event="image_request", source=[f"{tmp_path}/none/*"]).observe(there)
    assert (none.status, "no file matches this" in none.reason) == (Status.ERROR, True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of a script that listens."""
    script = tmp_path / "serve_it.py"
    script.write_text(SERVES)
    process = subprocess.Popen(
        [sys.executable, script, "--quick"], stdout=subprocess.PIPE, env={**os.environ, "CACHE_BACKEND": "redis"}
    )
    assert process.stdout
    yield int(process.stdout.readline())
    process.kill()
    process.communicate()


def test_ports_and_processes_are_seen_as_here(host: Instance, server: int, make: Make, context: MakeContext) -> None:
    there = context(instance=host)
    for kind in (PortCheck, ProcessCheck):
        check = make(kind, port=server)
        near, far = check.observe(context()).properties, check.observe(there).properties
        assert {**far, "age": 0} == {**near, "age": 0}
    named = make(ProcessCheck, name="serve_it.py").observe(there).properties
    assert (named["running"], named["arguments"][1:]) == (True, ["--quick"])
    assert named["age"].value < 600
    for kind, name in ((PortCheck, "listening"), (ProcessCheck, "running")):
        assert make(kind, port=1).observe(there).properties[name] is False


def test_settings_are_compared_with_the_environment_there(
    host: Instance, server: int, make: Make, context: MakeContext
) -> None:
    target = Target(url=f"http://127.0.0.1:{server}", stats="/stats")
    check = make(SettingsCheck, names=["CACHE_BACKEND"], expect={"agree": True})
    seen = check.observe(context(instance=host, target=target))
    assert (seen.properties["source"], seen.properties["agree"]) == ("report and environment", False)


def test_a_run_over_instances_holds_for_the_one_that_cannot_be_reached(ssh: list[str], tmp_path: Path) -> None:
    check = {"id": "looks", "title": "It looks", "kind": "command", "command": ["cat", "${target.data_dir}/version"]}
    homes = {name: tmp_path / name for name in ("web-1", "web-2")}
    for home in homes.values():
        home.mkdir()
        (home / "version").write_text(home.name)
    instances = [{"name": name, "data_dir": str(home), "via": ssh} for name, home in homes.items()]
    instances.append({"name": "web-3", "data_dir": "/", "via": ["no-such-way"]})
    checks = stage({**check, "instances": "all", "expect": {"stdout": {"contains": "web-"}}})
    run = conducted(write_checklist(tmp_path, checklist(checks, target={"instances": instances})))
    assert run.statuses == {"looks[web-1]": "pass", "looks[web-2]": "pass", "looks[web-3]": "error"}
    assert run["looks[web-2]"].observed["stdout"] == "web-2"
    assert run["looks[web-3]"].reason == (
        "the instance web-3 cannot be reached by no-such-way: command not found: no-such-way"
    )
    assert run.record.verdict == "HOLD"


def test_python_that_is_not_there_is_an_error(host: Instance, make: Make, context: MakeContext) -> None:
    without = host.model_copy(update={"python": "no-such-python"})
    seen = make(FileCheck, path="/none", expect={"exists": False}).observe(context(instance=without))
    assert seen.status is Status.ERROR
    assert "no-such-python gave no answer" in seen.reason
