"""Processes that write through the cache's own code and are killed; what is left is counted.

python -m tests.proxy.cache_writer FOLDER TIMES    prints one JSON object
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import select
import signal
import sys
import time
import traceback
from collections.abc import Generator
from pathlib import Path

from proxy.cache.answer_files import answer_files
from proxy.cache.answer_store import INDEX
from proxy.cache.filesystem import FilesystemCache
from proxy.cache.index import Index
from proxy.cache.protocol import Entry

KEYS = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(40)]
MAX_BYTES = 1_000_000
"""Less than all keys need, so that answers are evicted and replaced all the time."""
LONGEST_LIFE = 0.03
"""How long a writer lives at most after its first answer, in seconds."""

START_SECONDS = 20


def opened(folder: Path) -> FilesystemCache:
    """The cache, with damage as an error: a crash must leave none."""
    return FilesystemCache(
        folder, max_bytes=MAX_BYTES, memory_bytes=0, ttl=3600, clock=time.time, on_damage=_refuse_damage
    )


def _refuse_damage(cause: str) -> None:
    raise AssertionError(cause)


def body_of(key: str, chance: random.Random) -> bytes:
    """An answer that says itself whether it is right: for which key it is, and the digest of what follows."""
    content = chance.randbytes(chance.randrange(1, 60_000))
    return key.encode() + hashlib.sha256(key.encode() + content).digest() + content


def is_right(key: str, body: bytes) -> bool:
    """Whether an answer is one that was made for a key, and whole."""
    name, digest, content = body[:64], body[64:96], body[96:]
    return name == key.encode() and hashlib.sha256(name + content).digest() == digest


def write_until_killed(folder: Path, seed: int, begun: int) -> None:
    """Store and look up without end; the first answer is told by a byte."""
    chance = random.Random(seed)

    async def write() -> None:
        cache = opened(folder)
        while True:
            key = chance.choice(KEYS)
            await cache.put(key, Entry(body_of(key, chance), 1, "model", "hash", time.time()))
            with contextlib.suppress(BrokenPipeError):
                os.write(begun, b".")
            await cache.get(chance.choice(KEYS))

    asyncio.run(write())


async def look(folder: Path) -> tuple[int, int, int]:
    """What a fresh start finds: right answers, wrong ones, and files and rows that don't belong together."""
    cache = opened(folder)
    right = wrong = 0
    try:
        for key in KEYS:
            entry = await cache.get(key)
            if entry is not None:
                right += is_right(key, entry.body)
                wrong += not is_right(key, entry.body)
        used = await cache.usage()
    finally:
        await cache.close()
    index = Index(folder / INDEX)
    index.check()
    rows = {row.key: row.bytes for row in index.rows()}
    index.close()
    files = {name: Path(path).stat().st_size for name, path in answer_files(folder)}
    unaccounted = len(set(rows.items()) ^ set(files.items()))
    unaccounted += (used.entries, used.bytes) != (len(files), sum(files.values()))
    unaccounted += used.bytes > MAX_BYTES
    return right, wrong, unaccounted


def main(folder: Path, times: int) -> dict[str, int]:
    """Start, kill and look, so many times; two writers at once every other time."""
    chance = random.Random(times)
    found = {"killed": 0, "right": 0, "wrong": 0, "unaccounted": 0}
    for number in range(times):
        with _writers() as started:
            for seed in range(number * 2, number * 2 + 1 + number % 2):
                started.append(_started(folder, seed))
            time.sleep(chance.uniform(0, LONGEST_LIFE))
        found["killed"] += len(started)
        right, wrong, unaccounted = asyncio.run(look(folder))
        found["right"] += right
        found["wrong"] += wrong
        found["unaccounted"] += unaccounted
    return found


@contextlib.contextmanager
def _writers() -> Generator[list[int], None, None]:
    """Writers, which are killed at the end, whatever happens."""
    started: list[int] = []
    try:
        yield started
    finally:
        for writer in started:
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)


def _started(folder: Path, seed: int) -> int:
    """A writer that has stored its first answer."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reading)
            write_until_killed(folder, seed, writing)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], START_SECONDS)
    first = os.read(reading, 1) if ready else b""
    os.close(reading)
    if not first:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        raise RuntimeError("a writer stores nothing, or ended by itself")
    return process


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
