"""On the reference: from the release that serves back to the version before, with the smoke tests of the checklist."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from checks.events import Event
from checks.reference.environment import Variant
from checks.reference.rollback import rollback_of_reference
from checks.rollback.execution import Order, execute
from checks.rollback.incident import Incident
from checks.rollback.preparation import Asked, prepare

ROOT = Path(__file__).parents[3]
PROGRAM = Path(sys.executable).parent / "image-proxy"


def version(asked: Asked) -> str:
    answer = httpx.get(f"{asked.settings['target.url']}/healthz", trust_env=False).json()
    return str(answer["version"])


def go_back(asked: Asked, stop: threading.Event) -> Incident:
    return execute(asked, Order("v3.3.20", "nobody", "a try"), lambda: datetime.now(UTC), lambda line: None, stop)


def test_it_really_goes_back_and_a_failure_on_the_way_is_gone_on_from(tmp_path: Path) -> None:
    told: list[Event] = []
    asked = Asked(ROOT / "checklist.yaml", environ={}, records=tmp_path / "records")
    stop = threading.Event()
    with rollback_of_reference(asked, told.append, stop, Variant(program=PROGRAM, requests=10)) as asked:
        home = Path(asked.settings["target.data_dir"])
        configuration = home / "config.json"
        before = configuration.read_text()
        configuration.write_text(json.dumps({**json.loads(before), "client_keys": []}, indent=1))
        plan = prepare(asked, datetime.now(UTC)).as_plan()
        assert (plan.state, version(asked)) == ("ready", "v3.3.20")
        assert [each.lines for each in plan.lost][:2] == [
            ("config.json differs from the backup",),
            ("1 files new since the backup: added-since.json",),
        ]
        manager = home.parent / "service-manager"
        manager.rename(home.parent / "away")
        manager.write_text("#!/bin/sh\nexit 7\n")
        manager.chmod(0o700)
        stopped = go_back(asked, stop)
        assert (stopped.state, stopped.stopped_in) == ("stopped", "install-previous")
        assert "ended with 7" in stopped.reason
        (home.parent / "away").replace(manager)
        finished = go_back(asked, stop)
        assert finished.state == "finished", finished.reason
        assert (finished.folder, version(asked)) == (stopped.folder, "v3.3.19")
        assert configuration.read_text() == before
        assert not (home / "accounts" / "added-since.json").exists()
        assert (home.parent / "current").readlink().name == "v3.3.19"
        smoke = json.loads((Path(finished.folder) / "smoke" / "verdict.json").read_text())
        assert (smoke["verdict"], smoke["release"]["version"], smoke["target"]["version"]) == (
            "GO",
            "v3.3.19",
            "v3.3.19",
        )
    assert not home.exists()
    assert not [each.pid for each in psutil.process_iter(["cmdline"]) if str(home) in (each.info["cmdline"] or ())]
    assert {event.name for event in told} == {"preparing"}
