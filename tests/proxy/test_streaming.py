"""An answer as server-sent events: one completed event an image, and the same errors as without."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
import respx

from tests.proxy.conftest import RunningProxy, drawn, ended, png

USAGE = {
    "promptTokenCount": 4,
    "candidatesTokenCount": 1120,
    "thoughtsTokenCount": 223,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}


def _events(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    assert response.headers["content-type"].partition(";")[0] == "text/event-stream"
    found = []
    for block in response.text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_one_image_is_one_event_with_all_that_it_must_have(proxy: RunningProxy, upstream: respx.Route) -> None:
    content = png(64, 32)
    upstream.mock(side_effect=lambda _: drawn(content, usageMetadata=USAGE))

    ((name, event),) = _events(proxy.generate({"stream": True, "quality": "hd", "partial_images": 2}))

    assert name == "image_generation.completed"
    assert event == {
        "type": "image_generation.completed",
        "b64_json": base64.b64encode(content).decode(),
        "created_at": 1_800_000_000,
        "size": "64x32",
        "quality": "high",
        "background": "opaque",
        "output_format": "png",
        "usage": {
            "input_tokens": 4,
            "output_tokens": 1343,
            "total_tokens": 1347,
            "input_tokens_details": {"text_tokens": 4, "image_tokens": 0},
            "output_tokens_details": {"text_tokens": 0, "image_tokens": 1120, "reasoning_tokens": 223},
        },
    }


def test_tokens_that_nobody_told_are_zeros_since_an_event_must_have_them(
    proxy: RunningProxy, upstream: respx.Route
) -> None:
    assert upstream is not None
    ((_, event),) = _events(proxy.generate({"stream": True}))

    assert event["usage"]["total_tokens"] == 0


def test_an_edit_has_events_of_its_own(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    events = _events(proxy.edit(stream="true", n="2", output_format="jpeg", output_compression="80"))

    assert [(name, event["output_format"]) for name, event in events] == [("image_edit.completed", "jpeg")] * 2


def test_a_hit_is_the_same_stream_and_no_plain_answer(proxy: RunningProxy, upstream: respx.Route) -> None:
    made, hit = (proxy.generate({"stream": True}) for _ in range(2))
    plain = proxy.generate({"stream": False})

    assert [response.headers["x-cache"] for response in (made, hit, plain)] == ["miss", "hit", "miss"]
    assert made.content == hit.content
    assert plain.headers["content-type"] == "application/json"
    assert upstream.call_count == 2


@pytest.mark.parametrize("reason", ["SAFETY", "NO_IMAGE"])
def test_an_error_is_a_plain_answer_with_its_status(reason: str, proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: ended(reason))
    response = proxy.generate({"stream": True})

    assert response.headers["content-type"] == "application/json"
    assert response.status_code == proxy.events()[-1]["status"] == (400 if reason == "SAFETY" else 502)
