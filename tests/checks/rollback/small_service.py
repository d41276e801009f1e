"""A small service that is really installed twice, deployed, backed up and served: what a rollback is tried on.

Its program is a file of Python in a folder a version; `current` is a link to one of them. It answers `/healthz` with
its version and keeps `proxy.db` open.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from checks.backup_files import Work, back_up
from checks.reference.servers import free_port
from tests.checks.running import checklist, write

NEW, OLD = "v1.0.0", "v0.9.0"
STEPS = (
    *("stop", "restore-configuration", "restore-accounts", "restore-database", "install-previous", "verify", "notify"),
)
PROGRAM = """#!{python} -S
import json, os, signal, sqlite3, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
if sys.argv[1] == "version":
    print(json.dumps({{"version": "{version}"}}))
    raise SystemExit
class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"version": "{version}", "build": "b", "instance": "i"}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", int(sys.argv[2])), Answers)
home = sys.argv[3]
database = sqlite3.connect(home + "/proxy.db")
database.execute("PRAGMA journal_mode = WAL")
database.execute("INSERT INTO marks VALUES ('started by {version}')")
database.commit()
if os.path.exists(home + "/stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
server.serve_forever()
"""
HOOK = """#!/bin/sh
# hook STEP: fails, waits or does more, as files beside it say
cd "$(dirname "$0")" || exit 3
echo "$1" >>hooks
if [ -e "fail-$1" ]; then echo "told to fail" >&2; exit 1; fi
if [ -e "block-$1" ]; then rm "block-$1"; echo $$ >blocked.part; mv blocked.part blocked; exec sleep 60; fi
if [ -e "then-$1" ]; then sh "then-$1"; fi
"""
MANAGER = '''#!{python} -S
"""Starts the service that `current` names, in a session of its own, as a service manager does."""
import os, subprocess, sys
if os.path.exists("{folder}/no-start"):
    sys.exit("it does not start")
subprocess.Popen(
    ["{folder}/current/bin/service", "serve", "{port}", "{home}"], start_new_session=True,
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)
'''


class SmallService:
    """The service, deployed as v1.0.0 over v0.9.0, whose backups were made before."""

    def __init__(self, folder: Path, notify: dict[str, Any]) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.backups = folder / "backups"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.home / "accounts").mkdir(parents=True)
        for version in (OLD, NEW):
            self._program(folder / "releases" / version / "bin" / "service", PROGRAM, version=version)
        self._program(folder / "hook", HOOK)
        self._program(folder / "manager", MANAGER)
        self.point_to(OLD)
        self._write_home(OLD)
        self._back_up()
        self.point_to(NEW)
        self._write_home(NEW)
        self.checklist = write(folder, checklist(self._smoke(), **self._sections(notify)))
        self.manage()

    def _program(self, path: Path, text: str, **values: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not HOOK:
            text = text.format(
                **{"python": sys.executable, "folder": self.folder, "home": self.home, "port": self.port, **values}
            )
        path.write_text(text)
        path.chmod(0o755)

    def _write_home(self, version: str) -> None:
        self._private(self.home / "config.json", json.dumps({"of": version}))
        self._private(self.home / "accounts" / "first.json", json.dumps({"of": version}))
        self._private(self.home / "accounts" / f"only-{version}.json", "{}")
        with closing(sqlite3.connect(self.home / "proxy.db")) as database:
            database.execute("CREATE TABLE IF NOT EXISTS marks (text TEXT)")
            database.execute("INSERT INTO marks VALUES (?)", (f"written by {version}",))
            database.commit()
        (self.home / "proxy.db").chmod(0o600)

    def _private(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)

    def _back_up(self) -> None:
        scratch = self.folder / "scratch"
        scratch.mkdir()
        work = Work(self.backups, "20260111T100000Z", scratch, lambda: False)
        for name in ("config.json", "accounts", "proxy.db"):
            back_up(self.home / name, work)
        (self.home / "accounts" / f"only-{OLD}.json").unlink()

    def _smoke(self) -> dict[str, Any]:
        check = {"id": "healthy", "title": "It answers", "kind": "http", "url": "/healthz"}
        expected = {"status": 200, "json.version": "${release.version}"}
        sound = {"id": "sound", "title": "It is sound", "kind": "file", "path": "unsound", "expect": {"exists": False}}
        return {"id": "smoke", "title": "Smoke", "section": "S", "checks": [{**check, "expect": expected}, sound]}

    def _sections(self, notify: dict[str, Any]) -> dict[str, Any]:
        current, home = self.folder / "current", self.home
        parts: dict[str, dict[str, Any]] = {
            "stop": {"stop": "${target.url}", "timeout": "20s"},
            "restore-configuration": {"restore": {"newest": "backups/config*", "to": f"{home}/config.json"}},
            "restore-accounts": {"restore": {"newest": "backups/accounts*", "to": f"{home}/accounts"}},
            "restore-database": {"restore": {"newest": "backups/proxy*", "to": f"{home}/proxy.db"}},
            "install-previous": {
                "switch": {
                    "link": str(current),
                    "to": f"{self.folder}/releases/${{release.previous}}",
                    "reports": ["bin/service", "version"],
                },
                "do": [["./manager"]],
                "answers": "${target.url}",
                "timeout": "20s",
            },
            "verify": {"smoke": ["smoke"]},
            "notify": {"notify": "${release.version} was rolled back to ${release.previous}"},
        }
        steps = [{"id": id_, "title": id_.capitalize(), **parts[id_]} for id_ in STEPS]
        for step in steps:
            step["do"] = [*step.get("do", []), ["./hook", step["id"]]]
        return {
            "release": {"name": "Thing", "version": NEW, "previous": OLD},
            "target": {"url": self.url},
            "rollback": {"procedure": steps, "notify": notify},
        }

    def point_to(self, version: str) -> None:
        """Install a version."""
        link = self.folder / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(self.folder / "releases" / version)

    def manage(self) -> None:
        """Start the version that is installed, and wait until it answers."""
        subprocess.run([str(self.folder / "manager")], check=True)
        deadline = time.monotonic() + 20
        while self.answering is None and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        assert self.answering is not None

    def say(self, name: str, text: str = "") -> None:
        """Leave word for the hooks: `fail-STEP`, `block-STEP`, or `then-STEP` with a shell script."""
        (self.folder / name).write_text(text)

    def mend(self, name: str) -> None:
        """Take word back."""
        (self.folder / name).unlink()

    @property
    def answering(self) -> str | None:
        """The version that answers now."""
        with suppress(httpx.HTTPError):
            return str(httpx.get(f"{self.url}/healthz", trust_env=False, timeout=2).json()["version"])
        return None

    @property
    def installed(self) -> str:
        """The version that `current` leads to."""
        return (self.folder / "current").readlink().name

    @property
    def state(self) -> dict[str, Any]:
        """What is in place: version, configuration, accounts and rows."""
        with closing(sqlite3.connect(f"file:{self.home}/proxy.db?mode=ro", uri=True)) as database:
            rows = [text for (text,) in database.execute("SELECT text FROM marks ORDER BY rowid")]
        return {
            "installed": self.installed,
            "answering": self.answering,
            "configuration": json.loads((self.home / "config.json").read_text())["of"],
            "accounts": sorted(path.name for path in (self.home / "accounts").iterdir()),
            "rows": rows,
        }

    @property
    def hooks(self) -> list[str]:
        """The steps whose hooks have run, in order."""
        path = self.folder / "hooks"
        return path.read_text().split() if path.exists() else []

    @property
    def blocked(self) -> int | None:
        """The process that waits because it was told to."""
        path = self.folder / "blocked"
        return int(path.read_text()) if path.exists() else None

    def end(self) -> None:
        """End whatever listens on the port."""
        for process in psutil.process_iter(["cmdline"]):
            if str(self.folder / "current") in " ".join(process.info["cmdline"] or ()) or str(
                self.folder / "releases"
            ) in " ".join(process.info["cmdline"] or ()):
                os.kill(process.pid, signal.SIGKILL)


DEPLOYED: dict[str, Any] = {
    "installed": NEW,
    "answering": NEW,
    "configuration": NEW,
    "accounts": ["first.json", f"only-{NEW}.json"],
    "rows": [f"written by {OLD}", f"written by {NEW}", f"started by {NEW}"],
}
ROLLED_BACK: dict[str, Any] = {
    "installed": OLD,
    "answering": OLD,
    "configuration": OLD,
    "accounts": ["first.json", f"only-{OLD}.json"],
    "rows": [f"written by {OLD}", f"started by {OLD}"],
}
"""The states before and after."""
