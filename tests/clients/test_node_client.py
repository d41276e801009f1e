"""OpenAI's own Node client, unchanged, against a proxy on the simulated service.

It is installed by `npm ci` in this folder. Where that has not been done the test is skipped, but in CI it fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.models import MODELS
from tests.proxy.conftest import png
from tests.proxy.running import Stack, running_stack

FOLDER = Path(__file__).parent
PNG = "iVBORw0K"
"""How a PNG begins in base64."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("node") / "home") as started:
        yield started


@pytest.fixture(scope="module")
def found(stack: Stack) -> dict[str, Any]:
    """What the client was given."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "openai").is_dir():
        missing = "node" if node is None else "npm ci in tests/clients"
        if "CI" in os.environ:
            pytest.fail(f"OpenAI's Node client cannot be tried: {missing} is missing")
        pytest.skip(f"OpenAI's Node client is not tried: {missing} is missing")
    picture = stack.home / "picture.png"
    picture.write_bytes(png(320, 180))
    variables = {"IMAGE_PROXY_URL": stack.url, "IMAGE_PROXY_API_KEY": stack.key, "PICTURE": str(picture)}
    result = subprocess.run(
        [node, "images.mjs"],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_images_are_generated(found: dict[str, Any]) -> None:
    assert found["plain"] == [PNG]
    assert found["several"] == {"distinct": 3, "size": "1248x832"}
    assert found["usage"]["output_tokens_details"]["image_tokens"] == 3 * 1290
    assert found["url"] == "data:image/webp;base64,"


def test_streams_have_one_completed_event(found: dict[str, Any]) -> None:
    ((event,), (edit,)) = (found["stream"], found["editStream"])
    assert (event["type"], event["size"], event["start"]) == ("image_generation.completed", "1024x1024", PNG)
    assert event["tokens"] > 1290
    assert (edit["type"], edit["size"]) == ("image_edit.completed", "1344x768")


def test_images_are_edited(found: dict[str, Any], stack: Stack) -> None:
    assert (found["edit"], found["edits"], found["jsonEdit"]) == ([PNG], [PNG], [PNG])
    parts = {prompt: [call["image_parts"] for call in stack.sent(f"node: {prompt}")] for prompt in ("edit one", "json")}
    assert parts == {"edit one": [1], "json": [1]}
    assert [call["image_parts"] for call in stack.sent("node: edit several")] == [3]


def test_models_are_listed_and_found(found: dict[str, Any]) -> None:
    assert found["models"] == list(MODELS)
    assert found["model"] == "gemini-3-pro-image-4k-16x9"


def test_raw_responses_have_their_headers(found: dict[str, Any]) -> None:
    assert found["raw"] == {"cache": "hit", "sameId": True}


@pytest.mark.parametrize(
    ("name", "kind", "status", "code"),
    [
        ("value", "BadRequestError", 400, "invalid_value"),
        ("refusal", "BadRequestError", 400, "moderation_blocked"),
        ("streamed", "BadRequestError", 400, "moderation_blocked"),
        ("model", "NotFoundError", 404, "model_not_found"),
        ("key", "AuthenticationError", 401, "invalid_api_key"),
        ("paid", "InternalServerError", 502, "no_image"),
    ],
)
def test_errors_are_the_clients_own_types(
    name: str, kind: str, status: int, code: str, found: dict[str, Any], stack: Stack
) -> None:
    failure = found["failures"][name]
    assert (failure["kind"], failure["status"], failure["code"]) == (kind, status, code)
    assert failure["hasRequestId"]
    if name == "paid":
        assert len(stack.sent("[play:text-only] node")) == 1
