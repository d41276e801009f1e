"""What can be done to a place, one mechanism a file: a step is a mapping of its name to its parameters."""

from __future__ import annotations

from typing import Any

from checks.drill.steps.step import Step

__all__ = ["Step", "read_step"]


def read_step(given: Any) -> Step:
    """The step that `{NAME: parameters}` means; raises ValueError for an unknown name or parameters that don't fit."""
    from checks.drill.steps.databases import DATABASE_STEPS
    from checks.drill.steps.during import DURING_STEPS
    from checks.drill.steps.files import FILE_STEPS
    from checks.drill.steps.forgetful import FORGETFUL_STEPS
    from checks.drill.steps.log import LOG_STEPS
    from checks.drill.steps.original import ORIGINAL_STEPS
    from checks.drill.steps.service import SERVICE_STEPS
    from checks.drill.steps.signatures import SIGNATURE_STEPS

    known: dict[str, type[Step]] = {
        **FILE_STEPS,
        **SERVICE_STEPS,
        **DATABASE_STEPS,
        **FORGETFUL_STEPS,
        **LOG_STEPS,
        **SIGNATURE_STEPS,
        **ORIGINAL_STEPS,
        **DURING_STEPS,
    }
    if isinstance(given, Step):
        return given
    if not isinstance(given, dict) or len(given) != 1:
        raise ValueError(f"a step is one name with its parameters: {given!r}")
    [(name, parameters)] = given.items()
    if name not in known:
        raise ValueError(f"there is no step {name!r}; known are {', '.join(known)}")
    step = known[name]
    return step.model_validate(parameters if isinstance(parameters, dict) else step.of(parameters))
