"""The key of an answer: a digest of everything that changes it."""

from __future__ import annotations

import hashlib
import json

from proxy.requests import ImageRequest

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def cache_key(request: ImageRequest, *, tenant: str, prompt: str) -> str:
    """A SHA-256, in hex, over canonical JSON of all that changes the answer.

    tenant  the digest of the client's key: no client is served another's images
    prompt  the prompt as it is sent
    """
    parts = {
        "tenant": tenant,
        "endpoint": request.endpoint,
        "model": request.model.id,
        "prompt": prompt,
        "n": request.n,
        "size": request.size,
        "aspect_ratio": request.shape.aspect_ratio,
        "image_size": request.shape.image_size,
        "quality": request.quality,
        "style": request.style,
        "safety_threshold": request.threshold.value,
        "response_format": request.response_format,
        "output_format": request.output_format,
        "output_compression": request.output_compression,
        "stream": request.stream,
        "images": [picture.sha256 for picture in request.images],
        "mask": request.mask.sha256 if request.mask else None,
    }
    return hashlib.sha256(_CANONICAL.encode(parts).encode()).hexdigest()
