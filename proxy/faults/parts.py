"""The parts of a service that can go wrong: each does what the real one does until its fault is in force."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

from proxy.authentication import ClientKeys
from proxy.cache.front import CacheFront, CacheState
from proxy.cache.protocol import Entry
from proxy.errors import ProxyError, Refusal
from proxy.eventlog import EventLog
from proxy.faults.catalogue import Switch
from proxy.generation import Generation, Order, Outcome
from proxy.models import DEFAULT_MODEL, find_model
from proxy.safety import Threshold
from proxy.sizes import Shape

ANYONE = "anyone"
"""The tenant of all clients where nobody is asked for a key."""

_SAME: dict[str, dict[str, Any]] = {
    "model": {"model": find_model(DEFAULT_MODEL)},
    "size": {"size": "", "shape": Shape(None, None)},
    "quality": {"quality": None},
    "safety_threshold": {"threshold": Threshold.MEDIUM},
    "images": {"images": ()},
}
"""What a request is made equal in, by what the cache's key is to ignore."""


class FaultyKeys(ClientKeys):
    """Keys that may all be good."""

    def __init__(self, switch: Switch, *given: Any) -> None:
        super().__init__(*given)
        self._switch = switch

    def tenant(self, authorization: str | None) -> str:
        """The digest of the client's key, or ANYONE."""
        return ANYONE if self._switch.faults.auth_off else super().tenant(authorization)

    def checked(self, authorization: str | None) -> None:
        """Raise ProxyError invalid_api_key for a wrong key, whatever faults there are."""
        super().tenant(authorization)


class FaultyLog(EventLog):
    """A log that may stop, or say too much."""

    def __init__(self, switch: Switch, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._switch = switch

    def append(self, line: bytes) -> None:
        """Write a line, or not."""
        if not self._switch.faults.log_stopped:
            super().append(line)

    def prompt_hash(self, prompt: str) -> str:
        """The prompt's hash, or the prompt itself."""
        return prompt if self._switch.faults.prompt_in_log else super().prompt_hash(prompt)


class FaultyCache(CacheFront):
    """A cache that may serve what is old or broken."""

    def __init__(self, switch: Switch, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._switch = switch
        self._kept: dict[str, Entry] = {}

    def peek(self, key: str) -> Entry | None:
        """Nothing, so that every request goes the long way, past all that may go wrong."""
        return None

    async def lookup(self, key: str) -> tuple[Entry | None, bool]:
        """The answer for a key; an old one or a broken one where that is the fault."""
        found, asked = await super().lookup(key)
        if found is None and self._switch.faults.ttl_ignored:
            found = self._kept.get(key)
        if found and self._switch.faults.corrupt_hits:
            found = replace(found, body=_corrupt(found.body))
        return found, asked

    async def store(self, key: str, entry: Entry) -> bool:
        """Keep an answer, for ever where that is the fault."""
        if self._switch.faults.ttl_ignored:
            self._kept[key] = entry
        return await super().store(key, entry)


class FaultyGeneration(Generation):
    """Work that may be slow, fail, refuse all, or let all pass."""

    def __init__(self, switch: Switch, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._switch = switch

    async def serve(self, order: Order) -> Outcome:
        """The answer to an order, as the faults want it."""
        faults = self._switch.faults
        if faults.slow_ms:
            await asyncio.sleep(faults.slow_ms / 1000)
        if faults.all_refused:
            refusal = ProxyError("moderation_blocked", param="prompt", refusal=Refusal("input", ()))
            return Outcome(CacheState.MISS, error=refusal)
        if random.random() < faults.error_rate:  # noqa: S311 - picks who suffers, guards nothing
            return Outcome(CacheState.MISS, error=ProxyError("upstream_error"))
        if faults.safety_ignored:
            order = replace(order, request=replace(order.request, threshold=Threshold.OFF))
        return await super().serve(order)

    async def _key(self, order: Order) -> str:
        ignored = self._switch.faults.key_ignores
        if ignored == "tenant":
            order = replace(order, tenant=ANYONE)
        elif ignored:
            order = replace(order, request=replace(order.request, **_SAME[ignored]))
        return await super()._key(order)


def _corrupt(body: bytes) -> bytes:
    """The same answer with another byte in the middle, which is the middle of an image."""
    middle = len(body) // 2
    other = b"A" if body[middle : middle + 1] != b"A" else b"B"
    return body[:middle] + other + body[middle + 1 :]
