"""Tiny checklists, and runs of them."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.engine import Options
from checks.events import Event
from checks.outcome import Result, RunRecord
from checks.run import Request, conduct
from checks.run_folder import RunFolder

VERSION = "v1.0.0"


def told(id_: str, status: str | None = "pass", **fields: Any) -> dict[str, Any]:
    """A check of the kind `told`."""
    return {"id": id_, "title": f"It is {id_}", "kind": "told", "status": status, **fields}


def stage(*checks: dict[str, Any], id_: str = "first", **fields: Any) -> dict[str, Any]:
    """A stage of these checks."""
    return {"id": id_, "title": f"Stage {id_}", "section": "Checks", "checks": list(checks), **fields}


def checklist(*stages: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A checklist of these stages."""
    return {"schema": 1, "release": {"name": "Thing", "version": VERSION}, "stages": list(stages), **sections}


def write(folder: Path, content: dict[str, Any] | str) -> Path:
    """Write a checklist into a folder; JSON is YAML."""
    path = folder / "checklist.yaml"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False))
    return path


@dataclass(frozen=True)
class Run:
    """What a run left, and what it told meanwhile."""

    record: RunRecord
    folder: RunFolder
    events: list[Event]

    def __getitem__(self, check: str) -> Result:
        """The result of a check."""
        return next(result for result in self.record.checks if result.id == check)

    @property
    def statuses(self) -> dict[str, str]:
        """Each check's status."""
        return {result.id: result.status.value for result in self.record.checks}


def conducted(
    path: Path, *, options: Options | None = None, stop: threading.Event | None = None, **request: Any
) -> Run:
    """Run a checklist into a folder of its own beside it."""
    events: list[Event] = []
    output = path.parent / "runs" / secrets.token_hex(4)
    asked = Request(**{"checklist": path, "output": output, **request})
    folder, record = conduct(asked, events.append, options or Options(), stop or threading.Event())
    return Run(record, folder, events)
