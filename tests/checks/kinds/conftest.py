"""A context to observe in, and checks made of their fields alone."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from checks.check import Check, Context
from checks.process import base_environment
from checks.redaction import Redactor
from checks.target import Target

Kind = TypeVar("Kind", bound=Check)


class Make(Protocol):
    """Makes a check of a kind from its own fields."""

    def __call__(self, kind_class: type[Kind], **fields: Any) -> Kind: ...


MakeContext = Callable[..., Context]
"""Makes a context; fields given by name stand in the place of the usual ones."""


@pytest.fixture
def make() -> Make:
    def made(kind_class: type[Kind], **fields: Any) -> Kind:
        kind = kind_class.model_fields["kind"].annotation
        given = {"id": "it", "title": "It holds", "kind": kind.__args__[0] if kind else "", **fields}
        return kind_class.model_validate(given)

    return made


@pytest.fixture
def context(tmp_path: Path) -> MakeContext:
    """A factory: `context()` in folders of the test's own, `context(target=…)` with other values."""

    def built(**overrides: Any) -> Context:
        folders = {name: tmp_path / name for name in ("root", "run_dir")}
        scratch = tmp_path / "scratch"
        for folder in (*folders.values(), scratch):
            folder.mkdir(exist_ok=True)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        values: dict[str, Any] = {
            **folders,
            "own_folder": lambda: scratch,
            "target": Target(),
            "results": {},
            "environment": base_environment({"PATH": path}),
            "versions": frozenset(),
            "started_at": datetime.now(UTC),
            "now": lambda: datetime.now(UTC),
            "stop": threading.Event(),
            "timeout_s": 20.0,
            "redactor": Redactor({}),
            "answers": {},
            "interactive": False,
        }
        return Context(**{**values, **overrides})

    return built
