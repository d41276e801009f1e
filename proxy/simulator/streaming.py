"""The streaming twin of an answer: its parts as they come, each in a whole response object of its own."""

import json
from collections.abc import Iterator

from starlette.responses import Response

from proxy.simulator.errors import Failure

JsonObject = dict[str, object]


def streamed(body: JsonObject, *, by_events: bool) -> Response:
    """A successful answer, or a refusal, as server-sent events (`alt=sse`), else as one JSON array."""
    pieces = list(_pieces(body))
    if by_events:
        return Response(
            "".join(f"data: {json.dumps(piece)}\r\n\r\n" for piece in pieces), media_type="text/event-stream"
        )
    return Response(json.dumps(pieces), media_type="application/json; charset=UTF-8")


def streamed_failure(failure: Failure, *, by_events: bool) -> Failure:
    """A failure: as it is beside events, in an array without."""
    if by_events or failure.media_type != "application/json":
        return failure
    return Failure(failure.status, b"[" + failure.body + b"]")


def _pieces(body: JsonObject) -> Iterator[JsonObject]:
    """One response object a part; only the last tells how it ended and how many tokens it took."""
    candidates = body.get("candidates")
    candidate = candidates[0] if isinstance(candidates, list) else {}
    *earlier, last = candidate.get("content", {}).get("parts", []) or [None]
    for part in earlier:
        content = {"role": "model", "parts": [part]}
        yield {"candidates": [{"index": 0, "content": content}], "modelVersion": body["modelVersion"]}
    if last is None:
        yield body
    else:
        yield {**body, "candidates": [{**candidate, "content": {"role": "model", "parts": [last]}}]}
