"""The HTTP doors of the simulated service."""

import asyncio
import base64
import binascii
from dataclasses import replace
from itertools import islice

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from proxy.simulator.answers import Scene
from proxy.simulator.behaviour import Behaviour
from proxy.simulator.control import control_routes
from proxy.simulator.errors import (
    RefusedRequestError,
    google_failure,
    invalid_argument,
    invalid_key,
    missing_key,
)
from proxy.simulator.ledger import Call
from proxy.simulator.markers import read_markers
from proxy.simulator.models import MODELS, find_model
from proxy.simulator.picture import asked_config, plan_picture
from proxy.simulator.play import Outcome, failed, perform
from proxy.simulator.safety import judge
from proxy.simulator.state import ServiceState
from proxy.simulator.streaming import streamed, streamed_failure
from proxy.simulator.wire import GenerateContentRequest, parse_request

_MOST_BODY_BYTES = 20_971_520
_DEFAULT_PAGE, _LARGEST_PAGE = 50, 1000
_MOST_DIGITS = 10


API_VERSIONS = ("v1beta", "v1")
"""The first is what the guides show and the proxy calls, the second what Google's Python client takes by default."""


def create_app(behaviour: Behaviour) -> Starlette:
    """The service as an ASGI application, with an empty ledger."""
    application = Starlette(
        routes=[
            *(Mount(f"/{version}", routes=_api()) for version in API_VERSIONS),
            Mount("/_simulator", routes=control_routes()),
        ],
        exception_handlers={HTTPException: _unknown_door, RefusedRequestError: _refused},
    )
    application.state.service = ServiceState(behaviour)
    return application


def _api() -> list[Route]:
    return [
        Route("/models/{model}:generateContent", _generate, methods=["POST"]),
        Route("/models/{model}:streamGenerateContent", _stream_generate, methods=["POST"]),
        Route("/models/{model}", _model),
        Route("/models", _models),
    ]


async def _generate(request: Request) -> ASGIApp:
    return (await _outcome(request)).answer


async def _stream_generate(request: Request) -> ASGIApp:
    outcome = await _outcome(request)
    by_events = request.query_params.get("alt") == "sse"
    if outcome.body is not None:
        return streamed(outcome.body, by_events=by_events)
    if outcome.failure is not None:
        return failed(streamed_failure(outcome.failure, by_events=by_events)).answer
    return outcome.answer


async def _outcome(request: Request) -> Outcome:
    service: ServiceState = request.app.state.service
    call = Call(model=request.path_params["model"])
    started = asyncio.get_running_loop().time()
    seconds = 0.0
    try:
        body = await _bounded_body(request)
        key = _checked_key(request)
        parsed = parse_request(body)
        _note(call, parsed)
        seconds = service.behaviour.latency_for(body)
        outcome = await run_in_threadpool(_decide, service, key, call.model, parsed, body)
    except RefusedRequestError as refusal:
        outcome = failed(refusal.failure)
    call.status, call.finish_reason, call.blocked = outcome.status, outcome.finish_reason, outcome.blocked
    service.ledger.record(call)
    await asyncio.sleep(started + seconds - asyncio.get_running_loop().time())
    return outcome


def _decide(service: ServiceState, key: str, model_id: str, request: GenerateContentRequest, body: bytes) -> Outcome:
    behaviour = service.behaviour
    model = find_model(model_id)
    picture = plan_picture(model, request, behaviour.seed)
    failure = behaviour.failure_for(body) or service.quotas.take(
        key, model.id, per_minute=behaviour.quota_per_minute, per_day=behaviour.quota_per_day
    )
    if failure is not None:
        return failed(failure)
    if request.generation_config.seed is None:
        picture = replace(picture, material=service.repeats.varied(picture.material))
    markers = read_markers(request.prompt)
    verdict = judge(markers.probability, request.thresholds)
    return perform(Scene(model, request, picture, verdict), markers)


def _note(call: Call, request: GenerateContentRequest) -> None:
    config = asked_config(request)
    call.prompt = request.prompt
    call.thresholds = request.thresholds
    call.aspect_ratio, call.image_size = config.aspect_ratio, config.image_size
    call.image_parts = len(request.input_images)


async def _bounded_body(request: Request) -> bytes:
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MOST_BODY_BYTES:
            raise invalid_argument(f"Request payload size exceeds the limit: {_MOST_BODY_BYTES} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def _checked_key(request: Request) -> str:
    """The key. Any is good but one that begins with "invalid"; none at all is refused."""
    key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
    if not key:
        raise missing_key()
    if key.startswith("invalid"):
        raise invalid_key()
    return key


async def _models(request: Request) -> Response:
    _checked_key(request)
    size = _whole_number(request.query_params.get("pageSize") or str(_DEFAULT_PAGE), "page_size")
    start = _page_start(request.query_params.get("pageToken"))
    end = start + min(size, _LARGEST_PAGE)
    page: dict[str, object] = {"models": [model.entry() for model in islice(MODELS.values(), start, end)]}
    if end < len(MODELS):
        page["nextPageToken"] = base64.urlsafe_b64encode(str(end).encode()).decode("ascii")
    return JSONResponse(page)


async def _model(request: Request) -> Response:
    _checked_key(request)
    return JSONResponse(find_model(request.path_params["model"]).entry())


def _page_start(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise invalid_argument("Invalid page token.", field="page_token") from None
    return _whole_number(text, "page_token")


def _whole_number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS and int(text) > 0):
        raise invalid_argument(f"Invalid value at '{field}': a number above 0 is needed.", field=field)
    return int(text)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedRequestError)  # noqa: S101 — registered for this class only
    return _sent(error)


def _sent(error: RefusedRequestError) -> Response:
    failure = error.failure
    return Response(failure.body, failure.status, media_type=failure.media_type)


async def _unknown_door(_request: Request, error: Exception) -> Response:
    """Unknown addresses and methods in the service's own envelope."""
    code = getattr(error, "status_code", 404)
    failure = google_failure(code, "NOT_FOUND", "The requested URL was not found on this server.")
    return Response(failure.body, code, headers=getattr(error, "headers", None), media_type=failure.media_type)
