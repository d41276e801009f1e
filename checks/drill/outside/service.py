"""A reverse proxy stands between the run and the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from checks.drill.fault import Family
from checks.drill.mischief import reverse_proxy
from checks.drill.outside.fault import Ground, OutsideFault
from checks.run import Request
from checks.target import Target

ASKS_URL = frozenset({"http", "sequence"})
LATE_S = 20.0
"""How much later an answer comes, in seconds: more than any service is allowed by a check that looks at latency."""


def _fronted(plan: Callable[[Target], Mapping[str, Any]]) -> Callable[[Ground], AbstractContextManager[Request]]:
    @contextmanager
    def changed(ground: Ground) -> Iterator[Request]:
        with reverse_proxy(ground.target.url or "", plan(ground.target)) as url:
            yield replace(ground.request, settings={**ground.request.settings, "target.url": url})

    return changed


def _disturbed(**mischief: Any) -> Callable[[Ground], AbstractContextManager[Request]]:
    """Everything is, besides what the run itself asks to know the service."""
    return _fronted(lambda target: {"not_paths": _known_by(target), **mischief})


def _given_the_key(target: Target) -> Mapping[str, Any]:
    return {"not_paths": _known_by(target), "request_headers": {"authorization": f"Bearer {target.api_key}"}}


def _another_release(target: Target) -> Mapping[str, Any]:
    return {"path": target.identity, "answer": {"version": "v0.0.0-drill"}}


def _known_by(target: Target) -> list[str]:
    return [target.identity, *([target.stats] if target.stats else [])]


def _requests(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The requests of a check that go to the service; none where it asks elsewhere too, or each instance."""
    steps = raw.get("steps") or [raw]
    is_meant = raw.get("kind") in ASKS_URL and not raw.get("instances")
    return list(steps) if is_meant and all(str(step.get("url", "")).startswith("/") for step in steps) else []


def _asks(ground: Ground, check: str) -> bool:
    return bool(_requests(ground.raw(check)))


def _asks_what_is_disturbed(ground: Ground, check: str) -> bool:
    """Whether it asks something besides what the run itself asks to know the service, which is left as it is."""
    left = {ground.target.identity, ground.target.stats}
    return any(str(step.get("url")).partition("?")[0] not in left for step in _requests(ground.raw(check)))


def _looks_at_latency(ground: Ground, check: str) -> bool:
    raw = ground.raw(check)
    return _asks_what_is_disturbed(ground, check) and any("latency" in str(name) for name in raw.get("expect") or ())


def _asks_without_the_key(ground: Ground, check: str) -> bool:
    keyless = [step.get("auth") in {"none", "wrong"} for step in _requests(ground.raw(check))]
    return ground.target.api_key is not None and any(keyless)


FAULTS = (
    OutsideFault(
        id="fails",
        family=Family.UPSTREAM,
        breaks="The service answers 500 to everything.",
        how="a reverse proxy in front answers so",
        notices=_asks_what_is_disturbed,
        changed=_disturbed(status=500, body="{}"),
    ),
    OutsideFault(
        id="says-nothing",
        family=Family.UPSTREAM,
        breaks="The service answers 200 with an empty object to everything.",
        how="a reverse proxy in front answers so",
        notices=_asks_what_is_disturbed,
        changed=_disturbed(status=200, body="{}"),
    ),
    OutsideFault(
        id="breaks-off",
        family=Family.UPSTREAM,
        breaks="Every answer ends before its end.",
        how="a reverse proxy in front cuts every answer in half",
        notices=_asks_what_is_disturbed,
        changed=_disturbed(cut=0.5),
    ),
    OutsideFault(
        id="late",
        family=Family.UPSTREAM,
        breaks="Every answer comes late.",
        how=f"a reverse proxy in front waits {LATE_S:.0f} s",
        notices=_looks_at_latency,
        changed=_disturbed(delay_s=LATE_S),
        unnoticed="no check that passes expects a latency",
    ),
    OutsideFault(
        id="every-key-is-good",
        family=Family.ACCOUNTS,
        breaks="The service takes every key, and none.",
        how="a reverse proxy in front puts the right key into every request",
        notices=_asks_without_the_key,
        changed=_fronted(_given_the_key),
        unnoticed="no check that passes asks with a wrong key or none",
    ),
    OutsideFault(
        id="another-release",
        family=Family.EVIDENCE,
        breaks="What answers is another release.",
        how="a reverse proxy in front changes the version",
        notices=_asks,
        changed=_fronted(_another_release),
    ),
)
