"""What a process's command line says that it runs; sent to instances too, so it uses the standard library alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

OPTIONS_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
"""Options of the Python interpreter whose value is the next argument (python --help)."""


def program_facts(executable: str | None, command: Sequence[str], folder: str | None) -> dict[str, Any]:
    """Program, executable, python, script and arguments, as the kind `process` observes them; None where unknown."""
    python = interpreter(executable, command)
    script = script_of(command[1:], folder) if python else None
    return {
        "program": script or executable,
        "executable": executable,
        "python": python,
        "script": script,
        "arguments": list(command[1:]) if command else None,
    }


def interpreter(executable: str | None, command: Sequence[str]) -> str | None:
    """The path of Python as it was called, so that a virtual environment's stays apart from its base."""
    if executable is None or not Path(executable).name.startswith(("python", "pypy", "Python")):
        return None
    called = Path(command[0]) if command else Path(executable)
    same = called.is_absolute() and called.exists() and called.resolve() == Path(executable).resolve()
    return str(called) if same else executable


def script_of(arguments: Sequence[str], folder: str | None) -> str | None:
    """The file that Python was told to run; None for `-m`, `-c` and standard input."""
    rest = iter(arguments)
    for each in rest:
        if each in OPTIONS_WITH_VALUE:
            next(rest, None)
        elif each in {"-m", "-c", "-"}:
            return None
        elif not each.startswith("-"):
            path = Path(folder or "/") / each
            return str(path) if path.is_file() else None
    return None
