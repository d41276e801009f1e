"""Prompts are sent as they are, unless the request or the operator asks for more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from proxy.enhancement import QUALITY_WORDS, STYLE_WORDS, Mode, enhance
from tests.proxy.conftest import RunningProxy, sent_bodies

_qualities = st.sampled_from([None, "standard", "low", "high", "hd"])
_styles = st.sampled_from([None, "vivid", "natural"])


@given(prompt=st.text(), quality=_qualities, style=_styles)
def test_off_never_changes_a_prompt(prompt: str, quality: str | None, style: str | None) -> None:
    assert enhance(prompt, quality, style, "off") == prompt


@given(prompt=st.text(), quality=_qualities, style=_styles, mode=st.sampled_from(["requested", "always"]))
def test_prompt_itself_is_kept_and_comes_first(prompt: str, quality: str | None, style: str | None, mode: Mode) -> None:
    assert enhance(prompt, quality, style, mode).startswith(prompt)


@pytest.mark.parametrize(
    ("mode", "quality", "style", "words"),
    [
        ("requested", None, None, []),
        ("requested", "standard", None, []),
        ("requested", "hd", None, [QUALITY_WORDS["hd"]]),
        ("requested", None, "vivid", [STYLE_WORDS["vivid"]]),
        ("requested", "hd", "natural", [QUALITY_WORDS["hd"], STYLE_WORDS["natural"]]),
        ("always", None, None, [STYLE_WORDS["vivid"]]),
        ("always", "hd", "natural", [QUALITY_WORDS["hd"], STYLE_WORDS["natural"]]),
    ],
)
def test_words_are_added_for_what_is_named(
    mode: Mode, quality: str | None, style: str | None, words: list[str]
) -> None:
    assert enhance("a kite", quality, style, mode) == ", ".join(["a kite", *words])


def test_enhanced_prompt_is_sent_and_shown(proxy: RunningProxy, upstream: respx.Route) -> None:
    body = proxy.generate({"style": "natural", "n": 2}).json()

    sent = sent_bodies(upstream)[0]["contents"][0]["parts"][0]["text"]
    assert sent == f"a kite, {STYLE_WORDS['natural']}"
    assert [item["revised_prompt"] for item in body["data"]] == [sent, sent]


def test_unchanged_prompt_is_not_shown(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert "revised_prompt" not in proxy.generate().json()["data"][0]
    assert sent_bodies(upstream)[0]["contents"][0]["parts"] == [{"text": "a kite"}]


def test_mode_is_a_setting(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    start_proxy(IMAGE_PROXY_PROMPT_ENHANCEMENT="always").generate()
    start_proxy(IMAGE_PROXY_PROMPT_ENHANCEMENT="off").generate({"style": "vivid", "quality": "hd"})

    texts = [sent["contents"][0]["parts"][0]["text"] for sent in sent_bodies(upstream)]
    assert texts == [f"a kite, {STYLE_WORDS['vivid']}", "a kite"]


def test_edit_is_never_enhanced(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    response = start_proxy(IMAGE_PROXY_PROMPT_ENHANCEMENT="always").edit(quality="high")

    assert sent_bodies(upstream)[0]["contents"][0]["parts"][0] == {"text": "make it blue"}
    assert "revised_prompt" not in response.text
