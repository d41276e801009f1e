"""The threshold that holds for a request is the one that the upstream is sent; refusals are the client's."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import respx

from proxy.safety import CATEGORIES, GEMINI_THRESHOLD, REFUSALS, Threshold
from tests.proxy.conftest import RunningProxy, drawn, ended, png, sent_bodies

pytestmark = pytest.mark.story("007-02")


def _sent_thresholds(upstream: respx.Route) -> list[dict[str, str]]:
    return [
        {setting["category"]: setting["threshold"] for setting in body["safetySettings"]}
        for body in sent_bodies(upstream)
    ]


@pytest.mark.parametrize(
    ("threshold", "sent"),
    [
        ("OFF", "OFF"),
        ("LOW", "BLOCK_ONLY_HIGH"),
        ("MEDIUM", "BLOCK_MEDIUM_AND_ABOVE"),
        ("HIGH", "BLOCK_LOW_AND_ABOVE"),
    ],
)
def test_setting_is_sent_for_all_four_categories(
    threshold: str, sent: str, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    response = start_proxy(GEMINI_IMAGE_SAFETY_THRESHOLD=threshold).generate()

    assert _sent_thresholds(upstream) == [dict.fromkeys(CATEGORIES, sent)]
    assert response.headers["x-safety-threshold"] == threshold


@pytest.mark.parametrize(("setting", "asked"), [("OFF", "HIGH"), ("HIGH", "OFF")])
def test_request_overrides_the_setting_in_both_directions(
    setting: str, asked: str, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    proxy = start_proxy(GEMINI_IMAGE_SAFETY_THRESHOLD=setting)

    generated = proxy.generate({"safety_threshold": asked})
    edited = proxy.edit(safety_threshold=asked)

    expected = dict.fromkeys(CATEGORIES, GEMINI_THRESHOLD[Threshold(asked)])
    assert _sent_thresholds(upstream) == [expected, expected]
    assert [generated.headers["x-safety-threshold"], edited.headers["x-safety-threshold"]] == [asked, asked]
    assert [event["safety_threshold"] for event in proxy.events()] == [asked, asked]


def test_override_holds_for_its_own_request_only(proxy: RunningProxy, upstream: respx.Route) -> None:
    proxy.generate({"safety_threshold": "OFF"})
    proxy.generate({"prompt": "another kite"})

    assert [set(sent.values()) for sent in _sent_thresholds(upstream)] == [{"OFF"}, {"BLOCK_MEDIUM_AND_ABOVE"}]


@pytest.mark.parametrize("wrong", ["medium", "Medium", "MEDIUM ", "", "NONE", "BLOCK_NONE", 1, True, ["OFF"]])
def test_misspelt_threshold_is_refused_and_never_weakens(
    wrong: object, proxy: RunningProxy, upstream: respx.Route
) -> None:
    response = proxy.generate({"safety_threshold": wrong})

    assert (response.status_code, response.json()["error"]["param"]) == (400, "safety_threshold")
    assert not upstream.called


def test_misspelt_threshold_of_an_edit_is_refused(proxy: RunningProxy, upstream: respx.Route) -> None:
    response = proxy.edit(safety_threshold="off")

    assert (response.status_code, response.json()["error"]["param"]) == (400, "safety_threshold")
    assert not upstream.called


def test_null_threshold_means_the_setting(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    start_proxy(GEMINI_IMAGE_SAFETY_THRESHOLD="HIGH").generate({"safety_threshold": None})

    assert set(_sent_thresholds(upstream)[0].values()) == {"BLOCK_LOW_AND_ABOVE"}


@pytest.mark.parametrize("reason", sorted(REFUSALS))
def test_refused_candidate_is_a_refusal(reason: str, proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: ended(reason))

    response = proxy.generate()

    assert (response.status_code, response.json()["error"]["code"]) == (400, "moderation_blocked")
    assert upstream.call_count == 1
    assert proxy.events()[0]["error_type"] == "SAFETY_REFUSAL"


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY"])
def test_blocked_prompt_without_candidates_is_a_refusal(
    reason: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    upstream.mock(return_value=httpx.Response(200, json={"promptFeedback": {"blockReason": reason}}))

    assert proxy.generate().json()["error"]["code"] == "moderation_blocked"
    assert upstream.call_count == 1


def test_refusal_with_an_image_beside_it_is_still_a_refusal(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(return_value=drawn(png(), promptFeedback={"blockReason": "SAFETY"}))

    response = proxy.generate()

    assert response.json()["error"]["code"] == "moderation_blocked"
    assert "b64_json" not in response.text


def test_refusal_is_never_cached(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[ended("SAFETY"), drawn()])

    first, second, third = proxy.generate(), proxy.generate(), proxy.generate()

    assert [first.status_code, second.status_code, third.status_code] == [400, 200, 200]
    assert [first.headers["x-cache"], second.headers["x-cache"], third.headers["x-cache"]] == ["miss", "miss", "hit"]


def test_refusal_marks_no_account(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: ended("PROHIBITED_CONTENT"))
    proxy.generate()

    accounts = proxy.stats()["accounts"]
    assert (accounts["usable"], accounts["cooled"], accounts["disabled"]) == (2, 0, [])
    assert proxy.events("upstream_failure") == []


def test_image_made_under_one_threshold_is_not_served_under_another(proxy: RunningProxy, upstream: respx.Route) -> None:
    caches = [proxy.generate({"safety_threshold": threshold.value}).headers["x-cache"] for threshold in Threshold]

    assert caches == ["miss"] * 4
    assert upstream.call_count == 4


@pytest.mark.parametrize("floor", list(Threshold))
@pytest.mark.parametrize("asked", list(Threshold))
def test_a_threshold_below_the_floor_is_refused_and_sent_nowhere(
    asked: Threshold, floor: Threshold, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    proxy = start_proxy(GEMINI_IMAGE_SAFETY_THRESHOLD="HIGH", IMAGE_PROXY_SAFETY_FLOOR=floor.value)
    response = proxy.generate({"safety_threshold": asked.value})

    order = list(Threshold)
    if order.index(asked) >= order.index(floor):
        assert _sent_thresholds(upstream) == [dict.fromkeys(CATEGORIES, GEMINI_THRESHOLD[asked])]
    else:
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["param"]) == (400, "invalid_value", "safety_threshold")
        assert f"floor, {floor.value}" in error["message"]
        assert not upstream.called


def test_moderation_low_is_the_threshold_low_and_the_floor_holds_for_it(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    low = start_proxy().generate({"moderation": "low"})
    refused = start_proxy(IMAGE_PROXY_SAFETY_FLOOR="MEDIUM").generate({"moderation": "low"})

    assert low.headers["x-safety-threshold"] == "LOW"
    assert _sent_thresholds(upstream) == [dict.fromkeys(CATEGORIES, "BLOCK_ONLY_HIGH")]
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "moderation")


def test_an_edit_is_held_to_the_floor_before_its_pictures_are_looked_at(
    start_proxy: Callable[..., RunningProxy],
) -> None:
    proxy = start_proxy(IMAGE_PROXY_SAFETY_FLOOR="MEDIUM")

    error = proxy.edit([("image", b"no picture")], safety_threshold="OFF").json()["error"]
    assert error["param"] == "safety_threshold"


@pytest.mark.parametrize(
    ("answer", "stage", "categories"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "input", []),
        (
            {
                "candidates": [
                    {
                        "finishReason": "SAFETY",
                        "safetyRatings": [
                            {"category": "HARM_CATEGORY_HATE_SPEECH", "blocked": True},
                            {"category": "HARM_CATEGORY_HARASSMENT", "blocked": False},
                            {"category": "HARM_CATEGORY_OF_TOMORROW", "blocked": True},
                        ],
                    }
                ]
            },
            "output",
            ["hate_speech"],
        ),
    ],
)
def test_a_refusal_tells_where_and_for_what(
    answer: dict[str, object], stage: str, categories: list[str], proxy: RunningProxy, upstream: respx.Route
) -> None:
    upstream.mock(return_value=httpx.Response(200, json=answer))

    error = proxy.generate().json()["error"]
    assert error["moderation_details"] == {"moderation_stage": stage, "categories": categories}


@pytest.mark.parametrize("reason", ["OTHER", "IMAGE_OTHER", "FINISH_REASON_UNSPECIFIED", "A_REASON_OF_TOMORROW"])
def test_an_image_beside_a_reason_that_is_not_known_is_not_returned(
    reason: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    answer = drawn().json()
    answer["candidates"][0]["finishReason"] = reason
    upstream.mock(side_effect=lambda _: httpx.Response(200, json=answer))

    response = proxy.generate()
    assert (response.status_code, response.json()["error"]["code"]) == (502, "no_image")
    assert response.headers["x-should-retry"] == "false"
    assert upstream.call_count == 2
