"""The words and symbols of statuses, verdicts and states, for every view."""

from __future__ import annotations

from checks.outcome import Criterion, CriterionState, Result, Status, Verdict
from checks.signing.role_states import State

SYMBOLS: dict[Status, str] = {
    Status.PASS: "✅",
    Status.WARN: "⚠️",
    Status.FAIL: "❌",
    Status.NO_DATA: "◻",
    Status.ERROR: "⛔",
    Status.PENDING: "⏳",
    Status.BLOCKED: "⏸",
    Status.WAIVED: "📝",
    Status.NOT_SELECTED: "–",
    Status.NOT_APPLICABLE: "–",
    Status.SCHEDULED: "⏳",
}
VERDICT_SYMBOLS: dict[Verdict, str] = {Verdict.GO: "🟢", Verdict.HOLD: "🟡", Verdict.NO_GO: "🔴"}
CRITERION_SYMBOLS: dict[CriterionState, str] = {"clear": "✅", "breached": "❌", "unknown": "◻"}
ROLE_SYMBOLS: dict[State, str] = {"approved": "✅", "rejected": "❌", "awaiting": "⏳", "invalid": "◻"}
STEP_SYMBOLS = {"ready": "✅ ready", "not_ready": "⛔ not ready"}

REMEDIES: dict[Status, str] = {
    Status.FAIL: "Mend what was seen, then run the check again.",
    Status.WARN: "Look at it before signing; it does not change the verdict.",
    Status.NO_DATA: "Give it something to judge by, then run the check again.",
    Status.ERROR: "Make the check able to run, then run it again.",
    Status.PENDING: "Answer the question.",
    Status.BLOCKED: "Mend what it needs; it runs once that has passed.",
}
"""What to do about a status where the check itself names no remedy."""


def status(value: Status) -> str:
    """A status with its symbol; the word is the one of verdict.json."""
    return f"{SYMBOLS[value]} {value.value}"


def standing(result: Result) -> str:
    """A result's status, with what it was before it was softened, and whether it has a say in the verdict."""
    notes = []
    if result.raw_status is not None:
        notes.append(f"was {result.raw_status.value}")
    if result.trial:
        notes.append("trial")
    elif not result.required:
        notes.append("advisory")
    return f"{status(result.status)} ({', '.join(notes)})" if notes else status(result.status)


def verdict(value: Verdict | None) -> str:
    """A verdict with its symbol; a dash where nothing has a say."""
    return "–" if value is None else f"{VERDICT_SYMBOLS[value]} {value.value}"


def role(state: State) -> str:
    """Where a role stands, with its symbol."""
    return f"{ROLE_SYMBOLS[state]} {state}"


def criterion(found: Criterion) -> str:
    """Where a criterion stands, with its symbol; one that only warns says so."""
    if found.severity == "warn":
        return f"{'⚠' if found.state == 'breached' else CRITERION_SYMBOLS[found.state]} {found.state} (warning)"
    return f"{CRITERION_SYMBOLS[found.state]} {found.state}"
