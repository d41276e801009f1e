"""Runs whose every text is hostile: made of what breaks out of tables, fences, links, HTML and terminals.

One run holds at least `LEAST_TEXTS` different hostile texts, each of them in many places, and what a gate said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

from hypothesis import strategies as st

from checks.outcome import (
    ApprovalState,
    Covered,
    Criterion,
    CriterionState,
    EvidenceFile,
    ProcedureStep,
    ReleaseRecord,
    Rerun,
    Result,
    RunRecord,
    StageRecord,
    Status,
    TargetRecord,
    Verdict,
)
from checks.signing.gate import Decided, Decision, Overridden
from checks.signing.promotion import RequirementState
from checks.signing.role_states import RoleState, State
from reports.sections import same_heading
from tests.reports import records

PIECES = (
    "|",
    "\n",
    "\r\n",
    "\n\n",
    "`",
    "``",
    "```\n",
    "<script>alert(1)</script>",
    "</details>",
    "<details>",
    "<!--",
    "-->",
    "<br>",
    "<a id='x'>",
    "](http://evil.example)",
    "[x](javascript:alert(1))",
    "![i](http://evil.example/i.png)",
    "<http://evil.example>",
    "http://evil.example",
    "www.evil.example",
    "[x]: http://evil.example\n",
    "@dev",
    "me@evil.example",
    "#1",
    "# ",
    "\u202e",
    "\u2066",
    "\x1b[31m",
    "\x00",
    "\u2028",
    "\x85",
    "\\",
    "**",
    "__",
    "~~",
    "_a_",
    "*",
    "&lt;",
    "&#60;",
    "$x$",
    "- ",
    "+ ",
    "1. ",
    "> ",
    "\t",
    "    ",
    "| --- | --- |\n",
    "---\n",
    "===\n",
    "✅ pass",
    "{{ record }}",
    "{% raw %}",
    "://",
    "javascript:alert(1)",
    "../",
    "/etc/passwd",
    "data:text/html,x",
    "//evil.example/",
    "\\|",
    "word",
    " ",
)


LEAST_TEXTS = 5
"""Different hostile texts that one run holds at least."""
PLACED = ("Rollback Criteria", "Rollback Procedure", "Sign-Off")
"""Headings of sections that a stage of the same name takes in."""


@dataclass(frozen=True)
class Shape:
    """All of a run that has a say in how many headings, tables and rows a report has; none of it is text."""

    statuses: tuple[Status, Status]
    state: CriterionState
    decided: Decided | None
    overridden: bool
    one_heading: bool = False


@dataclass(frozen=True)
class Hostile:
    """A run and what a gate said of it, None where none was asked."""

    shape: Shape
    record: RunRecord
    decision: Decision | None


def texts() -> st.SearchStrategy[str]:
    """Any text, and texts put together of what is known to break out."""
    pieces = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
    made = st.one_of(pieces, st.text(min_size=1, max_size=30), st.tuples(pieces, st.text(max_size=10)).map("".join))
    return made.filter(lambda text: not any(same_heading(text, each) for each in PLACED))


def observed_values() -> st.SearchStrategy[Any]:
    """What a kind may have observed, as JSON has it."""
    piece = st.sampled_from(PIECES)
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), piece)
    units = st.sampled_from(["s", "bytes", "ratio", "|"])
    quantities = st.fixed_dictionaries({"value": st.one_of(st.none(), st.floats(), st.integers()), "unit": units})
    return st.one_of(
        scalars, quantities, st.lists(scalars, max_size=3), st.dictionaries(piece, quantities | scalars, max_size=3)
    )


SHAPES = st.builds(
    Shape,
    statuses=st.tuples(*[st.sampled_from([Status.FAIL, Status.ERROR, Status.WARN])] * 2),
    state=st.sampled_from(["clear", "breached", "unknown"]),
    decided=st.sampled_from([None, *Decided]),
    overridden=st.booleans(),
)


@st.composite
def hostile_runs(draw: st.DrawFn) -> Hostile:
    """A small run, with two checks, in which everything that can be text is hostile."""
    shape = draw(SHAPES)
    pool = draw(st.lists(texts(), min_size=LEAST_TEXTS, max_size=LEAST_TEXTS + 4, unique=True))
    values = draw(st.lists(observed_values(), min_size=1, max_size=3))
    measure = draw(st.sampled_from(["errors.rate", "latency.p95", "requests.rate", pool[0]]))
    return run_of(shape, pool, values, draw(st.floats() | st.integers()), measure)


def run_of(
    shape: Shape, pool: Sequence[str], values: Sequence[Any], number: float, measure: str = "errors.rate"
) -> Hostile:
    """A run of a shape, with these texts and values in turn."""
    text = partial(next, cycle(pool))
    record = _record(shape, text, cycle(values), number, measure)
    (stage,) = record.stages
    if shape.one_heading:
        stage = stage.model_copy(update={"title": stage.section})
        record = record.model_copy(update={"stages": (stage,)})
    drawn = Shape(
        shape.statuses,
        shape.state,
        shape.decided,
        shape.overridden,
        one_heading=same_heading(stage.title, stage.section),
    )
    return Hostile(drawn, record, _decision(shape, text, record))


def _record(shape: Shape, text: Callable[[], str], values: Iterable[Any], number: float, measure: str) -> RunRecord:
    value = partial(next, iter(values))
    covers = (Covered(line=1, text=text()),)
    criterion = Criterion(
        id=f"{text()}c",
        title=text(),
        covers=covers,
        state=shape.state,
        measure=measure,
        observed=number,
        ci=(number, number),
        expected=text(),
        for_s=abs(number) if abs(number) < 1e9 else 0.0,
        samples=10**20,
        breached_since=records.START,
        reason=text(),
        runbook=text(),
    )
    step = ProcedureStep(
        id=f"{text()}s", title=text(), covers=covers, state="not_ready", dry_run=(text(), text()), reason=text()
    )
    return records.record(
        (
            _result(text, value, "first", shape.statuses[0], kind="metric", covers=covers),
            _result(text, value, "second[a]", shape.statuses[1], kind="rollup", covers=covers, parts=("first", text())),
        ),
        verdict=Verdict.HOLD,
        reasons=(text(), text()),
        stages=(StageRecord(id="one", title=text(), section=text(), verdict=Verdict.HOLD),),
        criteria=(criterion,),
        procedure=(step,),
        approvals=tuple(ApprovalState(role=f"{text()}{each}", title=text(), covers=covers) for each in "ab"),
        findings=(text(),),
        reruns=(Rerun(checks=(text(), text()), reason=text(), by=text(), at=records.START),),
        release=ReleaseRecord(name=text(), version=text(), epic=text(), build=text()),
        profile=text(),
        profile_values={text(): text()},
        target=TargetRecord(url=text(), version=text(), build=text(), instances=(text(),), synthetic="some"),
    )


def _result(text: Callable[[], str], value: Callable[[], Any], check_id: str, status: Status, **facts: Any) -> Result:
    name = text()
    evidence = (EvidenceFile(name=text(), path=text(), sha256=text(), bytes=10**20),)
    attempts = (
        records.attempt(Status.FAIL, reason=text(), observed={text(): value()}),
        records.attempt(Status.FAIL, 1, reason=text()),
    )
    before = {"status": Status.FAIL, "reason": text(), "attempts": attempts, "because": text(), "evidence": evidence}
    windows = value()
    return records.result(
        check_id,
        status,
        title=text(),
        stage="one",
        expected={name: text(), "value": text()},
        observed={"value": value(), "ci": windows, "windows": windows, "unit": text(), name: text(), text(): value()},
        reason=text(),
        remedy=text(),
        why=text(),
        runbook=text(),
        waiver={"id": text(), "approver": text(), "owner": text(), "reason": text(), "expires": text()},
        attempts=attempts,
        evidence=evidence,
        earlier=({**before, "started_at": records.START, "duration_ms": 1.0},),
        **facts,
    )


def _decision(shape: Shape, text: Callable[[], str], record: RunRecord) -> Decision | None:
    """What a gate says, with every text that a person or another run gave hostile."""
    if shape.decided is None:
        return None
    standing: tuple[State, State] = ("approved", "invalid")
    states = [
        RoleState(each.role, state, text(), text(), records.START, text(), text())
        for each, state in zip(record.approvals, standing, strict=True)
    ]
    override = Overridden("tech-lead", text(), text(), records.START, records.START, text(), (text(), text()))
    return Decision(
        decision=shape.decided,
        evidence_verdict=record.verdict,
        approvals=tuple(states),
        changed_files=(text(),),
        reasons=(text(), text()),
        requirements=(RequirementState(text(), Verdict.HOLD, text(), text()),),
        override=override if shape.overridden else None,
    )


def examples(usual: int) -> int:
    """How many runs a test makes: `usual`, or as many as hold what `HOSTILE_INPUTS` asks for."""
    asked = os.environ.get("HOSTILE_INPUTS")
    return usual if asked is None else -(-int(asked) // LEAST_TEXTS)
