"""How fast a hit is: against a bare Starlette that has the same bytes in memory."""

import json
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.load import Load, load
from tests.benchmarks.ratio import Figure, Finding, Ratio
from tests.benchmarks.servers import Target, gemini_answer, image_proxy, plain_server, png_of, post

PNG_BYTES = 600_000
"""The picture's size; an answer has it in base64, about 800 KB."""
ROUNDS = 5
SECONDS = 2.0
LEAST_SHARE = {1: 0.70, 16: 0.80}
"""The least throughput at so many connections, as a share of the bare server's."""
MEDIAN_MS = 1.0
"""The longest median time of a hit at one connection."""

BODY = json.dumps({"prompt": "A serene mountain landscape at sunset", "model": "gemini-3-pro-image"}).encode()


def ratios() -> list[Finding]:
    """Time a request takes at each number of connections, the best of the rounds; 1 / 0.7 is a share of 70 %."""
    found: list[Finding] = []
    with _servers() as (ours, bare):
        for connections, share in LEAST_SHARE.items():
            mine, theirs = _in_turn(ours, bare, connections)
            name = f"hit / bare Starlette, {connections} connections"
            found.append(Ratio(name, _best(mine), _best(theirs), 1 / share))
            if connections == 1:
                median, beside = (min(each.median_ms for each in loads) for loads in (mine, theirs))
                told = f"bare Starlette {beside:.3f} ms"
                found.append(Figure("median hit at one connection", median, MEDIAN_MS, "ms", beside=told))
    return found


@contextmanager
def _servers() -> Generator[tuple[Target, Target], None, None]:
    """The proxy, which has the answer in its cache, and the bare server with the same bytes."""
    with tempfile.TemporaryDirectory(prefix="hits-") as name:
        folder = Path(name)
        upstream_body = gemini_answer(png_of(PNG_BYTES))
        with plain_server(folder, "gemini.json", upstream_body) as upstream, image_proxy(folder, upstream) as ours:
            answer, _ = post(ours, BODY)
            again, headers = post(ours, BODY)
            if answer != again or headers["x-cache"] != "hit":
                raise RuntimeError("the second request is no hit of the first")
            with plain_server(folder, "answer.json", answer) as bare:
                yield ours, bare


def _in_turn(ours: Target, bare: Target, connections: int) -> tuple[list[Load], list[Load]]:
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(load(ours, BODY, connections=connections, seconds=SECONDS))
        theirs.append(load(bare, BODY, connections=connections, seconds=SECONDS))
    return mine, theirs


def _best(loads: list[Load]) -> float:
    return 1000 / max(each.per_second for each in loads)
