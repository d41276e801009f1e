"""A file that a command makes for its user, who may have one of that name already."""

from __future__ import annotations

from pathlib import Path


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write `text` to `path` at once; raises ConfigurationError where a file is there, unless `force`."""
    from checks.errors import ConfigurationError, Problem
    from checks.run_folder import write_atomically

    if path.exists() and not force:
        raise ConfigurationError([Problem(str(path), None, None, "is there already; name another, or give --force")])
    try:
        write_atomically(path, text.encode())
    except OSError as cause:
        message = f"cannot be written: {cause.strerror}"
        raise ConfigurationError([Problem(str(path), None, None, message)]) from cause
