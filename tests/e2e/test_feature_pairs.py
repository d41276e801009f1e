"""Features that must work together: safety, cache and error logging."""

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import Stack, running_stack

pytestmark = pytest.mark.story("007-05")


@pytest.mark.pair("safety-errors")
def test_a_refusal_is_logged_and_not_cached(stack: Stack) -> None:
    for _ in range(2):
        refused = stack.generate("a storm [severity:high]", safety_threshold="LOW")
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "moderation_blocked"
    assert len(stack.calls("a storm")) == 2
    events = stack.events()
    assert [(event["error_type"], event["level"]) for event in events] == [("SAFETY_REFUSAL", "INFO")] * 2
    assert "storm" not in (stack.home / "logs" / "image-proxy.jsonl").read_text()


@pytest.mark.pair("cache-errors")
def test_a_cache_failure_is_logged_and_the_answer_still_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def block(home: Path) -> None:
        shutil.rmtree(home / "image_cache", ignore_errors=True)
        (home / "image_cache").write_text("a file where the cache should be")

    with running_stack(tmp_path / "home", monkeypatch, prepare=block) as stack:
        answer = stack.generate("a quiet lake")
        assert answer.status_code == 200
        assert answer.headers["x-cache"] == "error"
    log = (tmp_path / "home" / "logs" / "image-proxy.jsonl").read_text()
    assert "cache_error" in [json.loads(line)["event"] for line in log.splitlines()]


@pytest.mark.pair("all")
def test_safety_cache_errors_and_generation_in_one_sitting(stack: Stack) -> None:
    drawn = stack.generate("a garden [severity:low]", safety_threshold="MEDIUM")
    again = stack.generate("a garden [severity:low]", safety_threshold="MEDIUM")
    stricter = stack.generate("a garden [severity:low]", safety_threshold="HIGH")
    broken = stack.generate("a garden [play:500]")
    assert [answer.status_code for answer in (drawn, again, stricter, broken)] == [200, 200, 400, 502]
    assert again.content == drawn.content
    assert stricter.headers["x-cache"] != "hit"
    seen = [(event["cache"], event["error_type"], event["level"]) for event in stack.events()]
    assert seen[:2] == [("miss", None, "INFO"), ("hit", None, "INFO")]
    assert [error for _, error, _ in seen[2:]] == ["SAFETY_REFUSAL", "API_ERROR"]
    assert seen[3][2] == "ERROR"
