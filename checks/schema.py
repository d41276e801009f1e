"""The JSON Schema of a checklist, for editors: made from the models, with the kinds that are installed.

An editor finds misspelt keys, missing ones and values of a wrong type as they are typed. `signoff lint` finds these
and more: it knows the profiles, the ids and what each kind observes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import models_json_schema

from checks.check import Check
from checks.checklist import Checklist, NotApplicable
from checks.errors import ConfigurationError
from checks.kinds import registry
from checks.schema_of_values import EXPECTATION, REFERENCE, allow_references, comparators, expectation

DIALECT = "https://json-schema.org/draft/2020-12/schema"
INCLUDE = "Files whose stages, criteria, steps, approvals and waivers come after one's own."
ROWS = {
    "description": "One check a row; `${each.name}` is the row's value.",
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "required": ["id"]},
}


def checklist_schema() -> dict[str, Any]:
    """The schema of a whole file. A kind whose fields cannot be told, as that of a broken plug-in, takes any fields."""
    _, whole = models_json_schema([(Checklist, "validation"), (NotApplicable, "validation")], by_alias=True)
    definitions: dict[str, Any] = whole["$defs"]
    definitions["NotApplicable"] = _check(definitions["NotApplicable"], NotApplicable)
    branches = [_when({"required": ["not_applicable"]}, {"$ref": "#/$defs/NotApplicable"})]
    for name in registry.names():
        try:
            kind = registry.find(name)
        except ConfigurationError:
            continue
        own = _of_kind(kind)
        definitions |= own.pop("$defs", {})
        definitions[f"kind-{name}"] = _check(own, kind)
        selected = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
        branches.append(_when(selected, {"$ref": f"#/$defs/kind-{name}"}))
    root = definitions.pop("Checklist")
    definitions["Stage"]["properties"]["checks"] = {"type": "array", "items": {"$ref": "#/$defs/Check"}}
    allow_references(root)
    for definition in definitions.values():
        allow_references(definition)
    definitions["Profile"]["additionalProperties"] = {"type": _SCALARS}
    definitions |= {
        "Check": {
            "type": "object",
            "required": ["id", "title"],
            "properties": {"kind": {"enum": registry.names()}},
            "anyOf": [{"required": ["kind"]}, {"required": ["not_applicable"]}],
            "allOf": branches,
        },
        "Expectation": expectation(),
        "Comparators": comparators(),
        "Reference": REFERENCE,
    }
    root["properties"]["include"] = {"type": "array", "items": {"type": "string"}, "description": INCLUDE}
    root["properties"]["schema"] = {"const": 1, "description": "The version of this format."}
    return {"$schema": DIALECT, **root, "title": "Checklist of signoff", "$defs": definitions}


_SCALARS = ["string", "number", "boolean"]


def _when(selected: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": selected, "then": then}


def _of_kind(kind: type[Check]) -> dict[str, Any]:
    try:
        return kind.model_json_schema(by_alias=True)
    except PydanticInvalidForJsonSchema:
        return {"type": "object", "properties": {}}


def _check(own: dict[str, Any], kind: type[Check]) -> dict[str, Any]:
    """A kind's schema, with what a file may write besides the model's fields."""
    properties = own["properties"]
    properties["each"] = ROWS
    properties["kind"] = {"type": "string", "description": "How it is looked at."}
    for word in ("expect", "prefer"):
        if word in properties:
            properties[word] = _expected(kind, properties[word].get("description", ""))
    return own


def _expected(kind: type[Check], description: str) -> dict[str, Any]:
    """What may be expected of a kind: its properties and parts of them; any names where they depend on the check."""
    told = {name: {**EXPECTATION, "description": meaning} for name, meaning in kind.observes.items()}
    mapping: dict[str, Any] = {"type": "object"}
    if kind.observed_names is Check.observed_names:
        mapping |= {"properties": told, "additionalProperties": False}
        mapping["patternProperties"] = {rf"^({'|'.join(told)})[.\[]": EXPECTATION} if told else {}
    else:
        mapping["additionalProperties"] = EXPECTATION
    if kind.sole_property is None:
        return {"description": description, **mapping}
    return {"description": description, "anyOf": [EXPECTATION, mapping]}
