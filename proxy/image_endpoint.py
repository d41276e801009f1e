"""The two image endpoints: check, serve, log one event, answer."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.body import check_media_type, media_type, read_form, read_json_body
from proxy.cache.front import BYTES_PER_MB, CacheState
from proxy.errors import ProxyError
from proxy.eventlog import EventLog
from proxy.generation import Order, Outcome
from proxy.patience import departure, patience_of
from proxy.request_report import SYNTHETIC_HEADER, answer_headers, event_fields, media_type_of
from proxy.requests import Endpoint, ImageRequest, Policy, parse_edit, parse_generation, parse_json_edit
from proxy.service import Service


@dataclass(slots=True)
class _Progress:
    """What is known of a request so far; it is all that its event can say."""

    asked: ImageRequest | None = None


class ImageEndpoint:
    """Answers one of the two endpoints. Every request writes exactly one `image_request` event, before its answer."""

    def __init__(self, service: Service, endpoint: Endpoint) -> None:
        self._service = service
        self._endpoint = endpoint

    async def __call__(self, request: Request) -> Response:
        """The answer, which is an error's envelope where anything went wrong."""
        started = perf_counter()
        progress = _Progress()
        try:
            outcome = await self._outcome(request, progress)
        except ProxyError as error:
            outcome = Outcome(CacheState.BYPASS, error=error)
        except Exception as error:  # a defect of ours must still be answered and logged
            log_defect(self._service.log, error, request.state.request_id)
            outcome = Outcome(CacheState.BYPASS, error=ProxyError("internal_error"))
        self._service.cache.count(outcome.cache)
        duration_ms = round((perf_counter() - started) * 1000, 3)
        self._log_event(request, progress.asked, outcome, duration_ms)
        if progress.asked and outcome.key and "remember" in request.scope["state"]:
            request.scope["state"]["remember"](progress.asked, outcome.key)
        return _response(progress.asked, outcome, duration_ms)

    async def _outcome(self, request: Request, progress: _Progress) -> Outcome:
        if request.method != "POST":
            raise ProxyError("method_not_allowed", allow="POST")
        tenant = self._service.keys.tenant(request.headers.get("authorization"))
        progress.asked = await self._parsed(request)
        directives = {word.strip().lower() for word in request.headers.get("cache-control", "").split(",")}
        return await self._service.generation.serve(
            Order(
                progress.asked,
                tenant,
                request.state.request_id,
                no_store="no-store" in directives,
                no_cache="no-cache" in directives,
                patience=patience_of(request.headers),
                left=partial(departure, request.receive),
            )
        )

    async def _parsed(self, request: Request) -> ImageRequest:
        settings = self._service.settings
        largest = settings.max_body_mb * BYTES_PER_MB
        policy = Policy(settings.safety_threshold, settings.safety_floor, settings.max_prompt_characters)
        if self._endpoint == "generations":
            return parse_generation(await read_json_body(request, largest), policy)
        check_media_type(request, "multipart/form-data", "application/json")
        if media_type(request) == "application/json":
            return await asyncio.to_thread(parse_json_edit, await read_json_body(request, largest), policy)
        texts, files = await read_form(request, largest)
        return await asyncio.to_thread(parse_edit, texts, files, policy)

    def _log_event(self, request: Request, asked: ImageRequest | None, outcome: Outcome, duration_ms: float) -> None:
        log = self._service.log
        fields = event_fields(
            self._endpoint,
            asked,
            outcome,
            prompt_hash=log.prompt_hash(asked.prompt) if asked else None,
            synthetic=request.headers.get(SYNTHETIC_HEADER) == "true",
            request_id=request.state.request_id,
            duration_ms=duration_ms,
        )
        write = log.error if outcome.error and outcome.error.kind.is_our_failure else log.info
        write("image_request", **fields)


def log_defect(log: EventLog, error: Exception, request_id: str) -> None:
    """Log where a defect showed: its type and its places in the code, but not its text, which may quote a prompt."""
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
    log.error("internal_error", request_id=request_id, exception=type(error).__name__, places=places)


def _response(asked: ImageRequest | None, outcome: Outcome, duration_ms: float) -> Response:
    headers = answer_headers(asked, outcome, duration_ms)
    if outcome.error:
        return JSONResponse(outcome.error.envelope(), outcome.error.kind.status, headers)
    return Response(outcome.body, 200, headers, media_type_of(asked))
