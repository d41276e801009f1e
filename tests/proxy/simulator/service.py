"""A simulated service on a real port of loopback, for as long as a test needs it."""

import base64
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from PIL import Image

from proxy.simulator.app import create_app
from proxy.simulator.behaviour import Behaviour
from proxy.simulator.connection import ResettableProtocol

MODEL = "gemini-3-pro-image"


class Service:
    """The client's view of a running service."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"x-goog-api-key": "any"}, timeout=20, trust_env=False)

    def generate(self, body: object, model: str = MODEL, **headers: str) -> httpx.Response:
        return self.http.post(f"/v1beta/models/{model}:generateContent", json=body, headers=headers)

    def candidate(self, body: object, model: str = MODEL) -> dict[str, Any]:
        answer = self.generate(body, model)
        assert answer.status_code == 200, answer.text
        (candidate,) = answer.json()["candidates"]
        assert isinstance(candidate, dict)
        return candidate

    def picture(self, body: object, model: str = MODEL) -> bytes:
        return part_data(self.candidate(body, model)["content"]["parts"][-1])


def prompt_body(prompt: str, *, safety: dict[str, str] | None = None, **config: object) -> dict[str, Any]:
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
    if config:
        body["generationConfig"] = config
    if safety is not None:
        body["safetySettings"] = [{"category": name, "threshold": level} for name, level in safety.items()]
    return body


def part_data(part: dict[str, Any]) -> bytes:
    return base64.b64decode(part["inlineData"]["data"], validate=True)


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png(size: tuple[int, int], colour: str = "red") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "PNG")
    return target.getvalue()


def picture_part(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Run an ASGI application on a free port in a thread; yields its URL."""
    config = uvicorn.Config(app, http=ResettableProtocol, ws="none", log_level="error")
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the service did not start"
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@contextmanager
def running(**behaviour: Any) -> Iterator[Service]:
    with serving(create_app(Behaviour(**{"latency_ms": 0, **behaviour}))) as url:
        service = Service(url)
        with service.http:
            yield service
