"""How fast a hit is: against a bare Starlette that has the same bytes in memory."""

import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.load import Load, load
from tests.benchmarks.ratio import Ratio
from tests.benchmarks.servers import Target, gemini_answer, image_proxy, plain_server, png_of, post

PNG_BYTES = 450_000
"""The picture's size; an answer has it in base64, about 600 KB."""
ROUNDS = 3
SECONDS = 3.0
LEAST_SHARE = {1: 0.70, 16: 0.80}
"""The least throughput at so many connections, as a share of the bare server's."""

BODY = json.dumps({"prompt": "A serene mountain landscape at sunset", "model": "gemini-3-pro-image"}).encode()


def ratios() -> list[Ratio]:
    """Time a request takes at each number of connections; a limit of 1.43 is a share of 70 %."""
    with tempfile.TemporaryDirectory(prefix="hits-") as name:
        folder = Path(name)
        with (
            plain_server(folder, "gemini.json", gemini_answer(png_of(PNG_BYTES))) as upstream,
            image_proxy(folder, upstream) as ours,
        ):
            answer, _ = post(ours, BODY)
            again, headers = post(ours, BODY)
            if answer != again or headers["x-cache"] != "hit":
                raise RuntimeError("the second request is no hit of the first")
            with plain_server(folder, "answer.json", answer) as bare:
                return [_throughput(ours, bare, connections) for connections in LEAST_SHARE] + [
                    _median(ours, bare),
                ]


def _throughput(ours: Target, bare: Target, connections: int) -> Ratio:
    loads = _in_turn(ours, bare, connections)
    limit = 1 / LEAST_SHARE[connections]
    return _ratio(f"hit / bare Starlette, {connections} connections", loads, lambda one: 1000 / one.per_second, limit)


def _median(ours: Target, bare: Target) -> Ratio:
    return _ratio("median hit / bare Starlette, 1 connection", _in_turn(ours, bare, 1), lambda one: one.median_ms, None)


def _in_turn(ours: Target, bare: Target, connections: int) -> tuple[list[Load], list[Load]]:
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(load(ours, BODY, connections=connections, seconds=SECONDS))
        theirs.append(load(bare, BODY, connections=connections, seconds=SECONDS))
    return mine, theirs


def _ratio(
    name: str, loads: tuple[list[Load], list[Load]], milliseconds: Callable[[Load], float], limit: float | None
) -> Ratio:
    ours, theirs = (statistics.median(map(milliseconds, each)) for each in loads)
    return Ratio(name, ours, theirs, limit)


if __name__ == "__main__":
    for each in ratios():
        print(f"{each.name}: {each.ours_ms:.3f} ms / {each.theirs_ms:.3f} ms = {each.value:.2f} (limit {each.limit})")  # noqa: T201
