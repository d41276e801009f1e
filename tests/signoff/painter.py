"""A small service of one's own, as people have them: it asks another for each answer, wants a key, and keeps a log."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

KEY = "sk-painter-0123456789"
CHECKLIST = """
schema: 1
release: {name: Painter, version: v1}
target:
  url: http://127.0.0.1:1
  api_key: %s
  stats: /stats
  logs: {format: logfmt, paths: ["painter.log"]}
stages:
  - id: painter
    title: Painter
    section: Painter
    checks:
      - {id: ready, title: Ready, kind: http, url: /readyz, expect: {status: 200, json.ready: true}}
      - id: quick
        title: Ready within a second
        kind: http
        url: /readyz
        timeout: 2s
        expect: {json.ready: true, latency: {below: 1s}}
      - id: paints
        title: Paints, with the right key only
        kind: sequence
        steps:
          - {name: painted, url: /paint, json: {of: a kite, "n": 1}}
          - {name: refused, url: /paint, json: {of: a kite}, auth: wrong}
        expect: {painted.status: 200, painted.json.picture: "a kite, in oil", refused.status: 401}
      - {id: errors, title: Few errors, kind: metric, measure: errors.rate, min_samples: 20, expect: {below: 5%%}}
      - {id: settings, title: Settings, kind: file, path: settings.json, query: oil, expect: {value: true}}
      - {id: closed, title: Settings are closed to others, kind: file, path: settings.json, expect: {mode: "0600"}}
      - {id: pictures, title: Pictures are whole, kind: sqlite, path: pictures.db, expect: {integrity: ok}}
      - {id: stats, title: Has painted, kind: http, url: /stats, expect: {json.painted: {at_least: 0}}}
      - {id: hello, title: Hello, kind: command, command: [echo, hi], expect: {exit_code: 0}}
""".replace("%s", KEY).replace("%%", "%")


def prepare(folder: Path) -> Path:
    """Write what the service has on its disk, and the checklist; returns the checklist."""
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"oil": True, "colours": ["red", "green"]}))
    settings.chmod(0o600)
    with closing(sqlite3.connect(folder / "pictures.db")) as database, database:
        database.execute("CREATE TABLE pictures (of TEXT)")
        database.executemany("INSERT INTO pictures VALUES (?)", [(f"kite {number}",) for number in range(2000)])
    now = datetime.now(UTC)
    times = [now - timedelta(seconds=second) for second in range(40, 0, -1)]
    lines = [f"ts={at:%Y-%m-%dT%H:%M:%S.%fZ} level=INFO event=image_request version=v1 status=200" for at in times]
    (folder / "painter.log").write_text("".join(f"{line}\n" for line in lines))
    path = folder / "mine.yaml"
    path.write_text(CHECKLIST)
    return path


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def say(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def asked(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        return found


class Oil(_Quiet):
    """What the service calls."""

    def do_POST(self) -> None:
        self.say(200, {"picture": f"{self.asked()['of']}, in oil"})


@contextmanager
def painter(upstream: str) -> Iterator[str]:
    """The service, which calls `upstream` for each picture; its URL."""

    class Painter(_Quiet):
        def do_GET(self) -> None:
            self.say(200, {"ready": True, "version": "v1", "painted": 1, "colours": 2})

        def do_POST(self) -> None:
            asked = self.asked()
            if self.headers.get("authorization") != f"Bearer {KEY}":
                self.say(401, {"error": "no such key"})
                return
            try:
                answer = httpx.post(f"{upstream}/oil", json=asked, timeout=5, trust_env=False).raise_for_status()
                self.say(200, {"picture": answer.json()["picture"]})
            except (httpx.HTTPError, ValueError, KeyError):
                self.say(502, {"error": "no oil"})

    with served(Painter) as url:
        yield url


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of loopback while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
