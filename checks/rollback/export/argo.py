"""The criteria as an Argo AnalysisTemplate that asks a Prometheus which has the rules of `rules` loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from checks.checklist import RollbackCriterion
from checks.metrics.prometheus.mapping import Mapping
from checks.rollback.export.rules import INTERVAL, InexpressibleError, expressed

NAME = "signoff-rollback"


def analysis_template(criteria: Sequence[RollbackCriterion], mapping: Mapping) -> str:
    """Write the template: YAML, with a comment for each criterion that cannot be expressed.

    A measurement that is neither breached nor clear is Inconclusive, which pauses the rollout as HOLD does. A warning
    is among the metrics of `dryRun`, which decide nothing. Raises InexpressibleError where no criterion is left.
    """
    metrics, dry, left_out = [], [], []
    for criterion in criteria:
        try:
            expressed(criterion, mapping)
        except InexpressibleError as cause:
            left_out.append(f"# Not expressed: {criterion.id}: {cause}. `signoff rollback check` judges it.")
            continue
        metrics.append(_metric(criterion))
        if criterion.severity == "warn":
            dry.append({"metricName": criterion.id})
    if len(dry) == len(metrics):
        raise InexpressibleError(
            "no criterion that decides can be expressed; Argo takes a template of none for success"
        )
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": NAME},
        "spec": {"args": [{"name": "prometheus"}], **({"dryRun": dry} if dry else {}), "metrics": metrics},
    }
    head = [
        "# Rollback criteria, written by `signoff export argo`: write them anew rather than change them here.",
        "# The Prometheus of the argument has the rules of `signoff export prometheus` loaded: they decide, this asks.",
        "# Start it when the span of the longest criterion has passed: until then all is unknown, and that pauses.",
        *left_out,
    ]
    return "\n".join(head) + "\n" + yaml.safe_dump(template, sort_keys=False, width=120)


def _metric(criterion: RollbackCriterion) -> dict[str, Any]:
    return {
        "name": criterion.id,
        "interval": INTERVAL,
        "successCondition": "len(result) == 1 && result[0] == 0",
        "failureCondition": "len(result) == 1 && result[0] == 1",
        "failureLimit": 0,
        "inconclusiveLimit": 0,
        "provider": {
            "prometheus": {
                "address": "{{args.prometheus}}",
                "query": f'signoff_rollback:state{{criterion="{criterion.id}"}}',
            }
        },
    }
