"""What a release needs to go, as the run's own copy of the checklist has it: roles, and other environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from checks.approval import Approval, Approvals, Requirements
from checks.document_file import read_document
from checks.signing.errors import SigningError


class Terms(BaseModel):
    """The checklist's `approvals` and `require`, in its order."""

    model_config = ConfigDict(frozen=True)

    approvals: Approvals = ()
    require: Requirements = ()

    def role(self, name: str) -> Approval | None:
        """The role of that name; None where there is none."""
        return next((each for each in self.approvals if each.role == name), None)


def read_terms(run: Path) -> Terms:
    """The terms of the copy that was run.

    Raises SigningError where the copy cannot be understood, ConfigurationError where it is no YAML.
    """
    path = run / "checklist.yaml"
    document, _ = read_document(path)
    raw: Any = document.data
    try:
        return Terms.model_validate(raw)
    except ValidationError as cause:
        first = cause.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise SigningError(path, f"{place}: {first['msg']}", "run the checklist again") from cause


def may_be_one(first: Approval, second: Approval) -> bool:
    """Whether one person may fill both roles; whichever of the two says so."""
    return second.role in first.may_also_be or first.role in second.may_also_be
