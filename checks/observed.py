"""Observed properties: looking one up by the name an expectation gives, and writing them as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from checks.judgement import Truncated
from checks.units import Dimension, Quantity

ABSENT = object()
"""Stands for a path that leads nowhere inside a property that is there."""


def look_up(properties: Mapping[str, Any], name: str) -> Any:
    """The value that `name` means: a property, or `property.rest`, where `rest` is a key or else a JMESPath.

    Returns ABSENT where the property is there and has no such part, None where the property itself is unknown.

    >>> look_up({"headers": {"x-cache": "hit"}, "json": {"data": [1, 2]}}, "headers.x-cache")
    'hit'
    >>> look_up({"json": {"data": [1, 2]}}, "json.length(data)")
    2
    """
    if name in properties:
        return properties[name]
    first, _, rest = name.partition(".")
    value = properties.get(first)
    if not rest or value is None:
        return None
    if isinstance(value, Mapping):
        if rest in value:
            return value[rest]
        deeper = look_up(value, rest) if rest.partition(".")[0] in value else None
        if deeper is not None and deeper is not ABSENT:
            return deeper
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        found = jmespath.search(rest, value)
    except JMESPathError:
        return ABSENT
    return ABSENT if found is None else found


def as_json(value: Any) -> Any:
    """`value` as JSON has it: a quantity as its number with its unit, no NaN, no infinity.

    >>> as_json({"latency": Quantity(0.25, Dimension.TIME), "rates": [float("nan")]})
    {'latency': {'value': 0.25, 'unit': 's'}, 'rates': [None]}
    """
    if isinstance(value, Quantity):
        plain = as_json(value.value)
        return plain if value.dimension is Dimension.NUMBER else {"value": plain, "unit": UNITS[value.dimension]}
    if isinstance(value, Truncated):
        return f"(only a part: {value.why})"
    if isinstance(value, Mapping):
        return {storable(str(key)): as_json(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, (int, float, bool)):
        return value
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [as_json(inner) for inner in value]
    return storable(str(value))


def storable(text: str) -> str:
    """`text` with halves of characters, which no file can hold, written out, as in the name of a file of odd bytes."""
    return text.encode("utf-8", "backslashreplace").decode()


UNITS = {Dimension.TIME: "s", Dimension.SIZE: "bytes", Dimension.RATIO: "ratio"}
"""The unit in which each dimension is written to verdict.json."""
