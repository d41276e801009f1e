"""A line of the log that is written again and again with few changes: it is put together instead of encoded."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic_core import to_json


def encoded(value: object) -> bytes:
    """A value as the log writes it: JSON in ASCII without blanks; what is no number is null.

    >>> encoded({"a": float("nan"), "b": "\\u2028"})
    b'{"a":null,"b":"\\\\u2028"}'
    """
    return to_json(value, inf_nan_mode="null", ensure_ascii=True)


class PreparedEvent:
    """A record of which the values of some members come later, in the record's order."""

    def __init__(self, record: Mapping[str, object], varying: Collection[str]) -> None:
        members = [
            _literal(name) + b":" + (b"%b" if name in varying else _literal(value)) for name, value in record.items()
        ]
        self._template = b"{" + b",".join(members) + b"}\n"

    def line(self, *values: bytes) -> bytes:
        """The line with these values, each in JSON, one for each member that varies; ends with a newline."""
        return self._template % values


def _literal(value: object) -> bytes:
    """A value as a template has it: what it holds is no place for another."""
    return encoded(value).replace(b"%", b"%%")
