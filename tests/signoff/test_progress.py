"""How a run is followed, by events as a run tells them."""

from __future__ import annotations

import pytest

from checks.events import Event
from signoff.progress import listener_for

EVENTS = (
    Event("preparing", {"what": "building [bold]the wheel"}),
    Event("run_started", {"run_id": "r-1", "checks": 2, "folder": "/runs/r-1"}),
    Event("stage_started", {"stage": "first", "title": "Stage [red]one", "checks": 2}),
    Event("check_started", {"check": "a[x]", "title": "A"}),
    Event("check_finished", {"check": "a[x]", "status": "pass", "reason": "fine", "duration_ms": 2345.0, "anew": True}),
    Event("check_started", {"check": "b", "title": "B"}),
    Event(
        "check_finished",
        {"check": "c", "status": "not_selected", "reason": "outside", "duration_ms": 0.0, "anew": True},
    ),
    Event("stage_finished", {"stage": "first", "verdict": "GO"}),
    Event(
        "run_finished",
        {"verdict": "HOLD", "scope": "partial", "reasons": ["b: [link]"], "report": "/runs/r-1/report.md"},
    ),
)


def follow(*, as_json: bool = False, quiet: bool = False) -> None:
    with listener_for(as_json=as_json, quiet=quiet) as listener:
        for event in EVENTS:
            listener(event)


def test_lines_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    follow()
    assert capsys.readouterr().err.splitlines() == [
        "… building [bold]the wheel",
        "run r-1: 2 checks, /runs/r-1",
        "Stage [red]one (2 checks)",
        "  pass           a[x]  2.3 s  ",
        "HOLD (partial: only a selection was run)",
        "  b: [link]",
        "report: /runs/r-1/report.md",
    ]


def test_a_board_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    follow()
    shown = capsys.readouterr().err
    assert "\u001b[1;33mHOLD" in shown
    assert "1 pass" in shown
    assert "b  0 s" in shown
    assert "a[x]" in shown
