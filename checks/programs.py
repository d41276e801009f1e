"""Where child processes find programs: beside this Python first, so that a virtual environment need not be active."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from checks.process import base_environment


def search_path() -> str:
    """The folders in which programs are looked for, as PATH has them."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def child_environment() -> dict[str, str]:
    """The environment of child processes: the allowed variables, with `search_path` as PATH."""
    return base_environment({"PATH": search_path()})
