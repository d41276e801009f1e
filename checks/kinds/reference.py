"""Reference documentation of a kind, made from its model."""

from __future__ import annotations

import inspect
from typing import get_args

from checks.check import Check
from checks.kinds import registry
from checks.times import Seconds
from checks.units import Dimension, Quantity


def summary(name: str) -> str:
    """The kind's first docstring line."""
    return (inspect.getdoc(registry.find(name)) or "").partition("\n")[0]


def describe(name: str) -> str:
    """Docstring, effect, own fields, observed properties, and the fields that every check has."""
    model = registry.find(name)
    own = [field for field in model.model_fields if field not in Check.model_fields]
    lines = [inspect.getdoc(model) or "", "", f"Effect, unless it says otherwise: {model.usual_effect}."]
    if model.of_instances:
        lines.append("Can be of each instance of the target.")
    lines += ["", "Fields:", *(_field(model, field) for field in own)]
    lines += ["", "Observes:"]
    lines += [f"  {prop}: {meaning}" for prop, meaning in model.observes.items()]
    lines += ["", "Every check has:"]
    lines += [_field(Check, field) for field in Check.model_fields if field != "kind"]
    return "\n".join(lines) + "\n"


def _field(model: type[Check], name: str) -> str:
    field = model.model_fields[name]
    value = field.get_default(call_default_factory=True)
    is_span = any(SPAN in marks for marks in (field.metadata, *map(get_args, get_args(field.annotation))))
    shown = str(Quantity(value, Dimension.TIME)) if is_span and value is not None else repr(value)
    default = "required" if field.is_required() else f"default {shown}"
    return f"  {field.alias or name}: {field.description or ''} ({'a span; ' if is_span else ''}{default})"


SPAN = get_args(Seconds)[1]
"""What marks a field as a span of time."""
