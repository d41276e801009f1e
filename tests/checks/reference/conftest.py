"""One healthy run against the reference environment, which several tests look at."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from checks.engine import Options
from checks.events import Event
from checks.outcome import RunRecord
from checks.reference.environment import Variant
from checks.reference.run import conduct_against_reference
from checks.run import Request

CHECKLIST = Path(__file__).parents[3] / "checklist.yaml"
STAGES = ("configuration", "backup", "deploy", "start", "smoke-tests", "performance")


@dataclass(frozen=True)
class Healthy:
    """The run's folder, its record, and what was told while it went on."""

    folder: Path
    record: RunRecord
    seen: list[Event]


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    """The stages of the checklist that take seconds, against a reference that was built and installed for it."""
    seen: list[Event] = []
    output = tmp_path_factory.mktemp("reference") / "run"
    request = Request(checklist=CHECKLIST, profile="reference", output=output, environ={}, stages=STAGES)
    folder, record = conduct_against_reference(
        request, seen.append, Options(), threading.Event(), Variant(requests=160)
    )
    return Healthy(folder.path, record, seen)
