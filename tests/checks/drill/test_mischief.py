"""The reverse proxy of drills: each mischief, as a client sees it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from checks.drill.mischief import reverse_proxy


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        told = {"path": self.path, "asked": json.loads(body), "key": self.headers.get("x-key"), "list": [{"a": 1}]}
        content = json.dumps(told).encode()
        self.send_response(201)
        self.send_header("content-length", str(len(content)))
        self.send_header("x-cache", "miss")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    service = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{service.server_address[1]}"
    service.shutdown()
    service.server_close()


BODY: dict[str, Any] = {"contents": [{"parts": [{"text": "a fox"}]}], "safety": {"all": "HIGH"}}


@contextmanager
def asked(echo: str, mischief: dict[str, Any], path: str = "/v1/draw") -> Iterator[httpx.Response]:
    with reverse_proxy(echo, mischief) as url:
        yield httpx.post(f"{url}{path}", json=BODY, headers={"x-key": "k"}, trust_env=False, timeout=10.0)


def test_without_mischief_all_passes(echo: str) -> None:
    with asked(echo, {}) as answer:
        assert (answer.status_code, answer.headers["x-cache"]) == (201, "miss")
        assert answer.json() == {"path": "/v1/draw", "asked": BODY, "key": "k", "list": [{"a": 1}]}


def test_words_are_added_to_the_prompt_and_members_to_the_request(echo: str) -> None:
    mischief = {"prompt": "[play:hang]", "request": {"safety": None, "made.up": 3}, "request_headers": {"x-key": None}}
    with asked(echo, mischief) as answer:
        told = answer.json()
    assert told["asked"] == {"contents": [{"parts": [{"text": "a fox [play:hang]"}]}], "made": {"up": 3}}
    assert told["key"] is None


def test_the_answer_is_changed(echo: str) -> None:
    mischief = {"answer": {"list.0.a": 2, "path": None}, "answer_headers": {"x-cache": "hit"}, "answer_status": 418}
    with asked(echo, mischief) as answer:
        assert (answer.status_code, answer.headers["x-cache"]) == (418, "hit")
        assert answer.json()["list"] == [{"a": 2}]
        assert "path" not in answer.json()


def test_one_letter_is_another(echo: str) -> None:
    with asked(echo, {}) as good, asked(echo, {"flip": True}) as bad:
        assert sum(left != right for left, right in zip(good.content, bad.content, strict=True)) == 1


def test_an_answer_of_its_own(echo: str) -> None:
    with asked(echo, {"status": 503, "body": "{}"}) as answer:
        assert (answer.status_code, answer.text) == (503, "{}")


def test_an_answer_that_is_cut_off(echo: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError), asked(echo, {"cut": 0.5}):
        pytest.fail("the answer was whole")


def test_one_that_hangs_is_let_go_at_the_end(echo: str) -> None:
    with reverse_proxy(echo, {"hang": True}) as url, pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/v1/draw", json=BODY, trust_env=False, timeout=0.2)


@pytest.mark.parametrize("mischief", [{"path": "/v2"}, {"not_paths": ["/v1/draw"]}, {"only_status": 400}])
def test_what_is_not_meant_passes_untouched(echo: str, mischief: dict[str, Any]) -> None:
    with asked(echo, {**mischief, "answer_status": 500}) as answer:
        assert answer.status_code == 201


def test_every_third_call(echo: str) -> None:
    with reverse_proxy(echo, {"every": 3, "status": 500}) as url:
        seen = [httpx.post(f"{url}/", json=BODY, trust_env=False).status_code for _ in range(6)]
    assert seen == [201, 201, 500, 201, 201, 500]


def test_a_silent_service_behind_it_is_a_connection_that_ends() -> None:
    with reverse_proxy("http://127.0.0.1:1", {}) as url, pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{url}/", json=BODY, trust_env=False, timeout=10.0)


def test_a_misspelt_mischief_is_refused(echo: str) -> None:
    with pytest.raises(ValueError, match="statis"), reverse_proxy(echo, {"statis": 500}):
        pytest.fail("it was accepted")
