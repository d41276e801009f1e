"""The original proxy's home and log as they really are: names, folders and records by the facts known of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DATA_DIR = "user/.antigravity_tools"
CACHE = "user/.local/share/com.lbjlaq.antigravity-tools/image_cache"
HANDLER = "antigravity_tools_lib::proxy::handlers::openai"
AUTH = "antigravity_tools_lib::proxy::middleware::auth"
PAGES_LOG = "antigravity.log"
"""The name under which the page looks for the log; no such file is ever written."""


def make_original(folder: Path) -> None:
    """A healthy home of the original: configuration, two accounts with their index, database and cache."""
    home, cache = folder / DATA_DIR, folder / CACHE
    (home / "accounts").mkdir(parents=True)
    (home / "logs").mkdir()
    (home / "gui_config.json").write_text(json.dumps({"proxy": {"enabled": True, "port": 8045, "auth_mode": "off"}}))
    ids = ("one", "two")
    (home / "accounts.json").write_text(json.dumps({"version": "2.0", "accounts": ids, "current_account_id": "one"}))
    for name in ids:
        (home / "accounts" / f"{name}.json").write_text(json.dumps(account(name)))
    with closing(sqlite3.connect(home / "proxy_logs.db")) as database, database:
        database.execute("CREATE TABLE request_logs (id TEXT, status INTEGER)")
        database.executemany("INSERT INTO request_logs VALUES (?, 200)", [(str(number),) for number in range(500)])
    cache.mkdir(parents=True, mode=0o700)
    entry = {"b64_json": "aGVsbG8=", "model": "gemini-3-pro-image", "created_at": 1, "prompt_hash": "00"}
    (cache / "img_gemini-3-pro-image_standard_vivid_0123456789abcdef.json").write_text(json.dumps(entry))


def account(name: str) -> dict[str, Any]:
    """An account as the original's loader takes it."""
    token = {"access_token": "a", "refresh_token": "r", "expires_in": 3600, "expiry_timestamp": 4_000_000_000}
    return {"id": name, "email": f"{name}@example.org", "name": name, "token": token, "disabled": False}


class OriginalLog:
    """Writes records as the original does: message first, fields after, prompts in clear, misses at DEBUG only."""

    def __init__(self, end: datetime, spacing_s: float, requests: int) -> None:
        self._at = end - timedelta(seconds=spacing_s * requests)
        self._spacing = timedelta(seconds=spacing_s)
        self.lines: list[str] = []

    def arrives(self, prompt: str, n: int) -> None:
        """Write what is written before the cache is looked at."""
        self._at += self._spacing
        self._write("INFO", AUTH, "Request: POST /v1/images/generations")
        told = (
            f"model=gemini-3-pro-image, prompt={prompt[:50]}..., n={n}, size=1024x1024, quality=standard, style=vivid"
        )
        self._write("INFO", HANDLER, f"[Images] Received request: {told}")

    def hit(self) -> None:
        """Write that the cache had it."""
        message = "[Images] \U0001f3af Cache hit for model=gemini-3-pro-image, prompt_hash=00112233aabbccdd"
        self._write("INFO", HANDLER, message)

    def miss(self, *, debug: bool) -> None:
        """Write that it hadn't, where debug records are written at all."""
        if debug:
            message = "[Images] Cache miss for model=gemini-3-pro-image, prompt_hash=00112233aabbccdd"
            self._write("DEBUG", HANDLER, message)

    def cache_failed(self) -> None:
        """Write that the cache could not be read: neither hit nor miss."""
        self._write("WARN", HANDLER, "[Images] Cache lookup error: No such file or directory (os error 2)")

    def success(self, given: int, asked: int) -> None:
        """Write how many pictures came."""
        if given < asked:
            self._write("WARN", HANDLER, f"[Images] Partial success: {given} of {asked}, errors: quota")
        self._write("INFO", HANDLER, f"[Images] Successfully generated {given} out of {asked} image(s)")

    def failure(self, n: int, took_ms: int) -> None:
        """Write n records of tasks and one of the whole, each of several lines, as upstream's answer is."""
        for task in (*range(n), None):
            kind, code = ("API_ERROR", 502) if task is None else ("SYSTEM_ERROR", 500)
            details = '{\n  "error": {"code": 429, "message": "quota"}\n}'
            fields = (
                f'error_type="{kind}" account_email=a@example.org model=gemini-3-pro-image '
                f"prompt_hash=00112233aabbccdd generation_time_ms={took_ms} aspect_ratio=1:1 quality=standard "
                f"style=vivid n={n} safety_threshold=OFF status_code={code}"
            )
            ending = "" if task is None else f" task_index={task}"
            self._write("ERROR", HANDLER, f"Something went wrong. Details: {details} {fields}{ending}")

    def _write(self, level: str, target: str, message: str) -> None:
        self._at += timedelta(microseconds=137)
        stamp = f"{self._at:%Y-%m-%dT%H:%M:%S.%f}000+00:00"
        self.lines.append(f"{stamp} {level:>5} {target}: {message}\n")


def log_path(folder: Path, day: datetime) -> Path:
    """The real name of a day's log."""
    return folder / DATA_DIR / "logs" / f"app.log.{day.astimezone(UTC):%Y-%m-%d}"
