"""The original page's own shell lines, run as it has them in a scratch home, and what their reader concludes.

They are the subject here, not a means: they are data, run with a time limit, an environment of their own and a home
that is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import Field, TypeAdapter

from checks.check import Model
from checks.drill.outcome import PageSeen
from checks.drill.place import Place
from checks.process import ProcessResult, base_environment, run_process

DATA = Path(__file__).parent / "data" / "page.yaml"
TIMEOUT_S = 30.0
PORT = "8045"
LONGEST = 200


class Ticked(Model):
    """What the reader wants to see; all that is given must hold."""

    exit_code: int | None = None
    lines: int | None = Field(default=None, description="At least so many lines that are not blank.")
    at_least: float | None = Field(default=None, description="The one number that is printed.")
    at_most: float | None = None
    below: float | None = None
    all_below: float | None = Field(default=None, description="Every number that is printed; none is fine too.")


class PageLines(Model):
    """Shell lines of the page, where they stand, and when the box is ticked."""

    line: int
    script: str
    ticked: Ticked


@cache
def page() -> Mapping[str, PageLines]:
    """The page's shell lines by name."""
    content = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, PageLines]).validate_python(content)


SHELL = {
    "GEMINI_IMAGE_SAFETY_THRESHOLD": "safety",
    "CACHE_BACKEND": "cache_backend",
    "CACHE_MAX_SIZE_MB": "cache_max_mb",
    "CACHE_TTL_SECONDS": "cache_ttl_s",
}
PROFILE = {"safety": "MEDIUM", "cache_backend": "filesystem", "cache_max_mb": 200, "cache_ttl_s": 3600}
"""Staging's values, as the page has them."""


def operators_shell(place: Place, values: Mapping[str, Any]) -> dict[str, str]:
    """What whoever runs the page's lines has exported: the profile's values, and the key."""
    known = {**PROFILE, **values}
    exported = {variable: str(known[name]) for variable, name in SHELL.items()}
    return exported | {"ANTIGRAVITY_API_KEY": str(place.settings.get("target.api_key", ""))}


def page_sees(name: str, place: Place, shell: Mapping[str, str]) -> PageSeen:
    """Run lines of the page in `place` with what the operator's `shell` has set, and conclude as a reader does."""
    lines = page()[name]
    script = lines.script
    if place.url:
        script = script.replace(PORT, str(urlsplit(place.url).port))
    environment = base_environment({**shell, "HOME": str(_home(place))})
    done = run_process(["sh", "-c", script], cwd=place.folder, env=environment, timeout_s=TIMEOUT_S, stop=place.stop)
    said = done.stdout.decode(errors="replace").strip()
    shown = " / ".join(said.splitlines()[:4])[:LONGEST]
    return PageSeen(name=name, line=lines.line, said=shown, is_ticked=_is_ticked(lines.ticked, done, said))


def _home(place: Place) -> Path:
    """The home of whoever runs the page's lines: the original's own, or one where the proxy's stands in its place."""
    home = place.folder / "user"
    if not home.exists():
        home.mkdir()
        (home / ".antigravity_tools").symlink_to(place.home)
    return home


def _is_ticked(wanted: Ticked, done: ProcessResult, said: str) -> bool:
    printed = [line for line in said.splitlines() if line.strip()]
    numbers = [float(found) for found in re.findall(r"^\s*(-?\d*\.?\d+)\s*$", said, re.MULTILINE)]
    only = numbers[0] if len(numbers) == 1 else None
    held = [
        wanted.exit_code is None or done.exit_code == wanted.exit_code,
        wanted.lines is None or len(printed) >= wanted.lines,
        wanted.at_least is None or (only is not None and only >= wanted.at_least),
        wanted.at_most is None or (only is not None and only <= wanted.at_most),
        wanted.below is None or (only is not None and only < wanted.below),
        wanted.all_below is None or all(number < wanted.all_below for number in numbers),
    ]
    return all(held)
