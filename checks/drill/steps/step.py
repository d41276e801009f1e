"""What every step is: parameters, and `apply`, which does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.check import Model
from checks.drill.place import Place


class Step(Model):
    """Something that is done to a place: to real files, processes or services, never to a result."""

    @classmethod
    def of(cls, value: Any) -> Mapping[str, Any]:
        """The parameters that a bare value stands for; by default, those of the first field."""
        return {} if value is None else {next(iter(cls.model_fields)): value}

    def apply(self, place: Place) -> None:
        """Do it; raises OSError, ValueError or httpx.HTTPError where it cannot be done."""
        raise NotImplementedError
