"""The roles whose signatures a release needs, as the run's own copy of the checklist has them."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from checks.checklist import Approval, Approvals
from checks.loading import read_document
from checks.signing.errors import SigningError


def read_roles(run: Path) -> tuple[Approval, ...]:
    """The approvals of the copy that was run, in its order.

    Raises SigningError where the copy cannot be understood, ConfigurationError where it is no YAML.
    """
    path = run / "checklist.yaml"
    document, _ = read_document(path)
    raw = document.data.get("approvals", []) if isinstance(document.data, dict) else None
    adapter: TypeAdapter[tuple[Approval, ...]] = TypeAdapter(Approvals)
    try:
        return adapter.validate_python(raw)
    except ValidationError as cause:
        first = cause.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in ("approvals", *first["loc"]))
        raise SigningError(path, f"{place}: {first['msg']}", "run the checklist again") from cause


def may_be_one(first: Approval, second: Approval) -> bool:
    """Whether one person may fill both roles; whichever of the two says so."""
    return second.role in first.may_also_be or first.role in second.may_also_be
