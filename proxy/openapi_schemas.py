"""The schemas of the OpenAPI document: what answers hold, and what the models of bodies allow."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from proxy.answers import COMPLETED_EVENTS

Schema = dict[str, Any]
"""A JSON schema, or a part of the document."""

COUNT: Schema = {"type": "integer", "minimum": 0}
"""A whole number from 0."""


def object_of(properties: Schema, **more: Schema) -> Schema:
    """An object that has all of these, and may have others."""
    every = properties | more
    return {"type": "object", "properties": every, "required": list(every)}


IDENTITY: Schema = {
    "version": {"type": "string"},
    "build": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    "instance": {"type": "string"},
    "started_at": {"type": "string", "format": "date-time"},
}
"""Which software answers."""
MODEL: Schema = object_of(
    {"id": {"type": "string"}, "object": {"const": "model"}, "created": COUNT, "owned_by": {"type": "string"}}
)
"""A model, in OpenAI's form."""
_USAGE = object_of(
    {
        "input_tokens": COUNT,
        "output_tokens": COUNT,
        "total_tokens": COUNT,
        "input_tokens_details": object_of({"text_tokens": COUNT, "image_tokens": COUNT}),
        "output_tokens_details": object_of({"text_tokens": COUNT, "image_tokens": COUNT, "reasoning_tokens": COUNT}),
    }
)
_SHAPE: Schema = {
    "background": {"const": "opaque"},
    "output_format": {"enum": ["png", "jpeg", "webp"]},
    "size": {"type": "string", "pattern": "^[1-9][0-9]*x[1-9][0-9]*$"},
}
ANSWER: Schema = object_of(
    {
        "created": COUNT,
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
ANSWER["properties"] |= {"quality": {"enum": ["low", "medium", "high", "xhigh", "max"]}, "usage": _USAGE}
"""An answer with images."""
EVENT: Schema = object_of(
    {
        "type": {"enum": list(COMPLETED_EVENTS.values())},
        "b64_json": {"type": "string", "contentEncoding": "base64"},
        "created_at": COUNT,
        "quality": {"enum": ["low", "medium", "high", "xhigh", "max", "auto"]},
        "usage": _USAGE,
        **_SHAPE,
    }
)
"""The data of an event that brings an image."""


def inlined(model: type[BaseModel]) -> Schema:
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


def without_nulls(schema: Schema) -> Schema:
    """A form has no null: a field is there or not."""
    for name, field in schema["properties"].items():
        kinds = [kind for kind in field.get("anyOf", []) if kind != {"type": "null"}]
        if kinds:
            schema["properties"][name] = {**field, "anyOf": kinds}
    return schema


def nullable(schema: Schema) -> Schema:
    """In JSON a field that need not be there may also be null."""
    for name, field in schema["properties"].items():
        if name not in schema["required"] and {"type": "null"} not in field.get("anyOf", []):
            schema["properties"][name] = {"anyOf": [field, {"type": "null"}]}
    return schema
