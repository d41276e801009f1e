"""Secrets taken out of the words of a record; its ids, states and numbers are ours and stay."""

from __future__ import annotations

from typing import TypeVar

from checks.outcome import Record
from checks.redaction import Redactor

WORDS = ("title", "expected", "reason", "remedy", "why", "runbook", "waiver", "dry_run")
"""The fields, of whatever record, that repeat what the checklist, the target or a program said."""

Kept = TypeVar("Kept", bound=Record)


def redacted(record: Kept, redactor: Redactor) -> Kept:
    """The record with each of its fields in `WORDS` redacted."""
    said = {name: getattr(record, name) for name in WORDS if name in type(record).model_fields}
    return record.model_copy(update=redactor.value(said))
