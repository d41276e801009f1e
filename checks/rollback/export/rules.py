"""The criteria as Prometheus' rules: the same decision of `checks.rollback.decision`, in PromQL.

For each criterion the counts of the parts of its windows are recorded; the rules after them say of all criteria at
once what the decision says. Prometheus evaluates the rules of a group one after the other, so one evaluation sees it
all. `increase` extrapolates to the borders of a part, so counts differ from a log's by a few in a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from checks.checklist import RollbackCriterion
from checks.comparators import Bound
from checks.metrics.measures import MEASURES, Rate
from checks.metrics.prometheus.mapping import Mapping
from checks.rollback.decision import EVIDENCE, PARTS, SCALES, TRIMMED
from checks.rollback.export.series import selector_of

INTERVAL = "1m"
"""How often Prometheus evaluates the rules."""
UNKNOWN_FOR = "15m"
"""How long a criterion may be unknown before that is an alert."""
_A_LITTLE = 1e-9
"""By so much a limit is moved that is itself a breach."""


class InexpressibleError(Exception):
    """A criterion cannot be said in PromQL; the message says why."""


@dataclass(frozen=True)
class Expressed:
    """A criterion of a rate with a limit: `sign` is 1 where above is a breach, -1 where below is."""

    criterion: RollbackCriterion
    part: str
    whole: str
    limit: float
    sign: int


def expressed(criterion: RollbackCriterion, mapping: Mapping) -> Expressed:
    """Say a criterion in PromQL's terms; raises InexpressibleError where that cannot be done."""
    if criterion.measure is None or criterion.breach is None:
        raise InexpressibleError(f"the results of the checks {', '.join(criterion.any_fails)} are in no series")
    if criterion.baseline is not None:
        raise InexpressibleError("what it is compared with, like with like, is in no series")
    formula = MEASURES[criterion.measure].formula
    if not isinstance(formula, Rate):
        raise InexpressibleError(f"{criterion.measure} is no rate")
    part, whole = selector_of(formula.part, mapping), selector_of(formula.whole, mapping)
    if part is None or whole is None:
        raise InexpressibleError(f"the service's metrics do not count what {criterion.measure} is made of")
    match criterion.breach.comparators:
        case (Bound(phrase=phrase, limit=limit),):
            sign = 1 if phrase in ("above", "at least") else -1
            moved = 0.0 if phrase in ("above", "below") else _A_LITTLE * sign
            return Expressed(criterion, part, whole, limit.value - moved, sign)
    raise InexpressibleError(f"{criterion.breach} is no single limit")


def prometheus_rules(criteria: Sequence[RollbackCriterion], mapping: Mapping) -> str:
    """Write the rule file: YAML, with a comment for each criterion that cannot be expressed."""
    found, left_out = [], []
    for criterion in criteria:
        try:
            found.append(expressed(criterion, mapping))
        except InexpressibleError as cause:
            left_out.append(f"# Not expressed: {criterion.id}: {cause}. `signoff rollback check` judges it.")
    rules = [rule for each in found for rule in _of(each)] + list(_decision())
    alerts = [_alert(each.criterion) for each in found] + [_unknown()] if found else []
    head = [
        "# Rollback criteria, written by `signoff export prometheus`: write them anew rather than change them here.",
        "# The span of a criterion is inside its expressions, so no alert has a `for` of its own.",
        "# Scrape at least four times in a fifth of the shortest span. Requests of every version are counted.",
        *left_out,
    ]
    groups = [{"name": "signoff_rollback", "interval": INTERVAL, "rules": [*rules, *alerts]}] if found else []
    return "\n".join(head) + "\n" + yaml.dump({"groups": groups}, Dumper=_Folded, sort_keys=False, width=120)


def _of(each: Expressed) -> Iterator[dict[str, Any]]:
    criterion = each.criterion
    name = {"criterion": criterion.id}
    yield _record("limit", f"vector({each.limit!r})", name)
    yield _record("sign", f"vector({each.sign})", name)
    yield _record("min_samples", f"vector({criterion.min_samples})", name)
    for scale in SCALES:
        step_ms = round(criterion.for_ * 1000 * scale / PARTS)
        labels = {**name, "scale": str(scale)}
        spans = [_range(step_ms, step_ms * before) for before in range(PARTS)]
        counted = [f"sum(increase({each.part}{span})) or 0 * sum(increase({each.whole}{span}))" for span in spans]
        yield _record("counted:part", _parts(counted), labels)
        yield _record("whole:part", _parts([f"sum(increase({each.whole}{span}))" for span in spans]), labels)


def _parts(expressions: Sequence[str]) -> str:
    """The parts of a window, 1 being the newest, as one vector."""
    numbered = enumerate(expressions, start=1)
    return "\nor ".join(f'label_replace({each}, "part", "{number}", "", "")' for number, each in numbered)


def _range(step_ms: int, offset_ms: int) -> str:
    return f"[{_span(step_ms)}]" + (f" offset {_span(offset_ms)}" if offset_ms else "")


def _span(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _decision() -> Iterator[dict[str, Any]]:
    """The rule, of all criteria at once; conditions are numbered as in `checks.rollback.decision`."""
    of = "on (criterion) group_left ()"
    rule = "signoff_rollback"
    excess = f"({{}} - {of} {rule}:limit) * {of} {rule}:sign"
    by = "sum by (criterion, scale)"
    yield _record("excess:part", excess.format(f"({rule}:counted:part / ({rule}:whole:part > 0))"))
    yield _record("whole:window", f"{by} ({rule}:whole:part)")
    yield _record("excess:window", excess.format(f"({by} ({rule}:counted:part) / ({rule}:whole:window > 0))"))
    worst = f"unless on (criterion, scale, part) topk by (criterion, scale) ({TRIMMED}, {rule}:excess:part)"
    yield _record("counted:rest", f"{by} ({rule}:counted:part {worst})")
    yield _record("whole:rest", f"{by} ({rule}:whole:part {worst})")
    share = f"({rule}:counted:rest / ({rule}:whole:rest > 0))"
    yield _record("excess:rest", excess.format(share))
    yield _record(
        "evidence:rest",
        f"{rule}:counted:rest * ln(clamp_min({share}, 1e-12) / {of} {rule}:limit)\n"
        f"+ ({rule}:whole:rest - {rule}:counted:rest) * ln(clamp_min(1 - {share}, 1e-12) / {of} (1 - {rule}:limit))",
    )
    there = f"(count by (criterion, scale) ({rule}:whole:part > 0) >= {PARTS - 1})"
    enough = f"({rule}:whole:window >= {of} {rule}:min_samples)"
    yield _record(
        "breached:window",
        f"({rule}:evidence:rest >= {EVIDENCE})\n"
        f"and ({rule}:excess:rest > 0) and ({rule}:excess:window > 0) and {enough}\n"
        f'and on (criterion, scale) ({rule}:excess:part{{part="1"}} > 0)\n'
        f'and on (criterion, scale) ({rule}:excess:part{{part="{PARTS}"}} > 0)\n'
        f'and on (criterion) ({rule}:excess:window{{scale="1"}} > 0)\n'
        f"and {there}",
    )
    yield _record(
        "clear:window",
        f'({rule}:excess:window{{scale="1"}} <= 0) and {enough} and {there}\n'
        f'and on (criterion) {rule}:excess:part{{scale="1", part="1"}}\n'
        f'and on (criterion) {rule}:excess:part{{scale="1", part="{PARTS}"}}',
    )
    yield _record(
        "state",
        f"(0 * count by (criterion) ({rule}:breached:window) + 1)\n"
        f"or (0 * count by (criterion) ({rule}:clear:window))\n"
        f"or (0 * {rule}:limit + 2)",
    )


def _alert(criterion: RollbackCriterion) -> dict[str, Any]:
    annotations = {"summary": criterion.title, **({"runbook": criterion.runbook} if criterion.runbook else {})}
    return {
        "alert": "Rollback" if criterion.severity == "rollback" else "RollbackWarning",
        "expr": f'signoff_rollback:state{{criterion="{criterion.id}"}} == 1',
        "labels": {"criterion": criterion.id, "severity": "page" if criterion.severity == "rollback" else "warning"},
        "annotations": annotations,
    }


def _unknown() -> dict[str, Any]:
    return {
        "alert": "RollbackUnknown",
        "expr": "signoff_rollback:state == 2",
        "for": UNKNOWN_FOR,
        "labels": {"severity": "warning"},
        "annotations": {"summary": "Nobody knows whether {{ $labels.criterion }} holds: this is no all-clear."},
    }


def _record(name: str, expression: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"record": f"signoff_rollback:{name}", "expr": expression}
    return {**found, "labels": labels} if labels else found


class _Folded(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and what is the same twice, for people to read."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an alias."""
        return True


_Folded.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)
