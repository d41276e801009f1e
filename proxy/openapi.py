"""The proxy's own OpenAPI 3.1 document.

Bodies come from the models that check them, errors from the table that they are answered from; the rest is written
here. It says nothing of what the fields do together: such a request is valid by this document and answered with 400.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from proxy.answers import COMPLETED_EVENTS
from proxy.errors import ERRORS
from proxy.fields import MOST_INPUTS, EditFields, GenerationFields, JsonEditFields
from proxy.identity import VERSION
from proxy.openapi_schemas import ANSWER, EVENT, IDENTITY, MODEL, Schema, inlined, nullable, object_of, without_nulls

_COMMON = {"invalid_api_key", "internal_error"}
_REQUEST_ID: Schema = {
    "x-request-id": {"description": "The request's id.", "required": True, "schema": {"type": "string"}}
}
_IMAGE_HEADERS: Schema = {
    **_REQUEST_ID,
    "x-cache": {"required": True, "schema": {"enum": ["hit", "miss", "bypass", "error"]}},
    "openai-processing-ms": {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}},
}


@cache
def openapi_document() -> dict[str, Any]:
    """The document, made once."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Image proxy",
            "version": VERSION,
            "description": "OpenAI's image endpoints in front of Gemini's image models.",
        },
        "security": [{"key": []}],
        "paths": {
            "/v1/images/generations": {"post": _images("Images from a prompt", _generation_body())},
            "/v1/images/edits": {"post": _images("Images from pictures and a prompt", _edit_body())},
            "/v1/models": {
                "get": _operation(
                    "Every model", object_of({"object": {"const": "list"}, "data": {"type": "array", "items": MODEL}})
                )
            },
            "/v1/models/{name}": {
                "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": _operation("One model", MODEL, "model_not_found", "unknown_url"),
            },
            "/openapi.json": {"get": _open("This document", {"200": {"type": "object"}})},
            "/healthz": {"get": _open("Which software answers", {"200": object_of(IDENTITY, status={"const": "ok"})})},
            "/readyz": {
                "get": _open(
                    "Whether requests can be served",
                    {"200": object_of({"ready": {"const": True}}), "503": object_of({"ready": {"const": False}})},
                )
            },
            "/metrics": {"get": _metrics()},
            "/internal/stats": {"get": _operation("Figures and effective settings", object_of(IDENTITY))},
            "/internal/upstream-calls": {
                "parameters": [{"name": "request_id", "in": "query", "schema": {"type": "string"}}],
                "get": _operation("What was really sent upstream", object_of({"calls": {"type": "array"}})),
            },
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Images": ANSWER, "CompletedEvent": EVENT},
        },
    }


def _generation_body() -> Schema:
    return {"application/json": {"schema": nullable(inlined(GenerationFields))}}


def _edit_body() -> Schema:
    form = without_nulls(inlined(EditFields))
    file: Schema = {"type": "string", "format": "binary"}
    files: Schema = {"type": "array", "items": file, "minItems": 1, "maxItems": MOST_INPUTS}
    form["properties"] |= {"image": files, "image[]": files, "mask": file}
    form["oneOf"] = [{"required": ["image"]}, {"required": ["image[]"]}]
    return {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": nullable(inlined(JsonEditFields))},
    }


def _images(summary: str, content: Schema) -> Schema:
    codes = set(ERRORS) - {"unknown_url", "method_not_allowed"}
    body = {"$ref": "#/components/schemas/Images"}
    completed = {"$ref": "#/components/schemas/CompletedEvent"}
    event: Schema = {
        "event": {"enum": list(COMPLETED_EVENTS.values())},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": completed},
    }
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "Images, or with `stream` one CompletedEvent an image as server-sent events.",
                "headers": _IMAGE_HEADERS,
                "content": {"application/json": {"schema": body}, "text/event-stream": {"schema": object_of(event)}},
            },
            **_errors(codes, _IMAGE_HEADERS),
        },
    }


def _operation(summary: str, schema: Schema, *codes: str) -> Schema:
    answer = {"description": summary, "headers": _REQUEST_ID, "content": {"application/json": {"schema": schema}}}
    return {"summary": summary, "responses": {"200": answer, **_errors(_COMMON | set(codes), _REQUEST_ID)}}


def _open(summary: str, schemas: dict[str, Schema]) -> Schema:
    """An operation that needs no key."""
    responses = {
        status: {"description": summary, "headers": _REQUEST_ID, "content": {"application/json": {"schema": schema}}}
        for status, schema in schemas.items()
    }
    return {"summary": summary, "security": [], "responses": responses}


def _metrics() -> Schema:
    kinds = ("text/plain", "application/openmetrics-text")
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    answer = {"description": "Prometheus text", "headers": _REQUEST_ID, "content": content}
    return {"summary": "Figures for Prometheus", "security": [], "responses": {"200": answer}}


def _errors(codes: set[str], headers: Schema) -> Schema:
    """The answers to errors, by status."""
    by_status: dict[str, list[str]] = {}
    for code in sorted(codes, key=list(ERRORS).index):
        by_status.setdefault(str(ERRORS[code].status), []).append(code)
    return {
        status: {
            "description": " ".join(ERRORS[code].message for code in those),
            "headers": headers,
            "content": {"application/json": {"schema": _error(those)}},
        }
        for status, those in by_status.items()
    }


def _error(codes: list[str]) -> Schema:
    error = object_of(
        {
            "message": {"type": "string", "minLength": 1},
            "type": {"enum": sorted({ERRORS[code].type for code in codes})},
            "param": {"type": ["string", "null"]},
            "code": {"enum": codes},
        }
    )
    return object_of({"error": error})
