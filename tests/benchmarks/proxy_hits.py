"""How fast a hit is: against a bare Starlette that has the same bytes in memory."""

import json
import statistics
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.load import Load, load
from tests.benchmarks.ratio import Figure, Finding, Ratio
from tests.benchmarks.servers import Target, gemini_answer, image_proxy, plain_server, png_of, post

PNG_BYTES = 600_000
"""The picture's size; an answer has it in base64, about 800 KB."""
ROUNDS = 11
SECONDS = 1.0
LEAST_SHARE = {1: 0.70, 16: 0.80}
"""The least throughput at so many connections, as a share of the bare server's."""
MEDIAN_MS = 1.0
"""The longest median time of a hit at one connection."""

BODY = json.dumps({"prompt": "A serene mountain landscape at sunset", "model": "gemini-3-pro-image"}).encode()


def ratios() -> list[Finding]:
    """Time a request takes at each number of connections, in the round of the median ratio; 1 / 0.7 is 70 %.

    Rounds stand side by side, for a machine's speed may change by a factor of two within the run.
    """
    found: list[Finding] = []
    with _servers() as (ours, bare):
        for connections, share in LEAST_SHARE.items():
            rounds = _in_turn(ours, bare, connections)
            mine, theirs = sorted(rounds, key=_ratio)[ROUNDS // 2]
            name = f"hit / bare Starlette, {connections} connections"
            found.append(Ratio(name, 1000 / mine.per_second, 1000 / theirs.per_second, 1 / share))
            if connections == 1:
                median, beside = (
                    statistics.median(each.median_ms for each in loads) for loads in zip(*rounds, strict=True)
                )
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


def _in_turn(ours: Target, bare: Target, connections: int) -> list[tuple[Load, Load]]:
    def loaded(target: Target) -> Load:
        return load(target, BODY, connections=connections, seconds=SECONDS)

    return [(loaded(ours), loaded(bare)) for _ in range(ROUNDS)]


def _ratio(loads: tuple[Load, Load]) -> float:
    mine, theirs = loads
    return theirs.per_second / mine.per_second
