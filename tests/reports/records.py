"""Records of runs made by hand: every status, every state, and what surrounds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from checks.outcome import (
    ApprovalState,
    Attempt,
    ChecklistRecord,
    Covered,
    Criterion,
    EvidenceFile,
    ProcedureStep,
    ReleaseRecord,
    Rerun,
    Result,
    RunnerRecord,
    RunRecord,
    StageRecord,
    Status,
    TargetRecord,
    Verdict,
)

START = datetime(2026, 1, 11, 10, 0, tzinfo=UTC)
SHA = "0123456789abcdef" * 4


def result(check_id: str, status: Status, **facts: Any) -> Result:
    """A result; what is not given is as plain as can be."""
    given = {
        "title": f"Title of {check_id}",
        "stage": "code-quality",
        "kind": "command",
        "required": True,
        "started_at": START,
        "duration_ms": 312.5,
        "attempts": (attempt(status),),
    }
    return Result.model_validate({"id": check_id, "status": status, **given, **facts})


def attempt(status: Status, number: int = 0, **facts: Any) -> Attempt:
    """One look; the later, the higher its number."""
    given = {"reason": "", "started_at": START + timedelta(minutes=number), "duration_ms": 312.5}
    return Attempt.model_validate({"status": status, **given, **facts})


def covered(line: int, text: str) -> tuple[Covered, ...]:
    """One line of the page."""
    return (Covered(line=line, text=text),)


def evidence(check_id: str, name: str) -> EvidenceFile:
    """A stored file of a check."""
    return EvidenceFile(name=name, path=f"evidence/{check_id}/{name}", sha256=SHA, bytes=1234)


STAGES = (
    StageRecord(id="code-quality", title="Code Quality", section="Pre-Deployment Validation", verdict=Verdict.GO),
    StageRecord(
        id="integration", title="Integration Validation", section="Pre-Deployment Validation", verdict=Verdict.GO
    ),
    StageRecord(
        id="configuration", title="Configuration Validation", section="Deployment Configuration", verdict=Verdict.GO
    ),
    StageRecord(id="monitor", title="Step 5: Monitor Deployment", section="Deployment Steps", verdict=Verdict.GO),
    StageRecord(id="performance", title="Performance Checks", section="Post-Deployment Validation", verdict=Verdict.GO),
    StageRecord(
        id="acceptance", title="Acceptance Criteria Met", section="Epic-007 Completion Status", verdict=Verdict.GO
    ),
    StageRecord(id="next-steps", title="Next Steps", section="Next Steps", verdict=None, after="approval"),
)

PASSING = (
    result(
        "unit-tests",
        Status.PASS,
        title="All unit tests pass",
        kind="junit",
        covers=covered(21, "All 217 unit tests passing"),
        expected={"passed": "at least 217", "failed": "equals 0", "duration": "below 5 m"},
        observed={"passed": 230, "failed": 0, "errors": 0, "duration": {"value": 125.0, "unit": "s"}, "names": ["a"]},
        runbook="runbooks/testing.md#unit-tests",
        evidence=(evidence("unit-tests", "tests.txt"), evidence("unit-tests", "stdout.txt")),
        duration_ms=61_500.0,
    ),
    result(
        "formatter",
        Status.PASS,
        title="Formatter in check mode",
        covers=covered(29, "Code formatting verified"),
        expected={"exit_code": "equals 0"},
        observed={"exit_code": 0, "stdout": "", "stderr": ""},
    ),
    result(
        "story[007-01]",
        Status.PASS,
        title="E2E Testing Infrastructure",
        stage="integration",
        kind="junit",
        covers=covered(41, "Story-007-01 Complete"),
        expected={"passed": "at least 7"},
        observed={"passed": 9},
    ),
    result(
        "story[007-02]",
        Status.PASS,
        title="Safety Settings Configuration",
        stage="integration",
        kind="junit",
        covers=covered(47, "Story-007-02 Complete"),
        expected={"passed": "at least 6"},
        observed={"passed": 14},
    ),
    result(
        "cache-directory",
        Status.PASS,
        title="Cache directory is the server's own",
        stage="configuration",
        kind="file",
        covers=covered(162, "Cache directory created"),
        expected={"mode": "equals '0700'"},
        observed={"mode": "0700", "size": {"value": 1_200_000, "unit": "bytes"}},
        why="The page asks for 755; prompts' images would be readable by everyone.",
    ),
    result(
        "first-hour",
        Status.PASS,
        title="Monitored for the first hour",
        stage="monitor",
        kind="metric",
        covers=covered(279, "Monitor for first hour"),
        expected={"value": "below 5 %"},
        observed={
            "value": {"value": 0.0125, "unit": "ratio"},
            "ci": [0.004, 0.036],
            "samples": 240,
            "unit": "rate",
            "windows": [["2026-01-11T10:00:00+00:00", 0.01, 60], ["2026-01-11T10:03:00+00:00", 0.02, 60]],
            "synthetic": "all",
            "trend": "rising",
        },
        reason="3 rounds over 10 m",
        attempts=tuple(
            attempt(Status.PASS, number, observed={"value": {"value": 0.01 * number, "unit": "ratio"}})
            for number in range(3)
        ),
    ),
    result(
        "generation-time",
        Status.PASS,
        title="Generation time acceptable",
        stage="performance",
        kind="metric",
        covers=covered(303, "Generation time acceptable"),
        expected={"value": "below 5 s"},
        observed={
            "value": {"value": 0.312, "unit": "s"},
            "ci": None,
            "samples": 120,
            "unit": "duration_ms",
            "windows": [],
            "synthetic": "all",
            "trend": None,
        },
    ),
    result(
        "ac-1",
        Status.PASS,
        title="AC-1: Code Quality & Testing",
        stage="acceptance",
        kind="rollup",
        covers=covered(414, "AC-1: Code Quality & Testing"),
        parts=("unit-tests", "formatter", "story"),
        observed={"parts": {"unit-tests": "pass", "formatter": "pass"}},
    ),
    result(
        "tray-icon",
        Status.NOT_APPLICABLE,
        title="System tray icon",
        stage="monitor",
        kind=None,
        reason="the proxy has no window and no tray",
        attempts=(),
        duration_ms=0.0,
    ),
    result(
        "tag-release",
        Status.SCHEDULED,
        title="Tag the release",
        stage="next-steps",
        covers=covered(467, "Tag release as v3.3.20"),
        reason="due after approval",
        attempts=(),
        duration_ms=0.0,
    ),
)

TROUBLED = (
    result(
        "warnings",
        Status.WARN,
        title="Warnings are not above the recorded ones",
        required=False,
        raw_status=Status.FAIL,
        covers=covered(25, "Compilation successful"),
        expected={"value": "at most 109"},
        observed={"value": 111},
        reason="value: observed 111, expected at most 109",
    ),
    result(
        "cache-hit-rate",
        Status.FAIL,
        title="Cache hit rate after warm-up",
        stage="performance",
        kind="metric",
        covers=covered(316, "Cache hit rate ≥30%"),
        expected={"value": "at least 30 %"},
        observed={
            "value": {"value": 0.29996, "unit": "ratio"},
            "ci": [0.25, 0.36],
            "samples": 400,
            "unit": "rate",
            "windows": [],
            "synthetic": "none",
            "trend": "falling",
        },
        reason="value: observed 29.996 %, expected at least 30 %",
        remedy="look for entries that leave too early",
        runbook="https://example.org/runbooks/cache#hit-rate",
        evidence=(evidence("cache-hit-rate", "measure.json"),),
        earlier=(
            {
                "status": Status.NO_DATA,
                "reason": "12 samples, and at least 200 are needed",
                "attempts": (attempt(Status.NO_DATA), attempt(Status.NO_DATA, 1)),
                "started_at": START,
                "duration_ms": 250.0,
                "evidence": (evidence("cache-hit-rate", "too-early.json"),),
                "because": "the traffic had not begun",
            },
        ),
    ),
    result(
        "error-rate",
        Status.NO_DATA,
        title="Error rate",
        stage="performance",
        kind="metric",
        covers=covered(326, "Error rate < 5%"),
        expected={"value": "below 5 %"},
        observed={"samples": 3},
        reason="3 samples, and at least 30 are needed",
    ),
    result(
        "proxy-running",
        Status.ERROR,
        title="The proxy listens",
        stage="monitor",
        kind="port",
        expected={"listening": "equals True"},
        observed={"listening": None, "program": "nobody"},
        reason="timed out after 60 s",
        attempts=(attempt(Status.ERROR, reason="timed out"), attempt(Status.ERROR, 1, reason="timed out again")),
    ),
    result(
        "icon-seen",
        Status.PENDING,
        title="Somebody looked at the images",
        stage="monitor",
        kind="ask",
        expected={"answer": "equals 'yes'"},
        reason="awaits qa-lead",
    ),
    result(
        "smoke",
        Status.BLOCKED,
        title="Smoke tests",
        stage="monitor",
        expected={"json.data[0].b64_json": "exists", "headers.x-cache": "equals 'hit'"},
        reason="needs proxy-running, which ended as error",
        attempts=(),
    ),
    result(
        "audit",
        Status.WAIVED,
        title="No advisories",
        raw_status=Status.FAIL,
        expected={"count": "equals 0"},
        observed={"count": 1},
        reason="count: observed 1, expected equals 0",
        waiver={
            "id": "w-1",
            "check": "audit",
            "reason": "not reachable from our code",
            "owner": "backend",
            "approver": "security",
            "expires": "2026-02-01T23:59:59Z",
            "release": "v3.3.20",
        },
    ),
    result("lint", Status.NOT_SELECTED, title="Linter", reason="outside the selection", attempts=(), duration_ms=0.0),
    result(
        "trial-latency",
        Status.FAIL,
        title="A rule on trial",
        trial=True,
        observed={"exit_code": 1, "stdout": "slow", "json": {"a": 1}},
        reason="slow",
    ),
    result(
        "ac-2",
        Status.FAIL,
        title="AC-2: Integration Validation",
        stage="acceptance",
        kind="rollup",
        covers=covered(419, "AC-2: Integration Validation"),
        parts=("cache-hit-rate", "no-such-check"),
        reason="cache-hit-rate fail",
    ),
)

CRITERIA = (
    Criterion(
        id="error-rate",
        title="Error rate",
        covers=covered(369, "Error rate > 10% for 5+ minutes"),
        state="clear",
        measure="errors.rate",
        observed=0.0125,
        ci=(0.004, 0.036),
        threshold=0.1,
        expected="errors.rate above 10 %",
        for_s=300,
        samples=240,
        reason="1.25 % in 240 requests",
        runbook="runbooks/rollback.md#error-rate",
    ),
    Criterion(
        id="degradation",
        title="Performance degradation",
        covers=covered(371, "Performance degradation >50% sustained"),
        state="clear",
        measure="latency.p95",
        observed=312.0,
        threshold=1.5,
        expected="latency.p95 above 150 % of the baseline",
        for_s=300,
        samples=240,
        reason="104 % in 240 requests",
    ),
    Criterion(
        id="corruption",
        title="Data corruption",
        covers=covered(374, "Data corruption detected"),
        state="clear",
        measure="checks",
        observed=None,
        expected="any of database-integrity fails",
        for_s=0,
        samples=1,
        reason="all 1 passed",
    ),
)

BREACHED = CRITERIA[0].model_copy(
    update={"state": "breached", "observed": 0.21, "ci": (0.16, 0.27), "breached_since": START, "reason": "21 %"}
)
UNKNOWN = CRITERIA[1].model_copy(update={"state": "unknown", "observed": None, "samples": 2, "reason": "2 samples"})

PROCEDURE = (
    ProcedureStep(
        id="stop",
        title="Stop current application",
        covers=covered(379, "Stop current application"),
        state="ready",
        dry_run=("send TERM to process 4711, which listens on port 8045",),
    ),
    ProcedureStep(
        id="restore-configuration",
        title="Restore configuration backup",
        covers=covered(380, "Restore configuration backup"),
        state="ready",
        dry_run=("restore config.json (120 bytes) to home/config.json", "run: image-proxy --version"),
    ),
)

APPROVALS = (
    ApprovalState(role="qa-lead", title="QA Lead", covers=covered(457, "QA Lead")),
    ApprovalState(role="tech-lead", title="Tech Lead", covers=covered(458, "Tech Lead")),
)


def record(checks: tuple[Result, ...] = PASSING, **facts: Any) -> RunRecord:
    """A record of a healthy run under the profile production; `facts` replace any of it."""
    given = {
        "run_id": "20260111T100000Z-0a1b2c3d",
        "nonce": "0a1b2c3d",
        "verdict": Verdict.GO,
        "reasons": (),
        "scope": "full",
        "reference": False,
        "checklist": ChecklistRecord(path="checklist.yaml", sha256=SHA, version="1.0"),
        "release": ReleaseRecord(name="Image proxy", version="v3.3.20", epic="Epic-007"),
        "profile": "production",
        "profile_values": {"safety": "MEDIUM", "cache_max": "500MB", "unit_tests": 217},
        "started_at": START,
        "finished_at": START + timedelta(minutes=2, seconds=5),
        "interrupted": False,
        "counts": {status: count for status in Status if (count := sum(each.status is status for each in checks))},
        "stages": STAGES,
        "checks": checks,
        "criteria": CRITERIA,
        "procedure": PROCEDURE,
        "approvals": APPROVALS,
        "target": TargetRecord(
            url="http://127.0.0.1:8045", version="v3.3.20", build="b1", instances=("i-1",), synthetic="all"
        ),
        "runner": RunnerRecord(
            signoff="0.1.0", python="3.11.9", platform="Linux x86_64", git_commit="c" * 40, git_dirty=False
        ),
    }
    return RunRecord.model_validate({**given, **facts})


def go() -> RunRecord:
    """A GO of the reference environment."""
    return record(reference=True, profile="reference")


def no_go() -> RunRecord:
    """A NO-GO with every status, criteria in every state, a step that is not ready and more reasons than fit."""
    not_ready = PROCEDURE[1].model_copy(
        update={"state": "not_ready", "dry_run": (), "reason": "no backup matches config.json.*"}
    )
    return record(
        (*PASSING, *TROUBLED),
        verdict=Verdict.NO_GO,
        reasons=tuple(f"check-{number}: fail: observed {number}" for number in range(23)),
        criteria=(BREACHED, UNKNOWN, CRITERIA[2]),
        procedure=(PROCEDURE[0], not_ready),
        reruns=(
            Rerun(
                checks=("cache-hit-rate", "ac-2"),
                reason="the traffic had not begun",
                by="release-manager",
                at=START + timedelta(minutes=1),
            ),
        ),
        findings=("waiver w-0 expired at 2026-01-01T23:59:59+00:00; it does not count",),
        target=TargetRecord(url=None, version=None, build=None, instances=(), synthetic="some"),
        runner=RunnerRecord(signoff="0.1.0", python="3.11.9", platform="Linux x86_64", git_commit=None, git_dirty=True),
    )


def partial() -> RunRecord:
    """A HOLD of a selection that was interrupted."""
    checks = tuple(
        each if each.id in {"unit-tests", "first-hour"} else not_selected(each) for each in (*PASSING, TROUBLED[4])
    )
    return record(
        checks,
        verdict=Verdict.HOLD,
        reasons=("the run was interrupted; what had not been looked at is unknown",),
        scope="partial",
        interrupted=True,
        profile=None,
        profile_values={},
        criteria=(),
        procedure=(),
    )


def not_selected(of: Result) -> Result:
    """The same check, left out of the run."""
    facts = {"status": Status.NOT_SELECTED, "reason": "outside the selection", "observed": {}, "attempts": ()}
    return of.model_copy(update={**facts, "evidence": (), "duration_ms": 0.0})
