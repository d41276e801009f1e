"""The proxy's own OpenAPI 3.1 document.

Bodies come from the models that check them, errors from the table that they are answered from; the rest is written
here. It says nothing of what the fields do together: such a request is valid by this document and answered with 400.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

from proxy.answers import COMPLETED_EVENTS
from proxy.errors import ERRORS
from proxy.fields import MOST_INPUTS, EditFields, GenerationFields, JsonEditFields
from proxy.identity import VERSION

Schema = dict[str, Any]

_COMMON = {"invalid_api_key", "internal_error"}
_REQUEST_ID: Schema = {
    "x-request-id": {"description": "The request's id.", "required": True, "schema": {"type": "string"}}
}
_IMAGE_HEADERS: Schema = {
    **_REQUEST_ID,
    "x-cache": {"required": True, "schema": {"enum": ["hit", "miss", "bypass", "error"]}},
    "openai-processing-ms": {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}},
}
_COUNT: Schema = {"type": "integer", "minimum": 0}


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
                    "Every model", _object({"object": {"const": "list"}, "data": {"type": "array", "items": _MODEL}})
                )
            },
            "/v1/models/{name}": {
                "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": _operation("One model", _MODEL, "model_not_found", "unknown_url"),
            },
            "/openapi.json": {"get": _open("This document", {"200": {"type": "object"}})},
            "/healthz": {"get": _open("Which software answers", {"200": _object(_IDENTITY, status={"const": "ok"})})},
            "/readyz": {
                "get": _open(
                    "Whether requests can be served",
                    {"200": _object({"ready": {"const": True}}), "503": _object({"ready": {"const": False}})},
                )
            },
            "/metrics": {"get": _metrics()},
            "/internal/stats": {"get": _operation("Figures and effective settings", _object(_IDENTITY))},
            "/internal/upstream-calls": {
                "parameters": [{"name": "request_id", "in": "query", "schema": {"type": "string"}}],
                "get": _operation("What was really sent upstream", _object({"calls": {"type": "array"}})),
            },
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Images": _ANSWER, "CompletedEvent": _EVENT},
        },
    }


def _object(properties: Schema, **more: Schema) -> Schema:
    """An object that has all of these, and may have others."""
    every = properties | more
    return {"type": "object", "properties": every, "required": list(every)}


_IDENTITY: Schema = {
    "version": {"type": "string"},
    "build": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    "instance": {"type": "string"},
    "started_at": {"type": "string", "format": "date-time"},
}
_MODEL = _object(
    {"id": {"type": "string"}, "object": {"const": "model"}, "created": _COUNT, "owned_by": {"type": "string"}}
)
_USAGE = _object(
    {
        "input_tokens": _COUNT,
        "output_tokens": _COUNT,
        "total_tokens": _COUNT,
        "input_tokens_details": _object({"text_tokens": _COUNT, "image_tokens": _COUNT}),
        "output_tokens_details": _object({"text_tokens": _COUNT, "image_tokens": _COUNT, "reasoning_tokens": _COUNT}),
    }
)
_SHAPE: Schema = {
    "background": {"const": "opaque"},
    "output_format": {"enum": ["png", "jpeg", "webp"]},
    "size": {"type": "string", "pattern": "^[1-9][0-9]*x[1-9][0-9]*$"},
}
_ANSWER: Schema = _object(
    {
        "created": _COUNT,
        "data": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "b64_json": {"type": "string", "contentEncoding": "base64"},
                    "url": {"type": "string", "pattern": "^data:image/"},
                    "revised_prompt": {"type": "string"},
                },
                "oneOf": [{"required": ["b64_json"]}, {"required": ["url"]}],
            },
        },
        **_SHAPE,
    }
)
_ANSWER["properties"] |= {"quality": {"enum": ["low", "medium", "high", "xhigh", "max"]}, "usage": _USAGE}
_EVENT: Schema = _object(
    {
        "type": {"enum": list(COMPLETED_EVENTS.values())},
        "b64_json": {"type": "string", "contentEncoding": "base64"},
        "created_at": _COUNT,
        "quality": {"enum": ["low", "medium", "high", "xhigh", "max", "auto"]},
        "usage": _USAGE,
        **_SHAPE,
    }
)


def _generation_body() -> Schema:
    return {"application/json": {"schema": _nullable(_inlined(GenerationFields))}}


def _edit_body() -> Schema:
    form = _without_nulls(_inlined(EditFields))
    file: Schema = {"type": "string", "format": "binary"}
    files: Schema = {"type": "array", "items": file, "minItems": 1, "maxItems": MOST_INPUTS}
    form["properties"] |= {"image": files, "image[]": files, "mask": file}
    form["oneOf"] = [{"required": ["image"]}, {"required": ["image[]"]}]
    return {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": _nullable(_inlined(JsonEditFields))},
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
                "content": {"application/json": {"schema": body}, "text/event-stream": {"schema": _object(event)}},
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
    error = _object(
        {
            "message": {"type": "string", "minLength": 1},
            "type": {"enum": sorted({ERRORS[code].type for code in codes})},
            "param": {"type": ["string", "null"]},
            "code": {"enum": codes},
        }
    )
    return _object({"error": error})


def _inlined(model: type[BaseModel]) -> Schema:
    """A model's schema without definitions beside it, and without the titles that repeat names."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return resolved(definitions[value["$ref"].rpartition("/")[2]])
        return {name: resolved(each) for name, each in value.items() if name != "title" or not isinstance(each, str)}

    found: Schema = resolved(schema)
    return found


def _without_nulls(schema: Schema) -> Schema:
    """A form has no null: a field is there or not."""
    for name, field in schema["properties"].items():
        kinds = [kind for kind in field.get("anyOf", []) if kind != {"type": "null"}]
        if kinds:
            schema["properties"][name] = {**field, "anyOf": kinds}
    return schema


def _nullable(schema: Schema) -> Schema:
    """In JSON a field that need not be there may also be null."""
    for name, field in schema["properties"].items():
        if name not in schema["required"] and {"type": "null"} not in field.get("anyOf", []):
            schema["properties"][name] = {"anyOf": [field, {"type": "null"}]}
    return schema
