"""Answers that people gave beforehand, in a file: by check id, each a value or `{answer, by, at}`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checks.document_file import read_document
from checks.errors import ConfigurationError, Problem


def read_answers(path: Path) -> dict[str, Any]:
    """The answers in the YAML file `path`; raises ConfigurationError where it is none."""
    document, _ = read_document(path)
    if not isinstance(document.data, dict):
        raise ConfigurationError([Problem(str(path), 1, 1, "answers are a mapping of check ids")])
    return document.data
