"""The exported rules, given to promtool: it takes them, and they fire in the very minute in which our rule decides."""

from __future__ import annotations

import shutil
import subprocess
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from checks.checklist import RollbackCriterion
from checks.metrics.prometheus.mapping import built_in_mapping
from checks.rollback.decision import PARTS, SCALES, Count, decide
from checks.rollback.export.rules import prometheus_rules
from tests.benchmarks.simulated_services import Minutes, healthy_days, incidents

METRIC = "image_proxy_http_request_duration_seconds_count"
SCRAPES = 4
"""Scrapes a minute."""
STRETCH = slice(45, 110)
"""Minutes of each service that are tried: some before an incident, and fifty of it."""
ABOVE = {
    **{"id": "error-rate", "title": "Errors", "measure": "errors.rate", "breach": {"above": "10%"}, "for": "5m"},
    "runbook": "runbooks/rollback.md#error-rate",
}
BELOW = {
    **{"id": "success", "title": "Successes", "measure": "success.rate", "breach": {"below": "90%"}, "for": "5m"},
    "severity": "warn",
}


def written(*raw: dict[str, Any]) -> str:
    return prometheus_rules([RollbackCriterion.model_validate(each) for each in raw], built_in_mapping())


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    assert program, "scripts/system-packages.sh prometheus:prometheus installs what is missing"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def test_promtool_takes_the_rules_of_all_measures(tmp_path: Path) -> None:
    measures = ["cache.hit_rate", "cache.failure_rate", "safety.block_rate", "errors.exhausted_rate", "success.rate"]
    others = [{**BELOW, "id": f"c{place}", "measure": name} for place, name in enumerate(measures)]
    rules = tmp_path / "rules.yml"
    rules.write_text(written(ABOVE, *others, {**ABOVE, "id": "quick", "for": "7s", "breach": {"at_least": "50%"}}))
    checked = promtool("check", "rules", rules)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Not expressed" not in rules.read_text()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"measure": "latency.p95", "breach": {"above": "5s"}}, "latency.p95 is no rate"),
        ({"measure": "success.partial_rate"}, "do not count what success.partial_rate is made of"),
        ({"baseline": {"first": "30m"}, "breach": {"above": "150%"}}, "what it is compared with"),
        ({"measure": None, "breach": None, "any_fails": ["a", "b"]}, "the results of the checks a, b are in no series"),
        ({"breach": {"between": ["1%", "2%"]}}, "is no single limit"),
    ],
)
def test_what_cannot_be_expressed_is_said_in_a_comment(changed: dict[str, Any], why: str) -> None:
    text = written({**ABOVE, **changed})
    (comment,) = [line for line in text.splitlines() if "Not expressed" in line]
    assert comment.startswith("# Not expressed: error-rate: ")
    assert why in comment
    assert yaml.safe_load(text) == {"groups": []}


def services() -> list[Minutes]:
    """Incidents, some with a dip, thin traffic, and a healthy stretch; minutes are missing in some."""
    random = np.random.default_rng(20260113)
    made = [
        incidents(random, 1, 5, 0.15, dip=True),
        incidents(random, 1, 1, 0.2, dip=False),
        incidents(random, 1, 0.2, 0.3, dip=False),
        healthy_days(random, 1, 1, 0.08),
    ]
    return [Minutes(each.failed[:, STRETCH], each.requests[:, STRETCH]) for each in made]


def series(outcome: str, counts: list[int]) -> dict[str, str]:
    """A counter, scraped four times a minute, that grows evenly in each; it starts above zero, as one that runs."""
    steps = [count / SCRAPES for count in counts for _ in range(SCRAPES)]
    values = accumulate(steps, initial=100_000.0)
    labels = f'{{instance="a:1",route="/v1/images/generations",outcome="{outcome}"}}'
    return {"series": f"{METRIC}{labels}", "values": " ".join(f"{value:.2f}" for value in values)}


def decided(minutes: Minutes, *, above: bool) -> list[str]:
    """What our rule says at the close of each minute."""
    parts = [Count(int(k), int(n)) for k, n in zip(minutes.failed[0], minutes.requests[0], strict=True)]
    if not above:
        parts = [Count(each.whole - each.part, each.whole) for each in parts]
    longest = PARTS * max(SCALES)

    def is_beyond(rate: float) -> bool:
        return rate > 0.1 if above else rate < 0.9

    limits = [0.1 if above else 0.9]
    return [decide(parts[max(0, end - longest) : end], limits, is_beyond, 30).state for end in range(1, len(parts) + 1)]


def settled(states: list[str], minute: int) -> bool:
    """Whether the state is the same a minute before and after, so that one step more or less does not matter."""
    return len(set(states[max(0, minute - 1) : minute + 2])) == 1


@pytest.mark.parametrize(("above", "tried"), [(True, 4), (False, 1)])
def test_the_rules_fire_in_the_minute_in_which_the_rule_decides(tmp_path: Path, above: bool, tried: int) -> None:
    criterion, name = (ABOVE, "Rollback") if above else (BELOW, "RollbackWarning")
    (tmp_path / "rules.yml").write_text(written(criterion))
    labels = {"criterion": criterion["id"], "severity": "page" if above else "warning"}
    annotations = {"summary": criterion["title"], **({"runbook": criterion["runbook"]} if above else {})}
    tests, fired = [], 0
    for minutes in services()[:tried]:
        states = decided(minutes, above=above)
        fired += "breached" in states
        failed, requests = minutes.failed[0].tolist(), minutes.requests[0].tolist()
        good = [n - k for k, n in zip(failed, requests, strict=True)]
        tests.append(
            {
                "interval": "15s",
                "input_series": [series("ok", good), series("timeout", failed)],
                "alert_rule_test": [
                    {
                        "eval_time": f"{minute + 1}m",
                        "alertname": name,
                        "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}] * (state == "breached"),
                    }
                    for minute, state in enumerate(states)
                    if settled(states, minute)
                ],
            }
        )
    assert fired == min(tried, 3)
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": tests}))
    tested = promtool("test", "rules", tmp_path / "tests.yml")
    assert tested.returncode == 0, (tested.stdout + tested.stderr)[:4000]
