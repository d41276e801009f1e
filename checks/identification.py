"""Asks the target what it is, before any sample of it counts (design §3)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from checks.checklist import Release
from checks.query import answer
from checks.target import Identity, Target

ASK_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1 << 20


def identify(target: Target) -> Identity:
    """What the target says it is; where it can't be asked, `problem` says why."""
    if target.url is None:
        return Identity(problem="no target.url is set")
    if target.identified_by:
        return Identity(by_checks=True)
    try:
        told = _get(target.url + target.identity, None)
    except _NotAsked as problem:
        return Identity(problem=f"{target.url}{target.identity}: {problem}")
    known = {name: told[name] for name in ("version", "build", "instance") if isinstance(told.get(name), str)}
    return Identity(**known)


def completed(target: Target) -> Target:
    """`target` with what is unset filled in from what it reports of itself, where it can be asked."""
    wanted = {name: path for name, path in target.reported.items() if getattr(target, name) is None}
    if not wanted or target.stats is None or target.url is None:
        return target
    try:
        reported = _get(target.url + target.stats, target.api_key)
        found = {name: answer(query, reported) for name, query in wanted.items()}
    except (_NotAsked, ValueError):
        return target
    return target.model_copy(update={name: value for name, value in found.items() if isinstance(value, str)})


def mismatch(release: Release, identity: Identity) -> str | None:
    """Why samples of the target don't count as the release's; None where they do."""
    if identity.by_checks:
        return None
    if identity.problem:
        return f"the target did not say what it is: {identity.problem}"
    if identity.version != release.version:
        return f"the target says it is {identity.version}, the release is {release.version}"
    if release.build is not None and identity.build != release.build:
        return f"the target runs build {identity.build}, the release is build {release.build}"
    return None


class _NotAsked(Exception):  # noqa: N818 - what happened, not an error of ours
    pass


def _get(url: str, key: str | None) -> Mapping[str, Any]:
    import httpx

    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        deadline = time.monotonic() + ASK_TIMEOUT_S
        with httpx.stream("GET", url, headers=headers, timeout=ASK_TIMEOUT_S, trust_env=False) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise _NotAsked("the answer is larger than 1 MiB")
                if time.monotonic() > deadline:
                    raise _NotAsked(f"the answer did not end within {ASK_TIMEOUT_S:g} s")
        if response.status_code != httpx.codes.OK:
            raise _NotAsked(f"status {response.status_code}")
        told = httpx.Response(200, content=body).json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as cause:
        raise _NotAsked(str(cause) or type(cause).__name__) from cause
    if not isinstance(told, dict):
        raise _NotAsked("the answer is no JSON object")
    return told
