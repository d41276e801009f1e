"""Records whose every text is hostile: made of what breaks out of tables, fences, links, HTML and terminals."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Any

from hypothesis import strategies as st

from checks.outcome import (
    ApprovalState,
    Covered,
    Criterion,
    EvidenceFile,
    ProcedureStep,
    ReleaseRecord,
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


def texts() -> st.SearchStrategy[str]:
    """Any text, and texts put together of what is known to break out."""
    pieces = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
    return st.one_of(pieces, st.text(min_size=1, max_size=30), st.tuples(pieces, st.text(max_size=10)).map("".join))


def observed_values() -> st.SearchStrategy[Any]:
    """What a kind may have observed, as JSON has it."""
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts())
    units = st.sampled_from(["s", "bytes", "ratio", "|"])
    quantities = st.fixed_dictionaries({"value": st.one_of(st.none(), st.floats(), st.integers()), "unit": units})
    return st.one_of(
        scalars, quantities, st.lists(scalars, max_size=3), st.dictionaries(texts(), quantities | scalars, max_size=3)
    )


@st.composite
def hostile_records(draw: st.DrawFn) -> RunRecord:
    """A small record, with two checks, in which everything that can be text is hostile."""
    pool = cycle(draw(st.lists(texts(), min_size=1, max_size=7)))
    values = draw(st.tuples(observed_values(), observed_values(), observed_values()))
    number = draw(st.floats() | st.integers())
    stage = StageRecord(id="one", title=next(pool), section=next(pool), verdict=Verdict.HOLD)
    covers = (Covered(line=draw(st.integers(1, 500)), text=next(pool)),)
    text = partial(next, pool)
    statuses = draw(st.tuples(*[st.sampled_from([Status.FAIL, Status.ERROR, Status.WARN])] * 2))
    return records.record(
        (
            _result(text, values, "first", statuses[0], kind="metric", covers=covers),
            _result(text, values, "second[a]", statuses[1], kind="rollup", covers=covers, parts=("first", text())),
        ),
        verdict=Verdict.HOLD,
        reasons=(text(), text()),
        stages=(stage,),
        criteria=(
            Criterion(
                id=text(),
                title=text(),
                covers=covers,
                state=draw(st.sampled_from(["clear", "breached", "unknown"])),
                measure=draw(st.sampled_from(["errors.rate", "latency.p95", "requests.rate", text()])),
                observed=number,
                ci=(number, number),
                expected=text(),
                for_s=draw(st.floats(0, 1e9)),
                samples=draw(st.integers(0, 10**20)),
                breached_since=records.START,
                reason=text(),
                runbook=text(),
            ),
        ),
        procedure=(
            ProcedureStep(
                id=text(), title=text(), covers=covers, state="not_ready", dry_run=(text(), text()), reason=text()
            ),
        ),
        approvals=(ApprovalState(role=text(), title=text(), covers=covers),),
        findings=(text(),),
        release=ReleaseRecord(name=text(), version=text(), epic=text(), build=text()),
        profile=text(),
        profile_values={text(): text()},
        target=TargetRecord(url=text(), version=text(), build=text(), instances=(text(),), synthetic="some"),
    )


def _result(text: Callable[[], str], values: Sequence[Any], check_id: str, status: Status, **facts: Any) -> Result:
    name = text()
    return records.result(
        check_id,
        status,
        title=text(),
        stage="one",
        expected={name: text(), "value": text()},
        observed={"value": values[0], "ci": values[1], "windows": values[1], "unit": text(), name: values[2]},
        reason=text(),
        remedy=text(),
        why=text(),
        runbook=text(),
        waiver={"id": text(), "approver": text(), "owner": text(), "reason": text(), "expires": text()},
        attempts=(
            records.attempt(Status.FAIL, reason=text(), observed={text(): values[0]}),
            records.attempt(Status.FAIL, 1, reason=text()),
        ),
        evidence=(EvidenceFile(name=text(), path=text(), sha256=text(), bytes=10**20),),
        **facts,
    )


def examples(usual: int) -> int:
    """How many records a test makes: `usual`, or as many as `make hostile` asks for."""
    return int(os.environ.get("HOSTILE_EXAMPLES", usual))


@st.composite
def hostile_decisions(draw: st.DrawFn) -> Decision:
    """What a gate says, with every text that a person or another run gave hostile."""
    text = partial(draw, texts())
    standing: list[tuple[str, State]] = [("qa-lead", "approved"), ("tech-lead", "invalid")]
    states = [RoleState(role, state, text(), text(), records.START, text(), text()) for role, state in standing]
    override = Overridden("tech-lead", text(), text(), records.START, records.START, text(), (text(), text()))
    return Decision(
        decision=draw(st.sampled_from(Decided)),
        evidence_verdict=draw(st.sampled_from([None, *Verdict])),
        approvals=tuple(states),
        changed_files=(text(),),
        reasons=(text(), text()),
        requirements=(RequirementState(text(), Verdict.HOLD, text(), text()),),
        override=draw(st.sampled_from([None, override])),
    )
