"""Break-glass: a signed statement that a release goes in spite of what its evidence says, for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from checks.metrics.spans import parse_span
from checks.outcome import RunRecord
from checks.signing.errors import SigningError
from checks.signing.gate import Decided, Decision, Overridden
from checks.signing.signable import Signable, bounded, signable
from checks.signing.signatures import signature_names
from checks.signing.signed_file import override_name
from checks.signing.ssh import fingerprint_of
from checks.signing.statement import LONGEST_OVERRIDE, SHORTEST_REASON, Override, OverrideStatement, subjects

Views = Callable[[Decision], Mapping[str, bytes]]
"""Every view of a run with what was decided of it, by the ends of the files' names."""


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
    run: Path,
    record: RunRecord,
    role: str,
    key: Path,
    reason: str,
    expires: datetime,
    signed_at: datetime,
    views: Views,
) -> Path:
    """Sign that the release goes until `expires`, in spite of everything that its evidence holds against it.

    The views are kept beside the run's own, which stay as they were signed, and are signed with the rest. Returns the
    statement's path. Raises SigningError where the run cannot be overridden, where the role may not, where the reason
    says nothing, where `expires` is past or more than a week away, or where the key cannot sign.
    """
    whole = signable(run, record, signed_at)
    if not whole.role(role).may_override:
        remedy = "sign in one that may, or say `may_override: true` in the checklist and run it again"
        raise SigningError(run / "checklist.yaml", f"the role {role!r} may not override", remedy)
    if record.scope != "full" or record.interrupted:
        raise SigningError(run, "is no whole run, so that nobody knows what would be overridden", "run all of it")
    if len(reason.strip()) < SHORTEST_REASON:
        raise SigningError("--reason", f"has fewer than {SHORTEST_REASON} characters", "say why the release can't wait")
    if not signed_at < expires <= signed_at + LONGEST_OVERRIDE:
        remedy = f"name a time within {LONGEST_OVERRIDE.days} days from now"
        raise SigningError("--expires", f"is {expires:%Y-%m-%d %H:%M:%S} UTC", remedy)
    said = Override.model_validate(
        {
            **whole.said(role, signed_at),
            "reason": bounded("--reason", reason.strip()),
            "overridden": (*record.reasons, *_unsigned(whole)),
            "expires": expires,
        }
    )
    fingerprint = fingerprint_of(key)
    name = override_name(role, fingerprint)
    beside = {f"{name}.{end}": content for end, content in views(_decided(said, record, fingerprint)).items()}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in beside.items()}
    statement = OverrideStatement(subject=subjects({**whole.inventory.digests, **digests}), predicate=said)
    return whole.sign(statement, key, beside)


def _unsigned(whole: Signable) -> Iterator[str]:
    """The roles that nobody has said anything in, whatever that is worth."""
    names = signature_names(whole.run)
    for each in whole.terms.approvals:
        if not any(name.startswith(f"{each.role}.") for name in names):
            yield f"{each.role}: nobody had signed"


def _decided(said: Override, record: RunRecord, fingerprint: str) -> Decision:
    """What the views tell: that there is an override; whether it counts, and until when, is for the gate to say."""
    override = Overridden(said.role, None, fingerprint, said.signed_at, said.expires, said.reason, said.overridden)
    reasons = ("goes only by an override; `signoff gate` says whether it counts",)
    return Decision(Decided.OVERRIDDEN, record.verdict, (), (), reasons, override=override)
