"""What the software itself says of its settings, errors, commands, log and endpoints; the documents are held to it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import typer.main
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from proxy.application import build_application
from proxy.command import application as command_line
from proxy.errors import ERRORS, ErrorType
from proxy.models import MODELS
from proxy.service import Service
from proxy.settings import Settings


def describe() -> dict[str, Any]:
    """Everything that documents name, by kind; nothing here is a list of its own.

    settings     name (the variable), default (text; empty for the secret), description
    errors       code, status, type (OpenAI's), error_type (the log's)
    error_types  the values of the log's `error_type`
    commands     as typed after `image-proxy`: `cache stats`
    log_fields   the fields of an `image_request` event, in their order
    endpoints    method and path; the image endpoints answer other methods with a 405 that is logged
    metrics      name and type of each family in /metrics, but those of OpenTelemetry's names
    models       the names that clients may use

    The log's fields are those of an event that a proxy really writes, and the endpoints its routes: it is made in a
    temporary home, is asked once without a key and listens nowhere. The environment is not read.
    """
    fields, endpoints, metrics = asyncio.run(_observed())
    return {
        "settings": _settings(),
        "errors": [
            {"code": kind.code, "status": kind.status, "type": kind.type, "error_type": kind.error_type.value}
            for kind in ERRORS.values()
        ],
        "error_types": [each.value for each in ErrorType],
        "commands": list(_commands(typer.main.get_command(command_line))),
        "log_fields": fields,
        "endpoints": endpoints,
        "metrics": metrics,
        "models": list(MODELS),
    }


def _settings() -> list[dict[str, str]]:
    return [
        {
            "name": str(field.validation_alias),
            "default": field.default.get_secret_value() if isinstance(field.default, SecretStr) else str(field.default),
            "description": str(field.description),
        }
        for field in Settings.model_fields.values()
    ]


def _commands(command: Any, prefix: str = "") -> Iterator[str]:
    """The names of the commands that do something; a group's are preceded by its own."""
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            yield from _commands(inner, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


async def _observed() -> tuple[list[str], list[dict[str, str]], list[dict[str, str]]]:
    """The fields of the event that a refused request leaves, the routes, and the families of metrics."""
    with tempfile.TemporaryDirectory(prefix="image-proxy-") as folder:
        service = Service(Settings.model_construct(home=Path(folder)))
        proxy = build_application(service)
        try:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(proxy), base_url="http://proxy") as client:
                await client.post("/v1/images/generations")
                scraped = (await client.get("/metrics")).text
            lines = service.home.log.read_text().splitlines()
        finally:
            await service.close()
    events = [json.loads(line) for line in lines]
    (request,) = (event for event in events if event["event"] == "image_request")
    return list(request), list(_endpoints(proxy)), list(_metrics(scraped))


def _metrics(scraped: str) -> Iterator[dict[str, str]]:
    for line in scraped.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            yield {"name": name, "type": kind}


def _endpoints(proxy: Starlette) -> Iterator[dict[str, str]]:
    for route in proxy.routes:
        if isinstance(route, Route):
            methods = route.methods or set()
            yield {"method": "POST" if "POST" in methods else "GET", "path": route.path}
