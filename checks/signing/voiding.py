"""Approvals end with the bytes that they were given to: they are put aside when a run goes on."""

from __future__ import annotations

from pathlib import Path

from checks.signing.inventory import SIGNATURES
from checks.signing.signatures import signature_names
from checks.signing.signed_file import NAME, BrokenError, read_signed, views_of
from checks.signing.statement import OverrideStatement, Statement

VOID = "void-signatures"
"""The folder of a run's folder for signatures that count no more; later ones cover it, so that none is lost."""


def void_approvals(run: Path) -> tuple[str, ...]:
    """Put approvals and overrides aside, and say whose; a rejection stays, since only who gave it can take it back.

    What is no signature stays too, for the gate to tell of. Raises SigningError where the folder cannot be read.
    """
    told = []
    for name in signature_names(run):
        if not NAME.fullmatch(name) or not (run / SIGNATURES / f"{name}.sig").is_file():
            continue
        try:
            said = read_signed(run / SIGNATURES, name).statement
        except BrokenError:
            continue
        if not isinstance(said, OverrideStatement) and said.predicate.decision == "reject":
            continue
        kind = "override" if isinstance(said, OverrideStatement) else "approval"
        told.append(f"the {kind} of {said.predicate.role} of {said.predicate.signed_at:%Y-%m-%d %H:%M:%S} UTC")
        _put_aside(run, name, said)
    return tuple(told)


def _put_aside(run: Path, name: str, said: Statement) -> None:
    number = 1
    while (run / VOID / str(number) / name).exists():
        number += 1
    place = run / VOID / str(number)
    place.mkdir(parents=True, exist_ok=True)
    for file in (f"{name}.sig", name):
        (run / SIGNATURES / file).rename(place / file)
    for view in views_of(name, said):
        if (run / view).is_file():
            (run / view).rename(place / view)
