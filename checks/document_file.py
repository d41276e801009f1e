"""A YAML file of a checklist, an included part or answers, read whole."""

from __future__ import annotations

from pathlib import Path

from checks.errors import ConfigurationError, Problem
from checks.yaml_reader import MAXIMUM_BYTES, Document, read_yaml


def read_document(path: Path) -> tuple[Document, bytes]:
    """The YAML at `path` and its bytes; raises ConfigurationError naming the file and the remedy."""
    try:
        content = path.read_bytes() if path.stat().st_size <= MAXIMUM_BYTES else None
    except OSError as cause:
        message = f"cannot read the file: {cause.strerror}; name another"
        raise ConfigurationError([Problem(str(path), None, None, message)]) from cause
    if content is None:
        raise ConfigurationError([Problem(str(path), None, None, "larger than 1 MiB; split it")])
    return read_yaml(content, str(path)), content
