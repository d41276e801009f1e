"""The exported AnalysisTemplate: valid, asking what the rules record, and never success for want of a criterion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from checks.checklist import RollbackCriterion
from checks.metrics.prometheus.mapping import built_in_mapping
from checks.rollback.export.argo import analysis_template
from checks.rollback.export.rules import InexpressibleError
from tests.checks.rollback.export.test_rules import ABOVE, BELOW, written

SCHEMA = json.loads((Path(__file__).parent / "analysis_template.json").read_text())
CHECKS = {"id": "flag", "title": "A flag", "any_fails": ["no-flag"]}


def exported(*raw: dict[str, Any]) -> str:
    return analysis_template([RollbackCriterion.model_validate(each) for each in raw], built_in_mapping())


def test_the_template_fits_the_schema_and_asks_what_the_rules_record() -> None:
    text = exported(ABOVE, BELOW, CHECKS)
    template = yaml.safe_load(text)
    jsonschema_rs.validator_for(SCHEMA).validate(template)
    assert [each["name"] for each in template["spec"]["metrics"]] == ["error-rate", "success"]
    assert template["spec"]["dryRun"] == [{"metricName": "success"}]
    recorded = {rule.get("record") for rule in yaml.safe_load(written(ABOVE, BELOW))["groups"][0]["rules"]}
    for metric in template["spec"]["metrics"]:
        assert metric["provider"]["prometheus"]["query"].split("{")[0] in recorded
    assert "# Not expressed: flag: the results of the checks no-flag are in no series" in text


def test_a_state_is_success_only_where_it_is_clear() -> None:
    (metric,) = yaml.safe_load(exported(ABOVE))["spec"]["metrics"]
    assert metric["successCondition"] == "len(result) == 1 && result[0] == 0"
    assert metric["failureCondition"] == "len(result) == 1 && result[0] == 1"
    assert (metric["failureLimit"], metric["inconclusiveLimit"]) == (0, 0)


@pytest.mark.parametrize("raw", [(), (CHECKS,), (BELOW,), (BELOW, CHECKS)])
def test_a_template_that_could_only_succeed_is_refused(raw: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(InexpressibleError, match="no criterion that decides can be expressed"):
        exported(*raw)
