"""What a result is of: the check as it is written, the values it uses, the release, and the target."""

from __future__ import annotations

import hashlib
import json

from checks.entries import Entry
from checks.plan import Plan
from checks.substitution import Unset, references

LOCAL = ("env:", "file:", "run.", "each.", "steps.", "target.")
"""Names whose values are no input of their own: of the machine or the run, or counted with the row or the target."""


def inputs_of(plan: Plan, entry: Entry) -> str:
    """The digest of all that an earlier result must have been of for it to stand.

    A reference environment is made anew for each session from the same sources, so there the build is the target.
    """
    target, identity, _ = plan.at(entry)
    told = {"version": identity.version, "build": identity.build}
    fields = (
        {}
        if plan.is_of_reference
        else target.model_dump(mode="json", exclude={"api_key", "other_api_key", "instances"})
    )
    values = {}
    for name in sorted(references(dict(entry.raw))):
        if not name.startswith(LOCAL):
            try:
                values[name] = plan.names.get(name)
            except Unset:
                values[name] = None
    inputs = {
        "check": entry.raw,
        "stage": entry.stage,
        "row": entry.row,
        "instance": entry.instance,
        "after": None if entry.after is None else str(entry.after),
        "profile": plan.loaded.profile,
        "values": values,
        "release": plan.loaded.checklist.release.model_dump(mode="json", exclude={"epic"}),
        "target": {**fields, **told},
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()
