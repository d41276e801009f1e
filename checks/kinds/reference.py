"""Reference documentation of a kind, made from its model."""

from __future__ import annotations

import inspect

from checks.check import Check
from checks.kinds import registry


def summary(name: str) -> str:
    """The kind's first docstring line."""
    return (inspect.getdoc(registry.find(name)) or "").partition("\n")[0]


def describe(name: str) -> str:
    """Docstring, own fields, observed properties, and the fields that every check has."""
    model = registry.find(name)
    own = [field for field in model.model_fields if field not in Check.model_fields]
    lines = [inspect.getdoc(model) or "", "", "Fields:"]
    lines += [_field(model, field) for field in own]
    lines += ["", "Observes:"]
    lines += [f"  {prop}: {meaning}" for prop, meaning in model.observes.items()]
    lines += ["", "Every check has:"]
    lines += [_field(Check, field) for field in Check.model_fields if field != "kind"]
    return "\n".join(lines) + "\n"


def _field(model: type[Check], name: str) -> str:
    field = model.model_fields[name]
    default = "required" if field.is_required() else f"default {field.get_default(call_default_factory=True)!r}"
    return f"  {field.alias or name}: {field.description or ''} ({default})"
