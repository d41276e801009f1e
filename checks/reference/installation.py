"""Builds this project's wheel and installs it into a fresh virtual environment, without a network.

The dependencies come from the wheels that set-up left in `.signoff/wheelhouse`, so what is declared as a dependency
is proved to be enough.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from checks.errors import ConfigurationError, Problem
from checks.process import base_environment, run_process

BUILD_TIMEOUT_S = 120.0
WHEELHOUSE = Path(".signoff/wheelhouse")


@dataclass(frozen=True)
class Installation:
    """The wheel that was built, and the `image-proxy` program installed from it."""

    wheel: Path
    program: Path


def source_tree(start: Path) -> Path:
    """The project's folder at or above `start`; raises ConfigurationError where there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "pyproject.toml").is_file() and (folder / "proxy" / "__init__.py").is_file():
            return folder
    message = "--reference builds the proxy from the project's sources, and they are not here; run it in a checkout"
    raise ConfigurationError([Problem(str(start), None, None, message)])


def install(source: Path, folder: Path, stop: threading.Event) -> Installation:
    """Build the wheel of `source` and install it under `folder`; raises ConfigurationError saying what is missing."""
    wheelhouse = source / WHEELHOUSE
    if not wheelhouse.is_dir():
        message = f"the wheels of the dependencies are not in {WHEELHOUSE}; run `make setup`"
        raise ConfigurationError([Problem(str(source), None, None, message)])
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    built, environment = folder / "dist", folder / "venv"
    offline = ["--no-deps", "--no-index", "--no-build-isolation"]
    _run([*pip, "wheel", *offline, "-w", str(built), str(source)], source, stop)
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)], source, stop)
    wheel = next(built.glob("*.whl"))
    python = str(environment / "bin" / "python")
    # What is imported is compiled then; all that is installed is four times as much.
    wanted = ["--no-compile", "--no-index", "--find-links", str(wheelhouse), str(wheel)]
    _run([*pip, "--python", python, "install", *wanted], source, stop)
    return Installation(wheel, environment / "bin" / "image-proxy")


def _run(command: list[str], folder: Path, stop: threading.Event) -> None:
    done = run_process(command, cwd=folder, env=base_environment({}), timeout_s=BUILD_TIMEOUT_S, stop=stop)
    if done.interrupted:
        raise KeyboardInterrupt
    if done.exit_code != 0:
        said = done.failure or done.stderr.decode(errors="replace").strip()[-1500:]
        message = f"cannot build or install the reference proxy: {' '.join(command[:6])} …: {said}"
        raise ConfigurationError([Problem(str(folder), None, None, message)])
