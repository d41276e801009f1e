"""`baseline: last-go`: the windows that a run keeps, and which run a later one is compared with."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.engine import Options
from checks.linting import lint_checklist
from checks.outcome import RunRecord, Verdict
from checks.resuming import resumed
from checks.run import conduct
from tests.checks.kinds.logged import every_second, write
from tests.checks.running import VERSION, Run, checklist, conducted, stage
from tests.checks.running import write as write_checklist


def run(
    folder: Path, duration_ms: float, *, baseline: str | None = "last-go", check: str = "mean", **sections: Any
) -> Run:
    """A run over forty requests that took so long each, in a folder beside the other runs."""
    start = datetime.now(UTC) - timedelta(minutes=2)
    many = [{"duration_ms": duration_ms, "version": VERSION}] * 40
    write(folder / "proxy.jsonl", every_second(start, many))
    metric = {"id": check, "title": "Not slower", "kind": "metric", "measure": "latency.mean"}
    compared = {"baseline": baseline, "expect": {"ratio": {"at_most": "150%"}}} if baseline else {}
    content = checklist(
        stage({**metric, "expect": {"value": {"below": "9s"}}, **compared}),
        **{"target": {"logs": {"format": "image-proxy", "paths": ["proxy.jsonl"]}}, **sections},
    )
    return conducted(write_checklist(folder, content))


@pytest.fixture(scope="module")
def went_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one run over requests of 300 ms was GO."""
    folder = tmp_path_factory.mktemp("went")
    assert run(folder, 300, baseline=None).record.verdict is Verdict.GO
    return folder


@pytest.fixture
def went(went_once: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(went_once, tmp_path / "went"))


def before(folder: Path) -> Path:
    """The folder of the run that was there."""
    (only,) = (folder / "runs").iterdir()
    return only


@pytest.mark.parametrize(("duration_ms", "status"), [(400, "pass"), (500, "fail")])
def test_a_later_run_is_compared_with_the_last_go(went: Path, duration_ms: float, status: str) -> None:
    reference = before(went)
    found = run(went, duration_ms)["mean"]
    assert found.status.value == status
    assert found.observed["ratio"]["value"] == pytest.approx(duration_ms / 300, rel=0.02)
    run_id = RunRecord.model_validate_json((reference / "verdict.json").read_bytes()).run_id
    assert f"compared with run {run_id}" in found.reason or status == "fail"


def test_the_newest_go_counts(went: Path) -> None:
    assert run(went, 400)["mean"].status.value == "pass"
    assert run(went, 560)["mean"].status.value == "pass"
    assert run(went, 900)["mean"].status.value == "fail"
    assert run(went, 820)["mean"].status.value == "pass", "a run that was NO-GO is no baseline"


def test_without_a_run_that_was_go_it_holds(tmp_path: Path) -> None:
    found = run(tmp_path, 300)
    assert (found["mean"].status.value, found.record.verdict) == ("no_data", Verdict.HOLD)
    assert found["mean"].reason == "no run of Thing under no profile beside this one was GO"
    assert "bring one without `baseline: last-go` to GO first" in found["mean"].remedy


def change_evidence(reference: Path) -> None:
    (reference / "evidence" / "mean" / "windows.parquet").write_bytes(b"PAR1 but another")


def take_evidence(reference: Path) -> None:
    (reference / "evidence" / "mean" / "windows.parquet").unlink()


def change_checklist(reference: Path) -> None:
    with (reference / "checklist.yaml").open("a") as stream:
        stream.write("\n")


def hold(reference: Path) -> None:
    (reference / "verdict.json").write_text((reference / "verdict.json").read_text().replace('"GO"', '"HOLD"'))


def tear(reference: Path) -> None:
    (reference / "verdict.json").write_text("{")


def partial(reference: Path) -> None:
    (reference / "verdict.json").write_text((reference / "verdict.json").read_text().replace('"full"', '"partial"'))


def another_product(reference: Path) -> None:
    record = json.loads((reference / "verdict.json").read_text())
    record["release"]["name"] = "Other"
    (reference / "verdict.json").write_text(json.dumps(record))


def stray_signature(reference: Path) -> None:
    (reference / "signatures").mkdir()
    for name in ("qa.0123456789abcdef.json", "qa.0123456789abcdef.json.sig"):
        (reference / "signatures" / name).write_text("{}")


@pytest.mark.parametrize(
    ("mischief", "reason"),
    [
        (change_evidence, "is not as it was recorded: evidence/mean/windows.parquet"),
        (take_evidence, "is not as it was recorded: evidence/mean/windows.parquet"),
        (change_checklist, "is not as it was recorded: checklist.yaml"),
        (stray_signature, "is not as it was recorded: signatures/qa.0123456789abcdef.json"),
        (hold, "beside this one was GO"),
        (partial, "beside this one was GO"),
        (tear, "beside this one was GO"),
        (another_product, "beside this one was GO"),
    ],
)
def test_a_run_that_cannot_be_relied_on_is_no_baseline(went: Path, mischief: Any, reason: str) -> None:
    mischief(before(went))
    found = run(went, 300)["mean"]
    assert (found.status.value, reason in found.reason) == ("no_data", True), found.reason


def test_a_run_that_was_not_go_is_none_by_its_verdict_alone(tmp_path: Path) -> None:
    found = run(tmp_path, 9500, baseline=None)
    assert found.record.verdict is Verdict.NO_GO
    path = found.folder.path / "verdict.json"
    path.write_text(path.read_text().replace('"verdict": "NO-GO"', '"verdict": "GO"'))
    held = run(tmp_path, 300)["mean"]
    assert (held.status.value, "is not as it was recorded: verdict.json" in held.reason) == ("no_data", True)


def test_another_profile_and_another_check_are_no_baseline(went: Path) -> None:
    profile = run(went, 300, profiles={"production": {"x": 1}}, default_profile="production")["mean"]
    assert profile.reason == "no run of Thing under profile production beside this one was GO"
    other = run(went, 300, check="other")["other"]
    assert (other.status.value, "kept no windows of other" in other.reason) == ("no_data", True)


def test_a_criterion_has_no_last_go(tmp_path: Path) -> None:
    criterion = {
        "id": "slow", "title": "Slow", "measure": "latency.mean", "breach": {"above": "150%"}, "for": "5m",
        "baseline": "last-go",
    }  # fmt: skip
    content = checklist(stage(), rollback={"criteria": [criterion]})
    errors, _ = lint_checklist(write_checklist(tmp_path, content), None, {})
    assert "baseline: " in errors[0].message


def test_a_run_is_never_its_own_baseline(went: Path) -> None:
    found = run(went, 400)
    assert found["mean"].status.value == "pass"
    shutil.rmtree(before_of(went, found))
    (went / "runs" / "latest").symlink_to(found.folder.path)
    shutil.copytree(found.folder.path, went / "runs" / "copy")
    request = resumed(found.folder.path, again=["mean"], reason="to see it once more", settings={}, environ={})
    _, record = conduct(request, lambda event: None, Options(), threading.Event())
    assert record.checks[0].reason == "no run of Thing under no profile beside this one was GO"


def before_of(folder: Path, found: Run) -> Path:
    """The folder of the run before that one."""
    (other,) = (each for each in (folder / "runs").iterdir() if each != found.folder.path)
    return other
