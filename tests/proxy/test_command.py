"""The command line passes what it was given on, and refuses before it works."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import proxy.server
import proxy.simulator.command
import proxy.traffic
from proxy.command import application, main
from proxy.settings import Settings


def _invoke(arguments: str) -> Result:
    return CliRunner().invoke(application, arguments.split())


def test_serve_takes_flags_over_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(proxy.server, "serve", lambda read, faults: served.append(read()))
    monkeypatch.setenv("IMAGE_PROXY_PORT", "1")

    result = CliRunner().invoke(application, ["serve", "--port", "9001", "--home", str(tmp_path)])

    assert result.exit_code == 0
    assert [(settings.port, settings.host, settings.home) for settings in served] == [(9001, "127.0.0.1", tmp_path)]


def test_simulate_passes_its_flags_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        proxy.simulator.command, "simulate", lambda *given, **named: calls.append((*given, *named.values()))
    )

    _invoke("simulate")
    _invoke(
        "simulate --host 127.0.0.2 --port 1 --latency-ms 2 --seed 3 --error-rate 0.5 --error-status 500 "
        "--quota-per-minute 4 --quota-per-day 5"
    )

    assert calls == [
        ("127.0.0.1", 8046, 250, 0, 0.0, 503, None, None),
        ("127.0.0.2", 1, 2, 3, 0.5, 500, 4, 5),
    ]


def test_traffic_prints_what_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []

    def drive(*given: object) -> dict[str, int]:
        calls.append(given)
        return {"sent": 5}

    monkeypatch.setattr(proxy.traffic, "drive", drive)
    monkeypatch.setenv("IMAGE_PROXY_API_KEY", "a-key")

    result = _invoke("traffic --url http://127.0.0.1:1 --requests 5 --rate 2")

    assert json.loads(result.stdout) == {"sent": 5}
    assert calls == [("http://127.0.0.1:1", 5, 0.4, 0.0, 2.0, 0, 8, "a-key")]


def test_traffic_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["image-proxy", "traffic", "--url", "http://127.0.0.1:1", "--requests", "5"])

    with pytest.raises(SystemExit) as exit_code:
        main()

    assert exit_code.value.code == 2
    assert "IMAGE_PROXY_API_KEY is not set" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", ["simulate --error-rate 2", "simulate --port 99999", "traffic --url x --requests 0", "nothing"]
)
def test_flag_out_of_range_exits_2(arguments: str) -> None:
    assert _invoke(arguments).exit_code == 2


def test_help_of_traffic_has_examples() -> None:
    assert "image-proxy traffic --url http://127.0.0.1:8045" in " ".join(
        CliRunner().invoke(application, ["traffic", "--help"], terminal_width=400).output.split()
    )
