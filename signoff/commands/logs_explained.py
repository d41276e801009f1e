"""How one line was read, for people or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from checks.metrics.explanation import Explanation, explain_line

_LONGEST = 500


def explained(path: str, line: int, log_format: str, *, as_json: bool) -> str:
    """Explain a line of a file; raises LogSourceError where there is none. What came out of the log is escaped."""
    found = explain_line(path, line, log_format=log_format)
    return json.dumps(asdict(found), indent=2) if as_json else _for_people(found)


def _for_people(found: Explanation) -> str:
    lines = f"line {found.first}" if found.first == found.last else f"lines {found.first} to {found.last}"
    told = [
        f"{found.path}, line {found.line}, read as {found.format}",
        f"  record      {lines}{'' if found.recognised else ': not in this format'}",
        *(f"  | {escaped(each)}" for each in found.text.split("\n")[:_MOST_LINES]),
        f"  event       {found.event or 'none that counts'}{f' (counts as {found.counts})' if found.counts else ''}",
        *(f"  {name:<18}{escaped(value)}" for name, value in found.fields.items()),
        f"  state       {found.state}: {_STATES[found.state]}",
    ]
    return "\n".join([*told, *([f"  outcome     {found.outcome}"] if found.outcome else [])])


_MOST_LINES = 20
_STATES = {
    "parsed": "it is counted as a request",
    "ignored": "it is no request",
    "unparsed": "it is not what the format says, or its time, status or duration is missing or impossible",
    "partial": "it is a torn last line",
    "duplicate": "the same record stands elsewhere",
}


def escaped(text: str) -> str:
    """Show what came out of a log as one harmless line, at most 500 characters of it."""
    harmless = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    return harmless if len(harmless) <= _LONGEST else f"{harmless[:_LONGEST]}…"
