"""Plays the original proxy for the template's test: one path, a key, and a cache that only `created` betrays."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.checks.kinds.answering import png

UPSTREAM_S = 0.2
"""How long a picture takes that is not in the cache."""


class Original(BaseHTTPRequestHandler):
    """Answers as the original does: plain errors, no header that tells of a hit."""

    def do_GET(self) -> None:
        """Health, always the same."""
        self.answer(200, {"status": "ok"})

    def do_POST(self) -> None:
        """A picture of the prompt, kept for the next time it is asked for."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers.get("authorization") != f"Bearer {os.environ['KEY']}":
            self.answer(401, {})
            return
        digest = hashlib.sha256(body["prompt"].encode()).hexdigest()
        kept = Path(os.environ["CACHE_DIR"]) / f"img_{body.get('model')}_standard_vivid_{digest[:16]}.json"
        if not kept.exists():
            time.sleep(UPSTREAM_S)
            picture = base64.b64encode(png(16, 16, f"#{digest[:6]}")).decode()
            kept.write_text(json.dumps({"created": int(time.time()), "data": [{"b64_json": picture}]}))
        self.answer(200, json.loads(kept.read_text()))

    def answer(self, status: int, told: Any) -> None:
        """Send JSON."""
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Original).serve_forever()
