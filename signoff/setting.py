"""`--set KEY=VALUE`, with values read as YAML reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer


def read_settings(written: Sequence[str]) -> dict[str, Any]:
    """The settings by key: numbers and booleans as such; raises BadParameter naming the entry.

    >>> read_settings(["unit_tests=217", "target.url=http://127.0.0.1:8045"])
    {'unit_tests': 217, 'target.url': 'http://127.0.0.1:8045'}
    """
    from checks.errors import ConfigurationError
    from checks.yaml_reader import read_yaml

    settings: dict[str, Any] = {}
    for entry in written:
        key, equals, value = entry.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--set {entry!r}: write KEY=VALUE")
        try:
            read = read_yaml(value, "--set").data
        except ConfigurationError:
            read = value
        settings[key] = value if isinstance(read, (dict, list)) or key.startswith("target.") else read
    return settings
