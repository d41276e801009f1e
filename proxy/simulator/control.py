"""The doors by which checks look at the simulator and change it: loopback only, no key needed."""

import ipaddress

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy.simulator.errors import invalid_argument
from proxy.simulator.state import ServiceState

_MOST_BODY_BYTES = 10_000


class Faults(BaseModel):
    """What may be changed while running; what is absent stays as it is, and a quota that is null is lifted."""

    model_config = ConfigDict(extra="forbid")

    error_rate: float | None = None
    error_status: int | None = None
    latency_ms: int | None = None
    quota_per_minute: int | None = None
    quota_per_day: int | None = None


def control_routes() -> list[Route]:
    """`GET stats`, `GET requests?prompt_contains=TEXT` and `POST faults`."""
    return [
        Route("/stats", _stats),
        Route("/requests", _requests),
        Route("/faults", _faults, methods=["POST"]),
    ]


async def _stats(request: Request) -> Response:
    service = _service(request)
    return JSONResponse({**service.ledger.totals(), "seed": service.behaviour.seed})


async def _requests(request: Request) -> Response:
    found = _service(request).ledger.find(request.query_params.get("prompt_contains", ""))
    return JSONResponse({"count": len(found), "requests": found})


async def _faults(request: Request) -> Response:
    service = _service(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY_BYTES:
            raise invalid_argument("The faults are too long.")
    try:
        changes = Faults.model_validate_json(bytes(body)).model_dump(exclude_unset=True)
        service.behaviour = service.behaviour.changed(changes)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in error.errors())
        raise invalid_argument(problems) from None
    return JSONResponse(service.behaviour.model_dump())


def _service(request: Request) -> ServiceState:
    """The service's state, for callers on this machine; raises HTTPException (404) for others."""
    if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
        raise HTTPException(404)
    service: ServiceState = request.app.state.service
    return service
