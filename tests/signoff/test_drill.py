"""`signoff drill` as it is typed: the catalogue, and one fault."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from checks.drill.catalogue import faults
from signoff.exit_code import ExitCode
from tests.signoff.conftest import ROOT, Command


def test_the_catalogue_is_listed(signoff: Command) -> None:
    said = signoff("drill", "--list")
    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines()] == [fault.id for fault in faults()]


def test_an_unknown_fault_is_a_usage_error_with_the_nearest(signoff: Command) -> None:
    said = signoff("drill", "--fault", "quoted-value")
    assert said.code == ExitCode.USAGE
    assert "did you mean 'quoted-values'?" in said.err


def test_one_fault_is_one_json_document(signoff: Command, tmp_path: Path) -> None:
    said = signoff("drill", "--fault", "quoted-values", "--healthy-runs", "1", "--output", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert [(each["id"], each["state"], each["failed"]) for each in told["faults"]] == [
        ("quoted-values", "caught", ["original/error-rate"])
    ]
    assert (told["false_alarms"], told["healthy_runs"]) == (0, 1)
    assert told["faults"][0]["expected"] == ["original/error-rate"]
    assert "unit-tests" in told["checks_never_failed"]
    assert json.loads((tmp_path / "out" / "drill.json").read_text()) == told
    assert "caught" in said.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"drill.json", "drill.md", "drill.html"}


def test_ctrl_c_ends_a_drill_with_a_report_of_what_was_done_and_leaves_nothing(tmp_path: Path) -> None:
    asked = [f"--fault={fault.id}" for fault in faults() if fault.site == "original" and not fault.not_possible]
    options = ["--healthy-runs=0", "--output", str(tmp_path), "--json"]
    command = [sys.executable, "-m", "signoff", "drill", *asked, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("caught" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    states = {each["state"] for each in told["faults"]}
    assert (process.returncode, told["interrupted"]) == (ExitCode.INTERRUPTED, True)
    assert {"caught", "not_run"} <= states
    assert json.loads((tmp_path / "drill.json").read_text()) == told
    assert list((ROOT / ".signoff").glob(f"drill-{process.pid}-*")) == []
