"""The key holds everything that changes the answer: change one thing, and the key changes."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cache.key import cache_key
from proxy.images import Picture
from proxy.models import MODELS
from proxy.requests import ImageRequest
from proxy.safety import Threshold
from proxy.sizes import Shape

pytestmark = pytest.mark.story("007-04")

_texts = st.text(min_size=1, max_size=30)
_pictures = st.binary(min_size=1, max_size=20).map(lambda content: Picture(content, "image/png", 8, 8))
_values: dict[str, st.SearchStrategy[Any]] = {
    "endpoint": st.sampled_from(["generations", "edits"]),
    "prompt": _texts,
    "model": st.sampled_from(list(MODELS.values())),
    "n": st.integers(1, 10),
    "size": _texts,
    "shape": st.builds(
        Shape, st.sampled_from([None, "1:1", "16:9", "9:16"]), st.sampled_from([None, "512", "1K", "2K", "4K"])
    ),
    "quality": st.sampled_from([None, "standard", "hd", "low", "high"]),
    "style": st.sampled_from([None, "vivid", "natural"]),
    "response_format": st.sampled_from(["b64_json", "url"]),
    "threshold": st.sampled_from(Threshold),
    "images": st.lists(_pictures, max_size=3).map(tuple),
    "mask": st.none() | _pictures,
    "output_format": st.sampled_from(["png", "jpeg", "webp"]),
    "output_compression": st.integers(0, 100),
    "stream": st.booleans(),
}
_requests = st.builds(ImageRequest, **_values)


def _key(request: ImageRequest, tenant: str = "tenant") -> str:
    return cache_key(request, tenant=tenant, prompt=request.prompt)


def test_every_field_of_a_request_is_tried() -> None:
    assert {field.name for field in fields(ImageRequest)} == set(_values)


@given(request=_requests, field=st.sampled_from(sorted(_values)), data=st.data())
def test_changing_any_one_field_changes_the_key(request: ImageRequest, field: str, data: st.DataObject) -> None:
    other = data.draw(_values[field].filter(lambda value: value != getattr(request, field)))

    assert _key(replace(request, **{field: other})) != _key(request)


@given(request=_requests, tenants=st.lists(_texts, min_size=2, max_size=2, unique=True))
def test_clients_never_share_a_key(request: ImageRequest, tenants: list[str]) -> None:
    assert _key(request, tenants[0]) != _key(request, tenants[1])


@given(request=_requests, words=_texts)
def test_words_that_were_added_to_the_prompt_are_part_of_the_key(request: ImageRequest, words: str) -> None:
    enhanced = cache_key(request, tenant="tenant", prompt=request.prompt + words)

    assert enhanced != _key(request)


@given(request=_requests)
def test_equal_requests_have_equal_keys(request: ImageRequest) -> None:
    key = _key(replace(request))

    assert key == _key(request)
    assert len(key) == 64


@given(request=_requests, pictures=st.lists(_pictures, min_size=2, max_size=3, unique_by=lambda one: one.content))
def test_order_of_the_pictures_is_part_of_the_key(request: ImageRequest, pictures: list[Picture]) -> None:
    forth = replace(request, images=tuple(pictures))
    back = replace(request, images=tuple(reversed(pictures)))

    assert _key(forth) != _key(back)
