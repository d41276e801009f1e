"""A Prometheus of the tests: answers range queries over loopback from series that the test made up."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SCRAPED = "count_over_time"


@dataclass
class Answers:
    """What is answered: samples by metric, each series its labels and its values by time. `whole` replaces all of it.

    Nothing is answered before `gate` is set, where there is one, and at the end. `scraped` are the times at which a
    range of one window had a sample.
    """

    series: dict[str, list[tuple[Mapping[str, str], Mapping[int, float]]]] = field(default_factory=dict)
    scraped: dict[str, set[int]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    whole: bytes | None = None
    status: int = 200
    queries: list[str] = field(default_factory=list)
    gate: threading.Event | None = None

    def answer(self, query: str, start: int, end: int, step: int) -> bytes:
        self.queries.append(query)
        if self.gate:
            self.gate.wait()
        if self.whole is not None:
            return self.whole
        if SCRAPED in query:
            found: list[Any] = [({"instance": name}, dict.fromkeys(at, 4.0)) for name, at in self.scraped.items()]
        else:
            found = list(self.series.get(re.split(r"[{]", query)[0], []))
        asked = range(start, end + 1, step)
        result = [
            {"metric": labels, "values": [[at, repr(values[at])] for at in asked if at in values]}
            for labels, values in found
        ]
        told = {"status": "success", "data": {"resultType": "matrix", "result": [r for r in result if r["values"]]}}
        return json.dumps(told | ({"warnings": self.warnings} if self.warnings else {})).encode()


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """Serve the answers; give the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            body = answers.answer(asked["query"][0], *(int(asked[name][0]) for name in ("start", "end", "step")))
            with suppress(BrokenPipeError):  # who asked has left
                self.send_response(answers.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        if answers.gate:
            answers.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
