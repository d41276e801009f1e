"""Which results of earlier sessions still stand when a run goes on, and what becomes of those that do not."""

from __future__ import annotations

from collections.abc import Collection

from checks.entries import Entry
from checks.inputs import inputs_of
from checks.outcome import Earlier, Result, Status
from checks.past import Look, Past
from checks.plan import Plan


class Reuse:
    """The memory of a run. A result stands while all that it was of is unchanged, and nobody asked for another."""

    def __init__(self, plan: Plan, past: Past) -> None:
        self._past = past
        self.inputs = {
            entry.id: inputs_of(plan, entry)
            for entry in plan.loaded.entries
            if entry.id in plan.selected and not plan.awaits_approval(entry) and entry.header.not_applicable is None
        }
        self._plan = plan

    def standing(self, entry: Entry, anew: Collection[str]) -> Result | None:
        """The result that still stands; None where the check is to be looked at. `anew` came anew in this session."""
        look = self._past.looks.get(entry.id)
        return None if look is None or self._because(entry, look, anew) else look.result

    def earlier(self, entry: Entry, anew: Collection[str]) -> tuple[Earlier, ...]:
        """What the next look at a check takes the place of; a look that was cut short or awaits an answer is none."""
        look = self._past.looks.get(entry.id)
        if look is None or entry.header.parts:
            return ()
        if not look.result.attempts or look.interrupted or look.result.status is Status.PENDING:
            return look.result.earlier
        kept = {name: getattr(look.result, name) for name in Earlier.model_fields if name != "because"}
        return (*look.result.earlier, Earlier(**kept, because=self._because(entry, look, anew)))

    def _because(self, entry: Entry, look: Look, anew: Collection[str]) -> str:
        """Why a check is to be looked at again; empty where its result stands."""
        if entry.id in self._past.again:
            return self._past.again[entry.id]
        if entry.header.parts:
            return "its parts are put together anew"
        if not look.result.attempts or look.interrupted:
            return "it had not been looked at to the end"
        if look.result.status is Status.PENDING:
            return "an answer was awaited"
        if look.inputs != self.inputs.get(entry.id):
            return "the check, its profile, the release or the target changed"
        hung_on = [name for name in self._plan.dependencies.wanted_by(entry.id) if name in anew]
        return f"it hangs on {', '.join(hung_on[:5])}" if hung_on else ""
