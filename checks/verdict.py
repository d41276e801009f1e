"""From results to a verdict: worst wins, and nothing that was not seen to pass counts as passed (design §2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from checks.outcome import Criterion, ProcedureStep, Result, Status, Verdict

_WEIGHT = {Verdict.NO_GO: 0, Verdict.HOLD: 1, Verdict.GO: 2}


def of_result(result: Result) -> Verdict | None:
    """What one result says; None where it has no say."""
    if not result.required or result.trial:
        return None
    if result.status is Status.FAIL:
        return Verdict.NO_GO
    if result.status.holds:
        return Verdict.HOLD
    return Verdict.GO if result.status in {Status.PASS, Status.WARN, Status.WAIVED} else None


def of_results(results: Iterable[Result]) -> Verdict | None:
    """The worst of what the results say; None where none has a say."""
    said = [verdict for result in results if (verdict := of_result(result))]
    return min(said, key=_WEIGHT.__getitem__) if said else None


def of_run(
    results: Sequence[Result],
    criteria: Sequence[Criterion],
    procedure: Sequence[ProcedureStep],
    unsure: Sequence[str] = (),
    *,
    interrupted: bool,
) -> tuple[Verdict, tuple[str, ...]]:
    """The run's verdict and the reasons for it, most weighty first; `unsure` is what else speaks for HOLD."""
    said: list[tuple[Verdict, str]] = []
    for result in results:
        verdict = of_result(result)
        if verdict in (Verdict.NO_GO, Verdict.HOLD):
            said.append((verdict, f"{result.id}: {result.status.value}: {result.reason or result.title}"))
    for criterion in criteria:
        if criterion.severity == "warn":
            continue
        if criterion.state == "breached":
            said.append((Verdict.NO_GO, f"rollback criterion {criterion.id}: breached: {criterion.reason}"))
        elif criterion.state == "unknown":
            said.append((Verdict.HOLD, f"rollback criterion {criterion.id}: unknown: {criterion.reason}"))
    for step in procedure:
        if step.state == "not_ready":
            said.append((Verdict.HOLD, f"rollback step {step.id}: not ready: {step.reason}"))
    said += [(Verdict.HOLD, reason) for reason in unsure]
    if not any(r.required and not r.trial and r.status in {Status.PASS, Status.WAIVED} for r in results):
        said.append((Verdict.HOLD, "no required check passed, so nothing is known"))
    if interrupted:
        said.append((Verdict.HOLD, "the run was interrupted; what had not been looked at is unknown"))
    said.sort(key=lambda each: _WEIGHT[each[0]])
    return (said[0][0] if said else Verdict.GO), tuple(reason for _, reason in said)
