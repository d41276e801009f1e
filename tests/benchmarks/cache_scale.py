"""The filesystem cache with 100,000 answers, and after a thousand killed writers."""

import asyncio
import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from proxy.cache.answer_files import answer_path
from proxy.cache.answer_store import INDEX
from proxy.cache.filesystem import FilesystemCache
from proxy.cache.index import Index, Row
from proxy.cache.protocol import Entry
from tests.benchmarks.ratio import Figure, Finding, Ratio

MANY, FEW = 100_000, 100
BODY = b"x" * 4096
START_MS = 1000.0
"""The longest start with MANY answers."""
HITS = 3000
STORES = 200
KILLS = 1000


def ratios() -> list[Finding]:
    """Start with many answers, a hit among many by a hit among few, and what a thousand kills left."""
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        many, few = Path(name, "many"), Path(name, "few")
        many_keys, few_keys = _filled(many, MANY), _filled(few, FEW)
        begun = time.perf_counter()
        asyncio.run(_opened(many, MANY).close())
        started = (time.perf_counter() - begun) * 1000
        hit = asyncio.run(_hits(many, many_keys, few, few_keys))
    return [
        Figure(f"start with {MANY:,} answers", started, START_MS, "ms"),
        Ratio(f"hit among {MANY:,} / among {FEW}, from disk", *hit, 1.5),
        _killed(),
    ]


def _opened(folder: Path, answers: int) -> FilesystemCache:
    return FilesystemCache(
        folder, max_bytes=answers * len(BODY), memory_bytes=0, ttl=7200, clock=time.time, on_damage=_refuse
    )


def _refuse(cause: str) -> None:
    raise RuntimeError(cause)


def _filled(folder: Path, answers: int) -> list[str]:
    """A cache that is full, filled faster than by one store after the other."""
    asyncio.run(_opened(folder, answers).close())
    keys = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(answers)]
    digest, now = hashlib.sha256(BODY).hexdigest(), time.time()
    index = Index(folder / INDEX)
    with index.transaction():
        for number, key in enumerate(keys):
            path = answer_path(folder, key)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(BODY)
            index.add(Row(key, digest, len(BODY), 1, "model", "hash", now, now + number / 1e6))
    index.close()
    return keys


async def _hits(many: Path, many_keys: Sequence[str], few: Path, few_keys: Sequence[str]) -> tuple[float, float]:
    """The medians, in milliseconds, of hits in turn; then stores, after each of which the limit must hold."""
    chance = random.Random(0)
    caches = ((_opened(many, MANY), many_keys), (_opened(few, FEW), few_keys))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(HITS):
        for (cache, keys), spent in zip(caches, times, strict=True):
            begun = time.perf_counter()
            found = await cache.get(chance.choice(keys))
            spent.append((time.perf_counter() - begun) * 1000)
            if found is None:
                raise RuntimeError("an answer is gone")
    for number in range(STORES):
        key = hashlib.sha256(f"new {number}".encode()).hexdigest()
        await caches[0][0].put(key, Entry(BODY, 1, "model", "hash", time.time()))
        if (await caches[0][0].usage()).bytes > MANY * len(BODY):
            raise RuntimeError("the limit does not hold")
    for cache, _ in caches:
        await cache.close()
    return statistics.median(times[0]), statistics.median(times[1])


def _killed() -> Figure:
    with tempfile.TemporaryDirectory(prefix="killed-") as name:
        command = [sys.executable, "-m", "tests.proxy.cache_writer", str(Path(name, "cache")), str(KILLS)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    bad = found["wrong"] + found["unaccounted"]
    name = f"answers wrong or unaccounted for after {found['killed']} kills"
    return Figure(name, float(bad), 0.0, "answers", beside=f"{found['right']} right")
