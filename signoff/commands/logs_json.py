"""The JSON document of `signoff logs` (design §5), with what was asked for besides."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from checks.metrics.comparison import compare
from checks.metrics.summary import summary
from checks.metrics.table import WindowTable

_OF_A_GROUP = ("requests", "cache", "errors", "safety", "latency_ms")


def document(table: WindowTable, baseline: WindowTable | None) -> str:
    """Write a table as JSON; `groups` stands in it where requests were told apart, `comparison` with a baseline."""
    told: dict[str, Any] = summary(table)
    groups = table.groups
    if set(groups) - {""}:
        told["groups"] = {
            group or "unknown": {name: value for name, value in summary(part).items() if name in _OF_A_GROUP}
            for group, part in groups.items()
        }
    if baseline is not None:
        told["comparison"] = [asdict(compared) for compared in compare(table, baseline)]
    return json.dumps(told, indent=2, allow_nan=False)
