"""The parts of the checklist's JSON Schema that no model shows: comparators, spans, and `${name}` for a value."""

from __future__ import annotations

from typing import Any

from checks.comparator_reading import READERS
from checks.units import UNITS, Dimension

EXPECTATION = {"$ref": "#/$defs/Expectation"}
MARK = {"$comment": "an expectation"}
"""What models have in an expectation's place; pydantic follows no reference of ours."""
REFERENCE = {"type": "string", "pattern": r"\$\{[^{}]+\}", "description": "A value by its name: `${name}`."}
_BY_NAME = {"$ref": "#/$defs/Reference"}
_UNITS = "|".join(sorted(filter(None, UNITS), key=lambda unit: -len(unit)))
_SPANS = "|".join(unit for unit, (dimension, _) in UNITS.items() if dimension is Dimension.TIME)
_NUMBER = r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"

SPAN = {"type": "string", "pattern": rf"^{_NUMBER} ?({_SPANS})$|\$\{{", "description": "A span, as 250ms, 60s or 2h."}
QUANTITY = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": rf"^{_NUMBER} ?({_UNITS})?$|\$\{{"}],
    "description": "A number, or a text of a number and a unit.",
}
_ANY = {"not": {"type": "null"}}
_OPERANDS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("above", "at_least", "below", "at_most"), QUANTITY),
    "between": {"type": "array", "minItems": 2, "maxItems": 2, "items": QUANTITY},
    "one_of": {"type": "array", "minItems": 1, "items": _ANY},
    "matches": {"type": "string", "description": "A regular expression of RE2."},
    "exists": {"anyOf": [{"type": "boolean"}, _BY_NAME]},
    "trend": {"enum": ["rising", "falling"]},
}


def comparators() -> dict[str, Any]:
    """A mapping of comparators, at least one."""
    properties = {name: _OPERANDS.get(name, _ANY) for name in READERS}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}


def expectation() -> dict[str, Any]:
    """A bare value, which has to be equalled, or comparators."""
    bare = {"type": ["string", "number", "boolean", "array"]}
    return {"anyOf": [bare, {"$ref": "#/$defs/Comparators"}]}


def allow_references(schema: Any) -> None:
    """Let `${name}` stand for every value that is no text already, anywhere below a schema, which is changed."""
    if not isinstance(schema, dict):
        return
    for name, each in list(schema.get("properties", {}).items()):
        schema["properties"][name] = _one_or_many(each) if name == "covers" else _or_reference(each)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            schema[word] = _or_reference(schema[word])
    for word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for each in schema.get(word, []):
            allow_references(each)


def _or_reference(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    if schema.get("$comment") == MARK["$comment"]:
        return EXPECTATION
    allow_references(schema)
    if any(_is_narrow(each) for each in schema.get("anyOf", ())):
        return {**schema, "anyOf": [*schema["anyOf"], _BY_NAME]}
    if not _is_narrow(schema):
        return schema
    said = {word: each for word, each in schema.items() if word in {"description", "default"}}
    return {**said, "anyOf": [{word: each for word, each in schema.items() if word not in said}, _BY_NAME]}


def _is_narrow(schema: Any) -> bool:
    """Whether the text `${name}` would not fit."""
    of_one_type = schema.get("type") in ("integer", "number", "boolean")
    return of_one_type or "enum" in schema or ("pattern" in schema and schema["pattern"] != SPAN["pattern"])


def _one_or_many(schema: dict[str, Any]) -> dict[str, Any]:
    """`covers` takes one line, or a list of them."""
    items = _or_reference(schema["items"])
    return {"description": schema.get("description", ""), "anyOf": [items, {"type": "array", "items": items}]}
