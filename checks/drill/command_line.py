"""The command line as a drill runs it: in a place's folder, as a person would."""

from __future__ import annotations

import json
import sys
from typing import Any

from checks.drill.place import Place
from checks.process import ProcessResult, base_environment, run_process

TIMEOUT_S = 60.0


class NoAnswerError(Exception):
    """The command printed no JSON that holds what was asked; the message is its exit code and what it said."""


def signoff(place: Place, *arguments: str) -> ProcessResult:
    """Run a command of signoff's."""
    command = [sys.executable, "-m", "signoff", *arguments]
    return run_process(command, cwd=place.folder, env=base_environment({}), timeout_s=TIMEOUT_S, stop=place.stop)


def answer(place: Place, *arguments: str, has: str) -> dict[str, Any]:
    """Run a command with --json and give the object that it prints, which `has` that member; raises NoAnswerError."""
    done = signoff(place, *arguments, "--json")
    try:
        found: dict[str, Any] = json.loads(done.stdout)
        found[has]
    except (ValueError, LookupError, TypeError) as error:
        raise NoAnswerError(f"exit code {done.exit_code}: {done.stderr.decode(errors='replace')[:500]}") from error
    return found
