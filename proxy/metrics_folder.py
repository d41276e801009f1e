"""The folder through which the workers of one server add up their metrics."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where Prometheus's client library keeps each worker's numbers; it reads the variable itself, when it is loaded."""


@contextmanager
def metrics_folder(run: Path) -> Iterator[Path]:
    """An empty folder of this process below `run`, named to the library; those of servers that are gone are removed."""
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in run.glob("metrics-*"):
        if not _lives(left.name.removeprefix("metrics-")):
            shutil.rmtree(left, ignore_errors=True)
    folder = run / f"metrics-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def forget_process(pid: int, folder: Path) -> None:
    """Take what a process that has ended held at that moment out of the sums; what it counted stays."""
    for path in folder.glob(f"gauge_live*_{pid}.db"):
        path.unlink(missing_ok=True)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
