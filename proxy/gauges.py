"""What is true at the moment of a scrape, for `/metrics`: the cache, the accounts, the build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from proxy.identity import VERSION, build
from proxy.metrics import PREFIX

ACCOUNT_STATES = ("ready", "cooling", "disabled")
"""The states of an account; exactly one of the three gauges of an account is 1."""


def gauges(
    cache: Mapping[str, Any], accounts: Mapping[str, str], rests: Mapping[tuple[str, str], float]
) -> Iterator[Metric]:
    """The families of one moment.

    cache     the figures of `/internal/stats`; what is None there is left out, since unknown is not 0
    accounts  each account's state by its short hash
    rests     the seconds for which an account still rests, by its short hash and the model
    """
    yield _family("build_info", "Which software serves.", ("version", "build"), {(VERSION, build()): 1})
    backend = str(cache["backend"])
    for name, documentation, member in (
        ("cache_entries", "Answers in the cache.", "entries"),
        ("cache_stored_bytes", "Bytes of the answers in the cache.", "bytes"),
        ("cache_limit_bytes", "The most bytes that the answers in the cache may have.", "max_bytes"),
        ("cache_working", "1 where the cache can be used.", "working"),
    ):
        if cache[member] is not None:
            yield _family(name, documentation, ("backend",), {(backend,): cache[member]})
    states: dict[Sequence[str], float] = {
        (account, state): float(state == found) for account, found in accounts.items() for state in ACCOUNT_STATES
    }
    yield _family("account_state", "1 for the state that an account is in.", ("account", "state"), states)
    yield _family(
        "account_cooldown_remaining_seconds",
        "How long an account still rests for a model; no sample where it does not.",
        ("account", "model"),
        {place: seconds for place, seconds in rests.items()},  # noqa: C416 - widens the keys' type
    )


def _family(
    name: str, documentation: str, labels: Sequence[str], samples: Mapping[Sequence[str], float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, documentation, labels=labels)
    for values, value in samples.items():
        family.add_metric(values, value)
    return family
