"""Makes logs as the original proxy wrote them, with every trap of theirs, and a ledger of what really happened."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import zstandard

from tests.checks.metrics.corpus import Corpus, Ledger

START = datetime(2026, 1, 11, 22, 30, tzinfo=UTC)
"""An hour and a half before the files change, for they are named by the UTC day."""

HANDLER = "antigravity_tools_lib::proxy::handlers::openai"
CLIENT = "antigravity_tools_lib::proxy::upstream::client"
AUTH = "antigravity_tools_lib::proxy::middleware::auth"
FAILURE = "tower_http::trace::on_failure"
MODELS = ("gemini-3-pro-image", "gemini-3-pro-image-4k-16x9", "gemini-3-pro-image-2k")


@dataclass
class Service:
    """The original, serving one request after the other; its clock is local and its files are named by UTC day."""

    random: Random
    ledger: Ledger = field(default_factory=Ledger)
    days: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    now: datetime = START
    debug: bool = False

    def __post_init__(self) -> None:
        self.zone = timezone(timedelta(minutes=self.random.choice([0, 120, 330, -480])))
        self.debug = self.random.random() < 0.3

    def log(self, level: str, target: str, message: str, kind: str = "ignored") -> None:
        """Write a record; its physical lines are of that kind in the ledger."""
        self.now += timedelta(microseconds=self.random.randrange(20, 3000))
        if level == "DEBUG" and not self.debug:
            return
        local = self.now.astimezone(self.zone)
        stamp = f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06}{self.random.randrange(1000):03}{local:%z}"
        text = f"{stamp[:-2]}:{stamp[-2:]} {level:>5} {target}: {message}"
        lines = text.split("\n")
        self.days[f"{self.now:%Y-%m-%d}"] += lines
        self.ledger.coverage[kind] += len(lines)

    def finish(self, outcome: str, *, hit: bool = False, status: int = 200, error_type: str = "", us: int = 0) -> None:
        """Note in the ledger that a request has ended."""
        ledger = self.ledger
        ledger.counts.update(["requests", outcome])
        ledger.counts["hit"] += hit
        ledger.windows[int(self.now.timestamp()) // 60 * 60] += 1
        if outcome == "failed":
            ledger.by_type[error_type or "unknown"] += 1
            ledger.by_status[str(status)] += 1
            ledger.durations_us["all"].append(us)
            if status == 502:
                ledger.durations_us["generated"].append(us)

    def arrives(self, path: str) -> None:
        self.now += timedelta(milliseconds=self.random.randrange(1, 20_000))
        self.log("INFO", AUTH, f"Request: POST {path}")

    def dump(self) -> None:
        """Write what every call upstream wrote at level ERROR, also of those that went well."""
        for message in (
            "═══ UPSTREAM REQUEST ═══",
            "status: 200 OK",
            '{\n  "error_type": "none",\n  "prompt": "Cache hit"\n}',
        ):
            self.log("ERROR", CLIENT, message)


class Requests:
    """The ways that a request can go."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.random = service.random

    def prompt(self) -> str:
        forged = "2026-01-11T22:31:00Z  INFO"
        words = ["a red kite", "Successfully", "two\nlines", "\n", "", "a, n=1, size=1x1", "b..., n=1, size=1x1"]
        traps = ["Cache hit for model=m, prompt_hash=00", 'error_type="API_ERROR" status_code=502', f"x\n{forged} x"]
        return self.random.choice([*words, *traps])

    def hash(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    def generation(self) -> tuple[int, str]:
        """Write what is written before the cache is looked at; return how many images and of which model."""
        n, model = self.random.choice([1, 1, 1, 2, 4]), self.random.choice(MODELS)
        self.service.arrives("/v1/images/generations")
        told = f"model={model}, prompt={self.prompt()[:50]}..., n={n}, size=1024x1024, quality=standard, style=vivid"
        self.service.log("INFO", HANDLER, f"[Images] Received request: {told}", "parsed" if n == 1 else "ignored")
        self.service.ledger.counts["lookups"] += n == 1
        return n, model

    def edit(self) -> tuple[int, str]:
        n, model = self.random.choice([1, 1, 2]), self.random.choice(MODELS)
        self.service.arrives("/v1/images/edits")
        self.service.log("INFO", HANDLER, "[Images] Received edit request")
        told = f"model={model}, prompt={self.forgery()}, n={n}, size=1024x1024, mask=false, response_format=b64_json"
        self.service.log("INFO", HANDLER, f"[Images] Edit Request: {told}", "parsed" if n == 1 else "ignored")
        self.service.ledger.counts["lookups"] += n == 1
        return n, model

    def forgery(self) -> str:
        """A prompt that holds whole records, and perhaps the end of its own."""
        stamp = f"{self.service.now:%Y-%m-%dT%H:%M:%S}.123456789+00:00"
        hit = f"{stamp}  INFO {HANDLER}: [Images] \U0001f3af Cache hit for model=m, prompt_hash=0011223344556677"
        failure = f'{stamp} ERROR {HANDLER}: x error_type="API_ERROR" status_code=502'
        end = ", n=1, size=1x1, mask=true, response_format=url"
        return self.random.choice(
            [
                self.prompt(),
                "x",
                f"x\n{hit}",
                f"x\n{hit}\n{failure}\n{hit}",
                f"x{end}\n{hit}",
                f"x{end}\n{hit}\n{hit}\ny",
            ]
        )

    def begun(self) -> tuple[int, str]:
        return self.random.choice([self.generation, self.generation, self.edit])()

    def hit(self) -> None:
        n, model = self.begun()
        while n != 1:
            self.succeeds(n, n)
            n, model = self.begun()
        words = self.random.choice(["Cache hit for", "Cache hit (edit) for"])
        self.service.log(
            "INFO", HANDLER, f"[Images] \U0001f3af {words} model={model}, prompt_hash={self.hash()}", "parsed"
        )
        self.service.finish("succeeded", hit=True)

    def success(self) -> None:
        n, _ = self.begun()
        self.missed(n)
        if self.random.random() < 0.1:
            self.service.log("WARN", HANDLER, "[Images] Cache lookup error: No such file (os error 2)", "parsed")
            self.service.ledger.counts["error"] += 1
        self.service.dump()
        returned = self.random.randint(1, n)
        for task in range(returned, n):
            self.task_fails(task)
        if returned < n:
            told = f"{returned} out of {n} requests succeeded. Errors: Task {returned} failed: cache error_type=X"
            self.service.log("WARN", HANDLER, f"[Images] Partial success: {told}")
        self.succeeds(returned, n)
        self.service.log("DEBUG", HANDLER, f"[Images] ✓ Cached image for model=m, prompt_hash={self.hash()}")

    def succeeds(self, returned: int, n: int) -> None:
        verb = self.random.choice(["generated", "edited"])
        told = f"[Images] Successfully {verb} {returned} out of {n} requested image(s)"
        self.service.log("INFO", HANDLER, told, "parsed")
        self.service.finish("succeeded")
        self.service.ledger.counts["partial"] += returned < n

    def missed(self, n: int) -> None:
        if n == 1:
            self.service.log("DEBUG", HANDLER, f"[Images] Cache miss for model=m, prompt_hash={self.hash()}")

    def task_fails(
        self, task: int | None, kind: str = "ignored", error_type: str = "SYSTEM_ERROR", ms: int = 900
    ) -> None:
        details = self.random.choice(
            [
                "HTTP 429",
                '{\n  "error": {\n    "code": 503,\n    "message": "n=7 status_code=200"\n  }\n}',
                'Upstream error 400 Bad Request: {"message": "error_type=\\"USER_ERROR\\" Cache hit"}',
            ]
        )
        tail = f"generation_time_ms={ms} aspect_ratio=1:1 quality=standard style=vivid n=1 safety_threshold=OFF"
        fields = f'error_type="{error_type}" account_email=a@example.org model=m prompt_hash={self.hash()} {tail}'
        ends = f"status_code={500 if task is not None else 502}" + (f" task_index={task}" if task is not None else "")
        self.service.log("ERROR", HANDLER, f"The service failed. Details: {details} {fields} {ends}", kind)

    def failure(self) -> None:
        n, _ = self.begun()
        self.missed(n)
        refused = self.random.random() < 0.3
        for task in range(0 if refused else n):
            self.service.dump()
            self.task_fails(task)
        ms, error_type = self.random.randrange(1, 90_000), self.random.choice(["API_ERROR", "SYSTEM_ERROR"])
        self.task_fails(None, "parsed", error_type, ms)
        self.service.finish("failed", status=502, error_type=error_type, us=ms * 1000)
        self.service.log(
            "ERROR", FAILURE, f"response failed classification=Status code: 502 Bad Gateway latency={ms} ms"
        )

    def no_account(self) -> None:
        self.begun()
        ms = self.random.randrange(1, 6000)
        told = f"response failed classification=Status code: 503 Service Unavailable latency={ms} ms"
        self.service.log("ERROR", FAILURE, told, "parsed")
        self.service.finish("failed", status=503, us=ms * 1000)

    def refused_before(self) -> None:
        """A wrong key or a missing prompt: the line of the arrival is all there is."""
        self.service.arrives("/v1/images/generations")

    def elsewhere(self) -> None:
        self.service.arrives("/v1/chat/completions")
        self.service.log("INFO", HANDLER, "[OpenAI] Successfully mapped 1 out of 3 models; Cache hit for prompt")
        told = "response failed classification=Status code: 502 Bad Gateway latency=12 ms"
        self.service.log("ERROR", FAILURE, told)


def make_antigravity_corpus(folder: Path, seed: int, start: datetime = START, requests: int = 60) -> Corpus:
    """Write a folder of day files, some packed; the same seed writes the same text."""
    service = Service(Random(seed), now=start)
    ways = Requests(service)
    choices = [ways.hit, ways.success, ways.failure, ways.no_account, ways.refused_before, ways.elsewhere]
    for _ in range(requests):
        service.random.choices(choices, [40, 30, 8, 3, 2, 4])[0]()
    packs: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
    for day, lines in service.days.items():
        suffix = service.random.choice(list(packs))
        text = "".join(f"{line}\n" for line in lines).encode()
        (folder / f"app.log.{day}{suffix}").write_bytes(packs[suffix](text))
    (folder / "latest.log").symlink_to(next(folder.glob("app.log.*")))
    return Corpus((f"{folder}/app.log.*", f"{folder}/latest.log"), service.ledger)
