"""Where the filesystem cache keeps the answers' bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

QUARANTINE = "quarantine"
MOST_QUARANTINED = 20
"""How many damaged files are kept to be looked at; the oldest go first."""


def answer_path(directory: Path, key: str) -> Path:
    """The file of an answer: in a folder named by the key's first two digits."""
    return directory / key[:2] / key


def answer_files(directory: Path) -> Iterator[tuple[str, str]]:
    """Names and paths of the files in the answers' folders, temporary ones that a crash left among them."""
    with os.scandir(directory) as folders:
        names = [folder.path for folder in folders if len(folder.name) == 2 and folder.is_dir()]
    for name in names:
        with os.scandir(name) as files:
            yield from ((file.name, file.path) for file in files)


def put_aside(directory: Path, path: Path, now: float) -> None:
    """Move a damaged file to the quarantine, which keeps the latest MOST_QUARANTINED; raises OSError."""
    folder = directory / QUARANTINE
    folder.mkdir(mode=0o700, exist_ok=True)
    path.replace(folder / f"{path.name}.{now:.6f}")
    kept = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    for file in kept[:-MOST_QUARANTINED]:
        file.unlink(missing_ok=True)
