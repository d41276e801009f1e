"""What a reverse proxy does to the calls that pass through it, and the proxy itself: a thread on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import httpx
from pydantic import Field

from checks.check import Model

LONGEST_HANG_S = 120.0
TIMEOUT_S = 60.0
MAX_BODY_BYTES = 64 << 20
NOT_PASSED_ON = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding"})
NOT_PASSED_BACK = frozenset({"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive"})


class Mischief(Model):
    """What is done to each call whose path holds `path`; the others pass untouched.

    Dotted names lead into JSON: `generationConfig.imageConfig.aspectRatio`; a value of null takes the member away.
    """

    path: str = Field(default="", description="Only calls whose path holds this.")
    not_paths: tuple[str, ...] = Field(default=(), description="Never calls to these paths.")
    every: int = Field(default=1, ge=1, description="Only each so many-th of them.")
    prompt: str = Field(default="", description="Words added to the prompt: the simulator's markers.")
    request: dict[str, Any] = Field(default_factory=dict, description="Members of the request's JSON.")
    request_headers: dict[str, str | None] = Field(default_factory=dict)
    status: int | None = Field(default=None, description="Answer with this status and `body`, asking nobody.")
    body: str = ""
    answer: dict[str, Any] = Field(default_factory=dict, description="Members of the answer's JSON.")
    answer_headers: dict[str, str | None] = Field(default_factory=dict)
    answer_status: int | None = Field(default=None, description="The answer's status in place of its own.")
    only_status: int | None = Field(default=None, description="Change only answers with this status.")
    flip: bool = Field(default=False, description="Another letter in the middle of the answer.")
    delay_s: float = Field(default=0.0, ge=0, le=LONGEST_HANG_S)
    hang: bool = Field(default=False, description="Never answer.")
    cut: float | None = Field(default=None, ge=0, lt=1, description="Break off after this share of the answer's body.")


class Disturbance:
    """What a reverse proxy does now, and how many calls it has seen; `plan` may be changed while it serves."""

    def __init__(self, plan: Mischief | None = None) -> None:
        self.plan = plan or Mischief()
        self.calls = 0
        self._meant = count(1)

    def of(self, path: str) -> Mischief:
        """What is done to a call of this path."""
        plan = self.plan
        self.calls += 1
        is_meant = plan.path in path and path.partition("?")[0] not in plan.not_paths
        return plan if is_meant and next(self._meant) % plan.every == 0 else Mischief()


@contextmanager
def reverse_proxy(target: str, mischief: Mapping[str, Any]) -> Iterator[str]:
    """Serve on a free port of loopback what `target` serves, with mischief; the URL. Raises ValueError for bad keys."""
    with disturbed(target, Disturbance(Mischief.model_validate(dict(mischief))), 0) as url:
        yield url


@contextmanager
def disturbed(target: str, disturbance: Disturbance, port: int) -> Iterator[str]:
    """The same with mischief that changes, on this port, or a free one for 0; raises OSError where it is taken."""
    over = threading.Event()
    service = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    client = httpx.Client(base_url=target, timeout=TIMEOUT_S, trust_env=False)

    class Handler(_Handler):
        def handle_call(self) -> None:
            _pass_on(self, client, disturbance.of(self.path), over)

    service.RequestHandlerClass = Handler
    service.daemon_threads = True
    thread = threading.Thread(target=service.serve_forever, args=(0.05,), name="reverse proxy", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{service.server_address[1]}"
    finally:
        over.set()
        service.shutdown()
        service.server_close()
        client.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_call(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.handle_call()

    def do_POST(self) -> None:
        self.handle_call()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what passes is told by the services on both sides."""


def _pass_on(handler: _Handler, client: httpx.Client, plan: Mischief, over: threading.Event) -> None:
    length = min(int(handler.headers.get("content-length") or 0), MAX_BODY_BYTES)
    body = handler.rfile.read(length)
    if plan.hang:
        over.wait(LONGEST_HANG_S)
        handler.close_connection = True
        return
    if plan.delay_s:
        over.wait(plan.delay_s)
    if plan.status is not None:
        _send(handler, plan.status, {"content-type": "application/json"}, plan.body.encode(), None)
        return
    headers = {name: value for name, value in handler.headers.items() if name.lower() not in NOT_PASSED_ON}
    headers = _changed_headers(headers, plan.request_headers)
    try:
        answer = client.request(handler.command, handler.path, content=_asked(body, plan), headers=headers)
    except httpx.HTTPError:
        handler.close_connection = True
        return
    given = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_PASSED_BACK}
    if plan.only_status not in {None, answer.status_code}:
        _send(handler, answer.status_code, given, answer.content, None)
        return
    content = _with_members(answer.content, plan.answer)
    if plan.flip:
        content = _flipped(content)
    status = plan.answer_status or answer.status_code
    _send(handler, status, _changed_headers(given, plan.answer_headers), content, plan.cut)


def _send(handler: _Handler, status: int, headers: Mapping[str, str], body: bytes, cut: float | None) -> None:
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    if cut is None:
        handler.wfile.write(body)
    else:
        handler.wfile.write(body[: int(len(body) * cut)])
        handler.close_connection = True


def _changed_headers(headers: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name.lower() not in {each.lower() for each in changes}}
    return kept | {name: value for name, value in changes.items() if value is not None}


def _asked(body: bytes, plan: Mischief) -> bytes:
    if plan.prompt:
        body = _with_words(body, plan.prompt)
    return _with_members(body, plan.request)


def _with_words(body: bytes, words: str) -> bytes:
    try:
        asked = json.loads(body)
        part = next(part for part in asked["contents"][0]["parts"] if "text" in part)
    except (ValueError, KeyError, IndexError, TypeError, StopIteration):
        return body
    part["text"] = f"{part['text']} {words}"
    return json.dumps(asked).encode()


def _with_members(body: bytes, members: Mapping[str, Any]) -> bytes:
    """A JSON document with members set by their dotted names; what is no JSON object stays as it is."""
    if not members:
        return body
    try:
        document = json.loads(body)
    except ValueError:
        return body
    for name, value in members.items():
        _set(document, name.split("."), value)
    return json.dumps(document).encode()


def _set(document: Any, way: list[str], value: Any) -> None:
    for word in way[:-1]:
        if isinstance(document, list):
            document = document[int(word)] if int(word) < len(document) else None
        elif isinstance(document, dict):
            document = document.setdefault(word, {})
    if not isinstance(document, dict):
        return
    if value is None:
        document.pop(way[-1], None)
    else:
        document[way[-1]] = value


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    other = b"A" if body[middle : middle + 1] != b"A" else b"B"
    return body[:middle] + other + body[middle + 1 :]
