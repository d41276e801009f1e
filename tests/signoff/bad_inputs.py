"""The bad inputs of the table test, each as what it lays out and the command that meets it."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import resource
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from tests.checks.metrics.corpus import record, write_lines
from tests.checks.running import VERSION, checklist, stage, told, write


@dataclass(frozen=True)
class Place:
    """A folder of the case's own, and the base URLs of servers that answer as they should not."""

    folder: Path
    http: str
    tls: str
    prometheus: Callable[[bytes], str]


Arguments = list[object]
Case = Callable[[Place], Arguments]
RUN = ("run", "--non-interactive", "--quiet")


def text(content: str | bytes) -> Case:
    """A checklist that is this text."""

    def laid(place: Place) -> Arguments:
        path = place.folder / "checklist.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ["lint", path]

    return laid


def data(*checks: dict[str, Any], command: str = "lint", **sections: Any) -> Case:
    """A checklist of these checks that is linted, or run."""

    def laid(place: Place) -> Arguments:
        path = write(place.folder, checklist(stage(*checks), **sections))
        return [*RUN, path, "--output", place.folder / "run"] if command == "run" else [command, path]

    return laid


def looks(kind: str, expect: Any, **fields: Any) -> Case:
    """A checklist of one check that is run."""
    return data({"id": "a", "title": "A", "kind": kind, "expect": expect, **fields}, command="run")


def asks(path: str, expect: Any, **fields: Any) -> Case:
    """One request to the server of the tests."""

    def laid(place: Place) -> Arguments:
        check = {"id": "a", "title": "A", "kind": "http", "url": f"{place.http}{path}", "expect": expect, **fields}
        return data(check, command="run")(place)

    return laid


def python(code: str, expect: Any, **fields: Any) -> Case:
    """A command of Python's that is run."""
    return looks("command", expect, command=[sys.executable, "-c", code], **fields)


def logged(make: Callable[[Path], object], **fields: Any) -> Case:
    """A metric of a log that is made."""

    def laid(place: Place) -> Arguments:
        make(place.folder)
        check = {"id": "a", "title": "A", "kind": "metric", "measure": "errors.rate", "min_samples": 5, **fields}
        log = {"logs": {"format": "image-proxy", "paths": [str(place.folder / "a.log*")]}}
        return data({**check, "expect": {"below": "5%"}}, command="run", target=log)(place)

    return laid


def prometheus(answer: Any) -> Case:
    """Rollback criteria by a Prometheus that answers this, or what is made when it is asked."""

    def laid(place: Place) -> Arguments:
        told = answer() if callable(answer) else answer
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return ["rollback", "check", "--json", "--prometheus", place.prometheus(body)]

    return laid


def matrix(*values: str, le: str = "+Inf", **more: Any) -> dict[str, Any]:
    """Prometheus' answer with one series of a value a minute up to now, or none."""
    at = datetime.now(UTC).timestamp() // 60 * 60
    series = (
        [
            {
                "metric": {"le": le},
                "values": [[at - 60 * (len(values) - place), value] for place, value in enumerate(values, start=1)],
            }
        ]
        if values
        else []
    )
    return {"status": "success", "data": {"resultType": "matrix", "result": series}, **more}


def file_of(name: str, content: bytes, mode: int = 0o644) -> Callable[[Path], None]:
    """Writes a file."""

    def make(folder: Path) -> None:
        (folder / name).write_bytes(content)
        (folder / name).chmod(mode)

    return make


def requests(at: datetime) -> bytes:
    """Sixty requests that ended well."""
    return b"".join(json.dumps(record(at, request_id=str(n), version=VERSION)).encode() + b"\n" for n in range(60))


def locked(place: Place) -> Arguments:
    """A database that another connection writes to; the connection stays open until the test ends."""
    path = place.folder / "a.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (a)")
    holder.execute("BEGIN EXCLUSIVE")
    HELD.append(holder.close)
    return looks("sqlite", {"integrity": "ok"}, path=str(path), timeout="2s")(place)


HELD: list[Callable[[], object]] = []
"""What ends what a case holds."""


def with_file(make: Callable[[Path], object], kind: str, expect: Any, **fields: Any) -> Case:
    """A file is made first; `{folder}` in fields is the case's folder."""

    def laid(place: Place) -> Arguments:
        make(place.folder)
        filled = json.loads(json.dumps(fields).replace("{folder}", str(place.folder)))
        return looks(kind, expect, **filled)(place)

    return laid


def waived(place: Place) -> Arguments:
    """A failing check whose waiver has expired."""
    waiver = {
        "id": "w", "check": "a", "reason": "known and accepted", "owner": "lead", "approver": "lead",
        "created": "2026-01-01", "expires": "2026-01-02", "release": VERSION,
    }  # fmt: skip
    return data(told("a", "fail"), command="run", waivers=[waiver])(place)


def taken(place: Place) -> Arguments:
    """A run whose folder holds another run."""
    (place.folder / "run").mkdir()
    (place.folder / "run" / "journal.jsonl").write_text("{}\n")
    return data(told("a"), command="run")(place)


def full(place: Place) -> Arguments:
    """A disk with room for the record of the run, and none for its report in HTML."""
    arguments = data(told("a"), command="run")(place)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, hard))
    HELD.append(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)))
    return arguments


def written_by_another(place: Place) -> Arguments:
    """A folder that another run is being written to."""
    (place.folder / "run").mkdir()
    stream = (place.folder / "run" / ".lock").open("w")
    fcntl.flock(stream, fcntl.LOCK_EX)
    HELD.append(stream.close)
    return data(told("a"), command="run")(place)


def of_two_versions(place: Place) -> Arguments:
    """Instances that are of different versions, the first of that of the release."""
    named = [{"name": name, "url": f"{place.http}/is/{name}"} for name in (VERSION, "v0.9.0")]
    instances = [{**each, "name": str(place)} for place, each in zip(("one", "two"), named, strict=True)]
    return data(told("a"), command="run", target={"instances": instances})(place)


def old(folder: Path) -> None:
    """A backup that was written two days ago."""
    (folder / "backup.tar").write_bytes(b"x" * 100)
    written = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(folder / "backup.tar", (written, written))


def journal_of_another_version(place: Place) -> Arguments:
    """A run whose journal is of a version to come."""
    folder = place.folder / "run"
    folder.mkdir()
    (folder / "journal.jsonl").write_text('{"journal": 99, "event": "run_started"}\n')
    return ["continue", folder]


def link(folder: Path) -> None:
    (folder / "real").write_text("x")
    (folder / "a").symlink_to(folder / "real")


def loop(folder: Path) -> None:
    """A log that is a link to itself."""
    (folder / "a.log").symlink_to(folder / "a.log")


def zones(folder: Path) -> None:
    """Requests stamped in three time zones, all at the same moment."""
    at = SOON - timedelta(seconds=5)
    hours = [UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]
    stamps = [at.astimezone(zone).isoformat() for zone in hours]
    write_lines(
        folder / "a.log", *(record(at, ts=stamps[n % 3], request_id=str(n), version=VERSION) for n in range(60))
    )


def no_run(place: Place) -> Arguments:
    """A folder that holds nothing."""
    (place.folder / "run").mkdir()
    return ["report", place.folder / "run"]


SOON = datetime.now(UTC)
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
DEEP = "schema: 1\nrelease: " + "[" * 40 + "]" * 40 + "\nstages: []\n"

CASES: dict[str, Case] = {
    "empty file": text(""),
    "only comments": text("# nothing\n# here\n"),
    "tabs": text("schema: 1\n\tstages: []\n"),
    "byte order mark, CRLF": text(b"\xef\xbb\xbfschema: 1\r\nrelease: {name: x, version: '1'}\r\nstages: []\r\n"),
    "UTF-16": text("schema: 1\n".encode("utf-16")),
    "nested too deeply": text(DEEP),
    "duplicate key": text("schema: 1\nschema: 1\n"),
    "duplicate check id": data(told("a"), told("a")),
    "alias bomb": text(BOMB),
    "2 MiB of YAML": text("# " + "x" * (2 << 20)),
    "unknown kind": data({**told("a"), "kind": "tolt"}),
    "unknown key": data(told("a", noet="x")),
    "wrong type": data(told("a", timeout=[])),
    "unit mismatch": data(
        {"id": "a", "title": "A", "kind": "metric", "measure": "errors.rate", "expect": {"below": "5s"}}
    ),
    "percentage over 100": data(
        {"id": "a", "title": "A", "kind": "metric", "measure": "errors.rate", "expect": {"below": "120%"}}
    ),
    "between reversed": data(told("a", expect={"value": {"between": [5, 1]}})),
    "need that does not exist": data(told("a", needs=["b"])),
    "cyclic needs": data(told("a", needs=["b"]), told("b", needs=["a"])),
    "regular expression that cannot be compiled": data(told("a", expect={"value": {"matches": "("}})),
    "pathological regular expression": looks(
        "told", {"value": {"matches": "(a+)+$"}}, value="a" * 50_000 + "b", status=None
    ),
    "unset variable": data(told("a", note="${env:NOT_SET_ANYWHERE}"), command="run"),
    "nothing expected": data({"id": "a", "title": "A", "kind": "file", "path": "x"}),
    "secret printed by a command": python("print('${env:A_SECRET}')", {"exit_code": 1}),
    "command not found": looks("command", {"exit_code": 0}, command=["no-such-program"]),
    "command not executable": with_file(file_of("a", b"x"), "command", {"exit_code": 0}, command=["{folder}/a"]),
    "command ended by a signal": python("import os; os.kill(os.getpid(), 9)", {"exit_code": 0}),
    "command that writes without end": python(
        "while True: print('x' * 9999)", {"stdout": {"contains": "y"}}, timeout="1s"
    ),
    "command that never ends": python("import time; time.sleep(99)", {"exit_code": 0}, timeout="500ms"),
    "command that leaves a process behind": python(
        "import os, time\nif os.fork() == 0:\n os.setsid(); time.sleep(99)", {"exit_code": 0}, timeout="1s"
    ),
    "port closed": looks("http", {"status": 200}, url="http://127.0.0.1:9/"),
    "TLS error": lambda place: looks("http", {"status": 200}, url=place.tls)(place),
    "redirect loop": asks("/away", {"status": 200}),
    "answer without end": asks("/endless", {"bytes": {"below": "100MB"}}),
    "answer in drops": asks("/drops", {"status": 200}, timeout="2s"),
    "slow answer": asks("/slow", {"status": 200}, timeout="2s"),
    "answer that is no JSON": asks("/text", {"json.a": 1}),
    "JSON with NaN": python("print('NaN')", {"json": 1}),
    "log missing": logged(lambda folder: None),
    "log unreadable": logged(loop),
    "log empty": logged(file_of("a.log", b"")),
    "log from the future": logged(file_of("a.log", requests(SOON + timedelta(hours=1)))),
    "log older than the window": logged(file_of("a.log", requests(SOON - timedelta(days=2))), window="1h"),
    "log in several time zones": logged(zones),
    "truncated .gz": logged(file_of("a.log.gz", gzip.compress(requests(SOON))[:-20])),
    "Prometheus: error": prometheus({"status": "error", "errorType": "timeout", "error": "query timed out"}),
    "Prometheus: empty": prometheus(matrix),
    "Prometheus: NaN": prometheus(partial(matrix, "NaN")),
    "Prometheus: warnings": prometheus(partial(matrix, *map(str, range(20)), warnings=["a store could not be asked"])),
    "Prometheus: bucket without an edge": prometheus(partial(matrix, *map(str, range(20)), le="")),
    "Prometheus: no JSON": prometheus(b"<html>"),
    "database locked": locked,
    "database corrupt": with_file(
        file_of("a.db", b"SQLite format 3\0" + b"x" * 5000), "sqlite", {"integrity": "ok"}, path="{folder}/a.db"
    ),
    "database missing": looks("sqlite", {"integrity": "ok"}, path="no-such.db"),
    "backup of a link": with_file(link, "backup", {"restored": True}, of=["{folder}/a"], to="{folder}/b", timeout="9s"),
    "backup of an empty file": with_file(
        file_of("a", b""), "backup", {"restored": True}, of=["{folder}/a"], to="{folder}/b", timeout="9s"
    ),
    "backup older than the release": with_file(
        old, "file", {"exists": True, "age": {"below": "1h"}}, path="{folder}/backup.tar"
    ),
    "waiver expired": waived,
    "plug-in that cannot be imported": data({**told("a"), "kind": "missing-module"}),
    "plug-in that raises": looks("raising", {}, message="out of order"),
    "figure that is not finite": looks("not-a-number", {"rate": {"below": "5%"}}),
    "folder of another run": taken,
    "two runs at once in one folder": written_by_another,
    "journal of another version": journal_of_another_version,
    "disk full while writing the report": full,
    "instances of different versions": of_two_versions,
    "folder that cannot be made": lambda place: [*data(told("a"), command="run")(place)[:-1], "/dev/full/run"],
    "folder that holds no run": no_run,
    "instance that cannot be reached": data(
        {"id": "a", "title": "A", "kind": "http", "url": "/", "expect": {"status": 200}, "instances": "all"},
        command="run",
        target={"instances": [{"name": "one", "url": "http://127.0.0.1:9"}]},
    ),
}
"""Every bad input by its name in the documentation's table."""
