"""A rollback as people read it: the dry run, and the record of the incident, both in Markdown."""

from __future__ import annotations

from checks.rollback.incident import Incident
from checks.rollback.preparation import RollbackPlan
from reports.markdown import template

STATES = {
    "ready": "ready",
    "not_ready": "NOT READY",
    "done": "done",
    "failed": "FAILED",
    "under_way": "UNDER WAY",
    "not_begun": "not begun",
}
"""The words for a step's state."""


def plan_text(plan: RollbackPlan) -> str:
    """The dry run: each step with what it would do, what would be lost, and what stands in the way."""
    return template("rollback_plan.md.j2").render(plan=plan, states=STATES)


def incident_text(incident: Incident) -> str:
    """The record of an incident, for whoever takes it up: outcome, timeline, losses, steps and evidence."""
    return template("incident.md.j2").render(incident=incident, states=STATES)
