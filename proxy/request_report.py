"""What is told of an image request: the fields of its event, and the headers of its answer."""

from __future__ import annotations

from proxy.generation import Outcome
from proxy.requests import Endpoint, ImageRequest

SYNTHETIC_HEADER = "x-synthetic"
"""`x-synthetic: true` labels a request as made by a test or by a traffic generator."""


def event_fields(
    endpoint: Endpoint,
    asked: ImageRequest | None,
    outcome: Outcome,
    *,
    prompt_hash: str | None,
    synthetic: bool,
    request_id: str,
    duration_ms: float,
) -> dict[str, object]:
    """The fields of an `image_request` event; `asked` is None where the request could not be read."""
    kind = outcome.error.kind if outcome.error else None
    return {
        "synthetic": synthetic,
        "request_id": request_id,
        "endpoint": endpoint,
        "model": asked and asked.model.id,
        "prompt_hash": prompt_hash,
        "n": asked and asked.n,
        "images": outcome.images,
        "size": asked and asked.size,
        "aspect_ratio": asked and asked.shape.aspect_ratio,
        "image_size": asked and asked.shape.image_size,
        "quality": asked and asked.quality,
        "style": asked and asked.style,
        "safety_threshold": asked and asked.threshold.value,
        "cache": outcome.cache.value,
        "status": kind.status if kind else 200,
        "error_type": kind and kind.error_type.value,
        "error_code": kind and kind.code,
        "account": outcome.account,
        "generation_time_ms": outcome.generation_time_ms,
        "duration_ms": duration_ms,
    }


def answer_headers(asked: ImageRequest | None, outcome: Outcome, duration_ms: float) -> dict[str, str]:
    """The headers that every answer of an image endpoint has, and those that the cache and an error add."""
    headers = {
        "x-cache": outcome.cache.value,
        "openai-processing-ms": str(round(duration_ms)),
        "cache-control": "private, no-store",
    }
    if outcome.age is not None:
        headers["age"] = str(outcome.age)
    if asked:
        headers["x-safety-threshold"] = asked.threshold.value
    return headers | outcome.error.headers() if outcome.error else headers


def media_type_of(asked: ImageRequest | None) -> str:
    """The media type of a successful answer."""
    return "text/event-stream" if asked is not None and asked.stream else "application/json"
