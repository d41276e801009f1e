"""The example of every kind, as `signoff kinds KIND` prints it, is run in a world where it is true, and passes."""

from __future__ import annotations

import inspect
import json
import sqlite3
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.engine import Options
from checks.kinds import registry
from checks.yaml_reader import read_yaml
from tests.checks.kinds.logged import PROXY_VERSION, every_second, request, write
from tests.checks.kinds.test_registry import BUILT_IN
from tests.checks.running import checklist, conducted, stage
from tests.checks.running import write as write_checklist

SERVES = """
import base64, io, json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from PIL import Image

cached = set()
picture = io.BytesIO()
Image.new("RGB", (1024, 1024)).save(picture, "PNG")
picture = base64.b64encode(picture.getvalue()).decode()
names = ("CACHE_BACKEND", "CACHE_TTL_SECONDS")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        about = {"version": VERSION, "pid": os.getpid(), "settings": {name: os.environ[name] for name in names}}
        self.answer(about, {})

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["content-length"]))
        hit = asked in cached
        cached.add(asked)
        numbered = b"kite " in asked
        time.sleep(0 if hit or numbered else 0.4)
        data = [] if numbered else [{"b64_json": picture}]
        self.answer({"data": data}, {"x-cache": "hit" if hit else "miss", "x-request-id": "r-1"})

    def answer(self, body, headers):
        content = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {"content-type": "application/json", "content-length": len(content), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
TESTS = "".join(f"def test_{n}(record_property): record_property('story', '007-02')\n" for n in range(6))
COVERED = '<class filename="proxy/images/size.py"><lines><line number="1" hits="1"/></lines></class>'


def example(kind: str) -> dict[str, Any]:
    text = inspect.getdoc(registry.find(kind)) or ""
    _, _, rest = text.partition("```yaml\n")
    found = read_yaml(textwrap.dedent(rest.partition("```")[0]).encode(), kind).data
    assert isinstance(found, dict)
    return found


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Files and logs that make the examples true."""
    home = tmp_path / "home"
    (home / "accounts").mkdir(parents=True)
    (home / "image_cache").mkdir(mode=0o700)
    (home / "config.json").write_text("{}")
    (home / "accounts" / "one.json").write_text('{"api_key": "k"}')
    (home / "accounts" / "one.json").chmod(0o600)
    with closing(sqlite3.connect(home / "proxy.db")) as database:
        database.execute("CREATE TABLE requests (n)")
        database.execute("INSERT INTO requests VALUES (1)")
        database.commit()
    now = datetime.now(UTC)
    past = every_second(now - timedelta(minutes=10), [{"cache": "hit"}, {}] * 150)
    refusal = request(now + timedelta(minutes=5), status=400, error_type="SAFETY_REFUSAL", cache="bypass")
    write(home / "logs" / "image-proxy.jsonl", [*past, refusal])
    for name, content in {
        "serve.py": SERVES.replace("VERSION", repr(PROXY_VERSION), 1),
        "proxy/images/size.py": "SIZE = 1\n",
        "test_unit.py": TESTS,
        "pytest.ini": "[pytest]\n",
        "coverage.xml": f"<coverage><packages><package><classes>{COVERED}</classes></package></packages></coverage>",
        "runbooks/configuration.md": _document(),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    advisory = {"id": "A", "modified": now.isoformat(), "affected": [{"package": {"ecosystem": "PyPI", "name": "no"}}]}
    (tmp_path / "osv" / "PyPI").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "osv" / "PyPI" / "all.zip", "w") as archive:
        archive.writestr("A.json", json.dumps(advisory))
    return tmp_path


def _document() -> str:
    """A document that names every setting and option that the image proxy has."""
    from proxy.description import describe

    names = [each["name"] for each in describe()["settings"]]
    program = str(Path(sys.executable).parent / "image-proxy")
    help_ = subprocess.run([program, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    options = sorted({word for word in help_.split() if word.startswith("--")})
    listed = "\n\n".join(f"`{name}` {number}" for number, name in enumerate([*names, *options]))
    return f"# Configuration\n\nIt is set.\n\n## Cache\n\n{listed}\n\n## Safety\n\n" + "\n\n".join(
        f"Line {number}." for number in range(100)
    )


@pytest.fixture
def url(world: Path) -> Iterator[str]:
    environment = {"CACHE_BACKEND": "filesystem", "CACHE_TTL_SECONDS": "7200"}
    process = subprocess.Popen([sys.executable, world / "serve.py"], env=environment, stdout=subprocess.PIPE)
    assert process.stdout
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.kill()
    process.communicate()


def test_every_example_passes(world: Path, url: str) -> None:
    true = {"title": "True", "kind": "file", "path": ".", "expect": {"exists": True}}
    parts = [{**true, "id": name} for name in ("unit-tests", "formatter", "release-notes", "changelog")]
    copied = {"id": "copied", "title": "Copied", "kind": "command", "expect": {"exit_code": 0}}
    before = stage(
        *parts,
        {**true, "id": "story", "each": [{"id": "one"}, {"id": "two"}]},
        {**copied, "command": ["cp", "coverage.xml", "${run.dir}/coverage.xml"]},
        id_="before",
    )
    checks = {kind: {"id": kind, "title": f"The example of {kind}", **example(kind)} for kind in sorted(BUILT_IN)}
    load = stage(checks.pop("traffic"), id_="load")
    examples = stage(*checks.values())
    target = {
        "url": url,
        "data_dir": "home",
        "stats": "/stats",
        "executable": str(world / "serve.py"),
        "logs": {"format": "image-proxy", "paths": ["home/logs/*.jsonl"]},
    }
    content = checklist(before, examples, load, target=target)
    content["release"]["version"] = PROXY_VERSION
    run = conducted(write_checklist(world, content), options=Options(jobs=4, answers={"ask": "yes"}))
    found = {name: (run[name].status.value, run[name].reason) for name in BUILT_IN if run[name].status != "pass"}
    assert not found
