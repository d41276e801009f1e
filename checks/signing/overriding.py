"""Break-glass: a signed statement that a release goes in spite of what its evidence says, for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from checks.metrics.spans import parse_span
from checks.outcome import RunRecord
from checks.signing.errors import SigningError
from checks.signing.signable import bounded, signable
from checks.signing.statement import SHORTEST_REASON, Override, OverrideStatement, subjects

LONGEST = timedelta(days=7)
"""How long an override may count: it is for an emergency, and a week is enough to mend what it passed over."""


def parse_expiry(text: str, now: datetime) -> datetime:
    """Until when an override counts, as people write it: a span from now, a UTC time, or the end of a UTC day.

    Raises SigningError, naming what is allowed, for anything else.
    """
    try:
        return now + parse_span(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(f"{text}T23:59:59Z" if len(text) == len("2026-01-11") else text)
    except ValueError as cause:
        remedy = "write a span from now, as 24h, or a time, as 2026-01-12T18:00:00Z"
        raise SigningError("--expires", f"{text!r} is no time", remedy) from cause
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).replace(microsecond=0)


def override(
    run: Path, record: RunRecord, role: str, key: Path, reason: str, expires: datetime, signed_at: datetime
) -> Path:
    """Sign that the release goes until `expires`, in spite of everything that its evidence holds against it.

    Returns the statement's path. Raises SigningError where the run cannot be overridden, where the role may not, where
    the reason says nothing, where `expires` is past or more than a week away, or where the key cannot sign.
    """
    whole = signable(run, record, signed_at)
    if not whole.role(role).may_override:
        remedy = "sign in one that may, or say `may_override: true` in the checklist and run it again"
        raise SigningError(run / "checklist.yaml", f"the role {role!r} may not override", remedy)
    if record.scope != "full" or record.interrupted:
        raise SigningError(run, "is no whole run, so that nobody knows what would be overridden", "run all of it")
    if len(reason.strip()) < SHORTEST_REASON:
        raise SigningError("--reason", f"has fewer than {SHORTEST_REASON} characters", "say why the release can't wait")
    if not signed_at < expires <= signed_at + LONGEST:
        remedy = f"name a time within {LONGEST.days} days from now"
        raise SigningError("--expires", f"is {expires:%Y-%m-%d %H:%M:%S} UTC", remedy)
    said = Override.model_validate(
        {
            **whole.said(role, signed_at),
            "reason": bounded("--reason", reason.strip()),
            "overridden": record.reasons,
            "expires": expires,
        }
    )
    return whole.sign(OverrideStatement(subject=subjects(whole.inventory.digests), predicate=said), key)
