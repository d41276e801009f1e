"""Steps on the original's own home: its log, written from a ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import Field

from checks.drill.original import DATA_DIR, PAGES_LOG, OriginalLog, log_path
from checks.drill.place import Place
from checks.drill.steps.step import Step


class History(Step):
    """Write the original's log of so many requests; what the page looks for is a link to the day's file.

    Each kind is a number of requests, dealt out evenly. `n` is how many pictures the failed and partial ones ask for.
    """

    hits: int = 60
    misses: int = 40
    failures: int = 0
    partial: int = 0
    cache_errors: int = 0
    n: int = Field(default=1, ge=1)
    debug: bool = Field(default=False, description="Whether misses are logged at all.")
    prompt: str = "a red kite"
    failed_in_ms: int = 400
    spacing_s: float = 5.0
    ago_s: float = Field(default=2.0, description="How long before now the last of them was.")
    named_as_the_page: bool = True

    def apply(self, place: Place) -> None:
        """Write it, after what the day's file has already."""
        kinds = self._dealt()
        end = datetime.now(UTC) - timedelta(seconds=self.ago_s)
        log = OriginalLog(end, self.spacing_s, len(kinds))
        for kind in kinds:
            self._request(log, kind)
        path = log_path(place.folder, end)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.writelines(log.lines)
        page = place.folder / DATA_DIR / "logs" / PAGES_LOG
        if self.named_as_the_page and not page.exists():
            page.symlink_to(path.name)

    def _dealt(self) -> list[str]:
        """The requests, each kind spread over the whole."""
        counts = {
            "hit": self.hits,
            "miss": self.misses,
            "failure": self.failures,
            "partial": self.partial,
            "cache_error": self.cache_errors,
        }
        placed = [((number + 0.5) / count, kind) for kind, count in counts.items() for number in range(count)]
        return [kind for _, kind in sorted(placed)]

    def _request(self, log: OriginalLog, kind: str) -> None:
        several = kind in {"failure", "partial"} and self.n > 1
        asked = self.n if several else 2 if kind == "partial" else 1
        log.arrives(self.prompt, asked)
        match kind:
            case "hit":
                log.hit()
            case "miss":
                log.miss(debug=self.debug)
                log.success(1, 1)
            case "failure":
                log.failure(asked, self.failed_in_ms)
            case "partial":
                log.success(asked - 1, asked)
            case "cache_error":
                log.cache_failed()
                log.success(1, 1)


ORIGINAL_STEPS: dict[str, type[Step]] = {"history": History}
