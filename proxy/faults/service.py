"""A service that can be told to go wrong, by its own endpoint, on this machine only."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy.body import read_json_body
from proxy.errors import ProxyError, StartError
from proxy.faults.catalogue import Faults, Switch
from proxy.faults.parts import FaultyCache, FaultyGeneration, FaultyKeys, FaultyLog
from proxy.service import Service
from proxy.settings import Settings

PATH = "/internal/faults"
LARGEST_BODY = 10_000
"""The largest body of a change, in bytes."""


class FaultyService(Service):
    """A service whose faults are set by `POST /internal/faults`.

    Raises StartError unless it listens on loopback, with one worker.
    """

    def __init__(self, settings: Settings, **more: Any) -> None:
        if not _is_loopback(settings.host):
            raise StartError(
                f"faults on request are for this machine only, and IMAGE_PROXY_HOST is {settings.host!r}; "
                "listen on 127.0.0.1, or start without --faults"
            )
        if settings.workers != 1:
            raise StartError("faults on request are those of one process; start it without several workers")
        self._switch = Switch()
        self.key_type = partial(FaultyKeys, self._switch)
        self.log_type = partial(FaultyLog, self._switch)
        self.cache_type = partial(FaultyCache, self._switch)
        self.generation_type = partial(FaultyGeneration, self._switch)
        super().__init__(settings, **more)

    def own_routes(self) -> list[Route]:
        """The endpoint that sets faults."""
        return [Route(PATH, self._set, methods=["POST"])]

    async def stats(self) -> dict[str, Any]:
        """The figures, and the faults in force."""
        return {**await super().stats(), "faults": self._switch.faults.model_dump()}

    async def _set(self, request: Request) -> Response:
        """Put these faults in force, and no others; the answer is what holds now."""
        assert isinstance(self.keys, FaultyKeys)  # noqa: S101 - made by key_type
        self.keys.checked(request.headers.get("authorization"))
        body = await read_json_body(request, LARGEST_BODY)
        try:
            faults = Faults.model_validate_json(body)
        except ValidationError as error:
            raise _refused(error) from None
        self._switch.faults = Faults()
        self.log.error("faults_set", faults=faults.model_dump(exclude_defaults=True))
        self._switch.faults = faults
        return JSONResponse(faults.model_dump())


def _refused(error: ValidationError) -> ProxyError:
    detail = error.errors(include_url=False, include_input=False)[0]
    if not detail["loc"]:
        return ProxyError("invalid_json")
    return ProxyError("invalid_value", f"{detail['loc'][0]}: {detail['msg']}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
