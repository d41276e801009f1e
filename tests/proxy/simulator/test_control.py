"""The doors by which checks look at the simulator and change it."""

import asyncio

import httpx
import pytest

from proxy.simulator.app import create_app
from proxy.simulator.behaviour import Behaviour
from tests.proxy.simulator.service import MODEL, picture_part, png, prompt_body, running


def test_calls_are_counted_by_status_and_refusals_apart() -> None:
    with running(seed=4) as service:
        service.generate(prompt_body("fine"))
        service.generate(prompt_body("[severity:high]", safety={"HARM_CATEGORY_HATE_SPEECH": "BLOCK_ONLY_HIGH"}))
        service.generate(prompt_body("[play:503]"))
        service.generate(prompt_body("x"), "no-model")
        service.generate(prompt_body("x"), **{"x-goog-api-key": ""})
        service.http.get("/v1beta/models")
        assert service.http.get("/_simulator/stats").json() == {
            "calls": 5,
            "by_status": {"200": 2, "503": 1, "404": 1, "401": 1},
            "blocked": 1,
            "seed": 4,
        }


def test_a_call_is_found_by_words_of_its_prompt_which_are_not_shown() -> None:
    with running() as service:
        safety = {"HARM_CATEGORY_HATE_SPEECH": "OFF", "HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}
        body = prompt_body("a needle in hay", safety=safety, imageConfig={"aspectRatio": "4:3", "imageSize": "2K"})
        body["contents"][0]["parts"] += [picture_part(png((8, 8)))] * 2
        service.generate(body)
        service.generate(prompt_body("only hay"))
        found = service.http.get("/_simulator/requests", params={"prompt_contains": "needle"})
        assert "needle" not in found.text
        assert found.json() == {
            "count": 1,
            "requests": [
                {
                    "model": MODEL,
                    "safety": safety,
                    "aspect_ratio": "4:3",
                    "image_size": "2K",
                    "image_parts": 2,
                    "status": 200,
                    "finish_reason": "STOP",
                }
            ],
        }
        assert service.http.get("/_simulator/requests").json()["count"] == 2


def test_faults_change_what_follows() -> None:
    with running() as service:
        assert service.generate(prompt_body("x")).status_code == 200
        changed = service.http.post("/_simulator/faults", json={"error_rate": 1, "error_status": 500})
        assert changed.json() == {
            "seed": 0,
            "latency_ms": 0,
            "error_rate": 1.0,
            "error_status": 500,
            "quota_per_minute": None,
            "quota_per_day": None,
        }
        assert service.generate(prompt_body("x")).status_code == 500
        service.http.post("/_simulator/faults", json={"error_rate": 0, "latency_ms": 1})
        assert service.generate(prompt_body("x")).status_code == 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"error_rate": 2}', "error_rate"),
        (b'{"error_rate": null}', "error_rate"),
        (b'{"quota_per_day": -1}', "quota_per_day"),
        (b'{"error_status": 299}', "error_status"),
        (b'{"latency": 5}', "latency"),
        (b"nonsense", "body"),
        (b" " * 10_001, "too long"),
    ],
)
def test_faults_that_make_no_sense_change_nothing(content: bytes, words: str) -> None:
    with running() as service:
        answer = service.http.post("/_simulator/faults", content=content)
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"]
        assert service.generate(prompt_body("x")).status_code == 200


@pytest.mark.parametrize("address", [("192.0.2.7", 5000), None])
def test_nobody_from_outside_gets_in(address: tuple[str, int] | None) -> None:
    async def status() -> int:
        transport = httpx.ASGITransport(create_app(Behaviour()), client=address)  # type: ignore[arg-type]  # no peer
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            return (await client.get("/_simulator/stats")).status_code

    assert asyncio.run(status()) == 404
