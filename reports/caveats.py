"""What a reader has to know before the verdict means anything: how much was run, and against what."""

from __future__ import annotations

from checks.outcome import RunRecord, Verdict
from checks.signing.gate import Decision
from reports.gate import banner_of

_TRAFFIC = {
    "all": "Synthetic traffic: every measure is of requests that the run made itself; no user's request was judged.",
    "some": "Partly synthetic traffic: measures are of users' requests and of such that the run made itself.",
    "unknown": "It is not known whether the measures are of users' requests or of synthetic ones.",
}
_RECOMMENDATIONS = {
    Verdict.GO: "READY FOR PRODUCTION",
    Verdict.HOLD: "ON HOLD",
    Verdict.NO_GO: "NOT READY",
}


def caveats_of(record: RunRecord, decision: Decision | None = None) -> list[str]:
    """Sentences to be shown beside the verdict, the most weighty first; `decision` is what a gate said."""
    found = [] if decision is None else banner_of(decision)
    if record.scope == "partial":
        found.append("Partial: only a selection of the checklist was run. This is no decision about the release.")
    if record.interrupted:
        found.append("Interrupted: the run was ended early. What had not been looked at is unknown.")
    if record.reference:
        found.append(
            "Reference run: the target is the reference proxy that this run started in a scratch home, with a "
            "simulated upstream."
        )
    if record.reference or record.profile == "reference":
        found.append(
            "The profile named reference has short spans for monitoring, criteria and time to live; a release is "
            "watched for longer."
        )
    if any(each.kind == "metric" and each.observed for each in record.checks) and record.target.synthetic in _TRAFFIC:
        found.append(_TRAFFIC[record.target.synthetic])
    if record.runner.git_dirty:
        found.append("The checklist's folder has changes that are not in its commit.")
    return found


def recommendation(record: RunRecord) -> str:
    """What the evidence recommends to the signer; a run that left something out recommends nothing better than hold."""
    if record.verdict is Verdict.GO and (record.scope == "partial" or record.interrupted):
        return _RECOMMENDATIONS[Verdict.HOLD]
    return _RECOMMENDATIONS[record.verdict]
