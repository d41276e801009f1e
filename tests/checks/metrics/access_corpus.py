"""Makes access logs and logfmt with the traps of theirs, and a ledger of what really happened."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import zstandard

from tests.checks.metrics.corpus import CASES, START, VERSION, Case, Corpus, Ledger, record

_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64)",
    '\\"quoted\\" 0.123',
    "x] \\x22GET / HTTP/1.1\\x22 500 0",
    "-",
    "curl/8 0.5 rt=9.9",
)
_PATHS = ("/v1/images/generations", "/v1/images/edits?x=%22", "/healthz", "/a b")


def access_line(random: Random, at: datetime, status: int, duration_us: int | None) -> str:
    """One request as nginx or Apache writes it; without a duration the common or the plain combined format."""
    zone = timezone(timedelta(minutes=random.choice([0, 0, 330, -480])))
    stamp = at.astimezone(zone).strftime("%d/%b/%Y:%H:%M:%S %z")
    host = random.choice(["", "", "shop.example:443 "])
    address = random.choice(["192.0.2.7", "2001:db8::1"])
    user = random.choice(["-", "bob", "a b [x]"])
    asked = random.choice([f"POST {random.choice(_PATHS)} HTTP/1.1", "-", "\\x16\\x03", 'GET /\\"x HTTP/1.0'])
    size = random.choice(["-", "0", "512"])
    line = f'{host}{address} - {user} [{stamp}] "{asked}" {status} {size}'
    if duration_us is None:
        return random.choice([line, f'{line} "-" "{random.choice(_AGENTS)}"'])
    forwarded = random.choice(["", ' "198.51.100.1, 203.0.113.9"'])
    seconds = f"{duration_us / 1e6:.6f}"
    time = random.choice([seconds, f'"{seconds}"', f"rt={seconds}", f"request_time={seconds} uct=0.001"])
    return f'{line} "-" "{random.choice(_AGENTS)}"{forwarded} {time}'


def make_access_corpus(folder: Path, seed: int, start: datetime = START, requests: int = 150) -> Corpus:
    """Write access logs, plain and packed."""
    random, ledger = Random(seed), Ledger()
    files: tuple[list[str], ...] = ([], [], [])
    for place in range(requests):
        at = start + timedelta(seconds=place)
        status = random.choices([200, 304, 404, 429, 499, 500, 502, 504], [80, 2, 5, 2, 1, 2, 3, 2])[0]
        outcome = "failed" if status >= 500 else "client" if status >= 400 else "succeeded"
        duration_us = int(random.lognormvariate(11, 2)) if random.random() < 0.8 else None
        random.choice(files).append(access_line(random, at, status, duration_us))
        ledger.request(Case(1, "", status, outcome, "unknown"), at, duration_us or 0, partial=False, synthetic=False)
        if duration_us is None:
            ledger.durations_us["all"].pop()
        if place % 40 == 0:
            random.choice(files).append("")
            ledger.coverage["ignored"] += 1
    files[0].append(random.choice(["garbage", '192.0.2.7 - - [yesterday] "GET / HTTP/1.1" 200 1', "\x1a"]))
    ledger.coverage["unparsed"] += 1
    return Corpus(_written(folder, "access.log", files), ledger)


def logfmt_line(random: Random, event: Mapping[str, Any]) -> str:
    """An event as key=value pairs; what holds blanks or quotes is quoted, what is null is left out or written so."""
    pairs = []
    for key, value in event.items():
        if value is None:
            pairs += random.choice([[], [f"{key}=null"], [f"{key}="]])
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            plain = text.replace("-", "").replace(".", "").replace(":", "").isalnum() and random.random() < 0.7
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            pairs.append(f"{key}={text}" if plain else f'{key}="{escaped}"')
    return " ".join(pairs)


def make_logfmt_corpus(folder: Path, seed: int, start: datetime = START, requests: int = 150) -> Corpus:
    """Write the image proxy's events as logfmt, with values that look like fields."""
    random, ledger = Random(seed), Ledger()
    files: tuple[list[str], ...] = ([], [], [])
    forged = ("m", 'x status=500 cache="hit"', 'a" status=500', "\\", "= =")
    for place in range(requests):
        at = start + timedelta(seconds=place)
        case = random.choices(CASES, [case.weight for case in CASES])[0]
        duration_us = int(random.lognormvariate(11, 2))
        event = record(
            at,
            msg=random.choice(forged),
            model=random.choice(forged),
            request_id=f"{random.getrandbits(64):016x}",
            cache=case.cache,
            status=case.status,
            error_type=case.error_type,
            error_code=case.error_code,
            generation_time_ms=duration_us / 1100 if case.upstream else None,
            duration_ms=duration_us / 1000,
        )
        random.choice(files).append(logfmt_line(random, event))
        ledger.request(case, at, duration_us, partial=False, synthetic=False)
        if place % 30 == 0:
            other = {
                "ts": at.isoformat(),
                "level": "INFO",
                "event": "server_started",
                "status": 500,
                "version": VERSION,
            }
            random.choice(files).append(logfmt_line(random, other))
            ledger.coverage["ignored"] += 1
    files[0].append(
        random.choice(["garbage", 'msg="ts=2026-01-11T10:00:00Z level=INFO event=image_request status=200"'])
    )
    ledger.coverage["unparsed"] += 1
    return Corpus(_written(folder, "service.log", files), ledger)


def _written(folder: Path, name: str, files: tuple[list[str], ...]) -> tuple[str, ...]:
    packs: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress, zstandard.compress)
    for lines, suffix, pack in zip(files, ("", ".1.gz", ".2.zst"), packs, strict=True):
        (folder / f"{name}{suffix}").write_bytes(pack("".join(f"{line}\n" for line in lines).encode()))
    return (f"{folder}/{name}*",)
