"""Hits beside what others serve: LiteLLM's proxy with its cache switched on for images, nginx with a static file."""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.load import Load, load
from tests.benchmarks.peers import MODEL, litellm, nginx
from tests.benchmarks.proxy_hits import BODY, PNG_BYTES, ROUNDS, SECONDS
from tests.benchmarks.ratio import Ratio, UnavailableError
from tests.benchmarks.servers import Target, gemini_answer, image_proxy, plain_server, png_of, post

LEAST_TIMES = {1: 20.0, 16: 30.0}
"""How many times LiteLLM's throughput of hits ours is at least, at so many connections."""
ASKED = json.dumps({"prompt": "A serene mountain landscape at sunset", "model": MODEL}).encode()


def ratios() -> list[Ratio]:
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        with (
            plain_server(folder, "gemini.json", gemini_answer(png_of(PNG_BYTES))) as upstream,
            image_proxy(folder, upstream) as ours,
        ):
            answer, _ = post(ours, BODY)
            found, missing = [], []
            for measure in (_against_nginx, _against_litellm):
                try:
                    found += measure(folder, ours, answer)
                except UnavailableError as reason:
                    missing.append(str(reason))
    if missing and not found:
        raise UnavailableError("; ".join(missing))
    for words in missing:
        sys.stderr.write(f"left out: {words}\n")
    return found


def _against_litellm(folder: Path, ours: Target, answer: bytes) -> list[Ratio]:
    with plain_server(folder, "openai.json", answer) as upstream, litellm(folder, upstream) as theirs:
        post(theirs, ASKED)
        return [
            _ratio(f"hit / LiteLLM's hit, {connections} connections", ours, theirs, ASKED, connections, 1 / times)
            for connections, times in LEAST_TIMES.items()
        ]


def _against_nginx(folder: Path, ours: Target, answer: bytes) -> list[Ratio]:
    with nginx(folder, answer) as theirs:
        return [
            _ratio(f"hit / nginx's static file, {connections} connections", ours, theirs, b"", connections, None)
            for connections in LEAST_TIMES
        ]


def _ratio(name: str, ours: Target, theirs: Target, asked: bytes, connections: int, limit: float | None) -> Ratio:
    mine: list[Load] = []
    other: list[Load] = []
    for _ in range(ROUNDS):
        mine.append(load(ours, BODY, connections=connections, seconds=SECONDS))
        other.append(load(theirs, asked, connections=connections, seconds=SECONDS))
    return Ratio(name, _milliseconds(mine), _milliseconds(other), limit)


def _milliseconds(loads: list[Load]) -> float:
    return statistics.median(1000 / each.per_second for each in loads)
