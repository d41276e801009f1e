"""Makes image-proxy logs with every trap of a real folder of logs, and a ledger of what really happened."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

VERSION = "v3.3.20"
OTHER_VERSION = "v3.3.19"
START = datetime(2026, 1, 11, 10, tzinfo=UTC)


class Case(NamedTuple):
    """One way that a request can go, and how the ledger counts it."""

    weight: int
    cache: str
    status: int
    outcome: str
    error_type: str | None = None
    error_code: str | None = None
    upstream: bool = False


CASES = (
    Case(40, "hit", 200, "succeeded"),
    Case(35, "miss", 200, "succeeded", upstream=True),
    Case(5, "bypass", 200, "succeeded", upstream=True),
    Case(3, "error", 200, "succeeded", upstream=True),
    Case(4, "miss", 400, "blocked", "SAFETY_REFUSAL", "moderation_blocked", upstream=True),
    Case(3, "bypass", 400, "client", "USER_ERROR", "invalid_value"),
    Case(2, "bypass", 401, "client", "USER_ERROR", "invalid_api_key"),
    Case(1, "miss", 429, "failed", "API_ERROR", "accounts_exhausted", upstream=True),
    Case(1, "bypass", 429, "client", "USER_ERROR", "too_fast"),
    Case(2, "miss", 502, "failed", "API_ERROR", "upstream_error", upstream=True),
    Case(2, "miss", 504, "failed", "NETWORK_ERROR", "upstream_timeout", upstream=True),
    Case(1, "error", 500, "failed", "SYSTEM_ERROR", "internal_error"),
)

FORGED = '{"event":"image_request","cache":"hit","status":500}\n{"event": "image_request", "cache": "hit"}'
"""A field's text that reads as records of its own; JSON escapes it, so it is one line all the same."""


@dataclass
class Ledger:
    """What happened, counted as it was written down and not by reading it back."""

    counts: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)
    windows: Counter[int] = field(default_factory=Counter)
    durations_us: dict[str, list[int]] = field(default_factory=lambda: {"all": [], "hit": [], "generated": []})
    coverage: Counter[str] = field(default_factory=Counter)

    def request(self, case: Case, at: datetime, duration_us: int, *, partial: bool, synthetic: bool) -> None:
        self.coverage["parsed"] += 1
        self.counts.update(["requests", case.cache, case.outcome])
        self.counts["partial"] += partial
        self.counts["synthetic"] += synthetic
        self.windows[int(at.timestamp()) // 60 * 60] += 1
        if case.outcome == "failed":
            self.by_type[case.error_type or ""] += 1
            self.by_status[str(case.status)] += 1
        self.durations_us["all"].append(duration_us)
        if case.cache == "hit":
            self.durations_us["hit"].append(duration_us)
        if case.upstream:
            self.durations_us["generated"].append(duration_us)


@dataclass(frozen=True)
class Corpus:
    """Paths to hand to the reader (some name the same file), and what it must find."""

    paths: tuple[str, ...]
    ledger: Ledger


def record(at: datetime, **changes: Any) -> dict[str, Any]:
    """Make a request event as the proxy writes it: a cache hit that succeeded, unless changed."""
    event: dict[str, Any] = {
        "ts": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": "INFO",
        "event": "image_request",
        "version": VERSION,
        "build": "0123456789ab",
        "instance": "127.0.0.1:8045",
        "synthetic": False,
        "request_id": f"req-{at.timestamp():.6f}",
        "endpoint": "generations",
        "model": "gemini-3-pro-image",
        "prompt_hash": "00112233aabbccdd",
        "n": 1,
        "images": 1,
        "size": "1024x1024",
        "aspect_ratio": "1:1",
        "quality": None,
        "style": None,
        "safety_threshold": "MEDIUM",
        "cache": "hit",
        "status": 200,
        "error_type": None,
        "error_code": None,
        "account": None,
        "generation_time_ms": None,
        "duration_ms": 8.5,
    }
    return event | changes


def write_lines(path: Path, *records: Mapping[str, Any] | bytes | str, end: bytes = b"\n") -> Path:
    """Write records, texts and raw bytes as the lines of a file."""
    lines = [
        line if isinstance(line, bytes) else line.encode() if isinstance(line, str) else json.dumps(line).encode()
        for line in records
    ]
    path.write_bytes(b"\n".join(lines) + (end if lines else b""))
    return path


class _Writer:
    """Writes lines into three generations of one log, and each request into the ledger."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.ledger = Ledger()
        self.files: tuple[list[bytes], ...] = ([], [], [])
        self.now = START
        self.repeatable: list[bytes] = []

    def write(self, line: bytes, kind: str) -> None:
        self.random.choice(self.files).append(line)
        self.ledger.coverage[kind] += 1

    def request(self) -> None:
        self.now += timedelta(milliseconds=self.random.randrange(1, 2000))
        case = self.random.choices(CASES, [case.weight for case in CASES])[0]
        duration_us = int(self.random.lognormvariate(11, 2))
        asked = self.random.choice([1, 1, 1, 4])
        returned = self.random.randint(1, asked) if case.outcome == "succeeded" else 0
        event = record(
            self.now,
            ts=self._time(),
            request_id=f"{self.random.getrandbits(64):016x}",
            instance=f"127.0.0.1:{self.random.choice([8045, 8046])}",
            synthetic=self.random.random() < 0.1,
            model=FORGED if self.random.random() < 0.02 else "gemini-3-pro-image",
            n=asked,
            images=returned,
            cache=case.cache,
            status=case.status,
            error_type=case.error_type,
            error_code=case.error_code,
            generation_time_ms=duration_us / 1100 if case.upstream else None,
            duration_ms=duration_us / 1000,
        )
        if self.random.random() < 0.02:
            del event["version"]
        line = json.dumps(event, ensure_ascii=self.random.random() < 0.5).encode()
        if self.random.random() < 0.02:
            line += b"\r"
        self.random.choice(self.files).append(line)
        self.repeatable.append(line)
        partial = case.outcome == "succeeded" and returned < asked
        self.ledger.request(case, self.now, duration_us, partial=partial, synthetic=event["synthetic"])

    def _time(self) -> str:
        zone = self.random.choice([UTC, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
        return self.now.astimezone(zone).isoformat().replace("+00:00", "Z")

    def ignored(self) -> None:
        other = self.random.choice(["server_started", "cache_error", "upstream_failure", "image_requests"])
        at = self.now.isoformat()
        lines = [
            json.dumps({"ts": at, "event": other, "cache": "hit", "status": 500}).encode(),
            json.dumps(record(self.now, version=OTHER_VERSION, status=500)).encode(),
            b"",
            b"  \t",
        ]
        self.write(self.random.choice(lines), "ignored")

    def unparsed(self) -> None:
        bad = [
            json.dumps(record(self.now, model="caf\u00e9"), ensure_ascii=False).encode("latin-1"),
            json.dumps(record(self.now, duration_ms=float("nan"))).encode(),
            json.dumps(record(self.now, duration_ms=-1)).encode(),
            json.dumps(record(self.now, generation_time_ms=float("inf"))).encode(),
            json.dumps(record(self.now, status=None)).encode(),
            json.dumps(record(self.now, status=20)).encode(),
            json.dumps(record(self.now, ts="yesterday")).encode(),
            json.dumps({"cache": "hit", "status": 200}).encode(),
            b"Cache hit error_type=API_ERROR",
            b'["image_request"]',
            b"\x00\x00\x00" + json.dumps(record(self.now)).encode(),
            json.dumps(record(self.now)).encode()[:120],
        ]
        self.write(self.random.choice(bad), "unparsed")


def make_corpus(folder: Path, seed: int, requests: int = 600) -> Corpus:
    """Write a folder of logs; the same seed writes the same bytes."""
    writer = _Writer(seed)
    for place in range(requests):
        writer.request()
        if place % 7 == 0:
            writer.ignored()
        if place % 200 == 0:
            writer.unparsed()
    for line in writer.random.sample(writer.repeatable, 20):
        writer.write(line, "duplicate")
    live, rotated, packed = writer.files
    torn = json.dumps(record(writer.now)).encode()
    live.append(torn[: writer.random.randrange(1, len(torn))])
    writer.ledger.coverage["partial"] += 1
    (folder / "image-proxy.jsonl").write_bytes(b"\n".join(live))
    write_lines(folder / "image-proxy.jsonl.1", *rotated)
    (folder / "image-proxy.jsonl.2.gz").write_bytes(gzip.compress(b"".join(line + b"\n" for line in packed)))
    (folder / "linked.jsonl").symlink_to(folder / "image-proxy.jsonl.1")
    paths = (f"{folder}/*.jsonl*", f"{folder}/image-proxy.jsonl", f"{folder}/linked.jsonl")
    return Corpus(paths, writer.ledger)
