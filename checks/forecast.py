"""What a run would do and cost, check by check, told before it is run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from checks.binding import bind
from checks.check import Check
from checks.effects import most_paid_requests, refusals
from checks.entries import Entry
from checks.loading import Loaded


@dataclass(frozen=True)
class Forecast:
    """One check: what it does outside, and what it takes at most. None where it cannot be told before the run.

    `requests` and `paid_requests` count every try or round, `longest_s` is in seconds; `refused` is why the profile
    does not let it run.
    """

    entry: Entry
    title: str
    expects: str
    effect: str | None
    requests: int | None
    paid_requests: int | None
    longest_s: float | None
    refused: str | None
    todo: str

    def as_json(self) -> dict[str, Any]:
        """The forecast as data."""
        header = self.entry.header
        return {
            "id": self.entry.id,
            "title": self.title,
            "kind": header.kind or "not_applicable",
            "stage": self.entry.stage,
            "after": None if self.entry.after is None else str(self.entry.after),
            "required": header.required,
            "needs": list(header.needs),
            "expects": self.expects,
            "effect": self.effect,
            "requests": self.requests,
            "paid_requests": self.paid_requests,
            "longest_s": self.longest_s,
            "refused": self.refused,
            "todo": self.todo,
        }


def forecasts(loaded: Loaded, selected: Collection[str]) -> list[Forecast]:
    """A forecast for every selected check, in the file's order; nothing is looked at."""
    entries = [entry for entry in loaded.entries if entry.id in selected]
    bound = {entry.id: bind(loaded, entry, loaded.names, lenient=True)[0] for entry in entries}
    refused = refusals({name: check for name, check in bound.items() if check is not None}, loaded.allowance)
    return [_forecast(entry, bound[entry.id], refused.get(entry.id)) for entry in entries]


def total(found: Sequence[Forecast]) -> dict[str, Any]:
    """The sums over some forecasts, requests of refused checks left out; what cannot be told is counted in `untold`."""
    run = [each for each in found if each.refused is None]
    kinds = {name: sum(each.effect == name for each in found) for name in ("read", "traffic", "paid", "write")}
    return {
        "checks": len(found),
        "effects": kinds,
        "requests": sum(each.requests or 0 for each in run),
        "paid_requests": sum(each.paid_requests or 0 for each in run),
        "longest_check_s": max((each.longest_s or 0.0 for each in run), default=0.0),
        "refused": sum(each.refused is not None for each in found),
        "untold": sum(each.effect is None for each in found),
    }


def _forecast(entry: Entry, check: Check | None, refused: str | None) -> Forecast:
    if check is None:
        return Forecast(entry, entry.header.title, "", None, None, None, None, refused, "")
    if entry.header.not_applicable is not None:
        return Forecast(entry, check.title, "", "read", 0, 0, 0.0, None, check.todo)
    expects = "; ".join(f"{name} {what}" for name, what in check.expect.items())
    once = check.requests_sent()
    most = most_paid_requests(check)
    paid = most if check.acts == "paid" else 0
    requests = most if once is not None and check.paid_requests is None else once
    return Forecast(entry, check.title, expects, check.acts, requests, paid, _longest(check), refused, check.todo)


def _longest(check: Check) -> float:
    """Seconds that a check may take: every try with its pauses, or its rounds."""
    if check.repeat is not None:
        return check.repeat.for_ + check.timeout
    tries = check.retry.times if check.retry else 0
    return check.timeout * (1 + tries) + (check.retry.every * tries if check.retry else 0.0)
