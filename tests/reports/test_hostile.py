"""Nothing from a log, a response, a name or a signer breaks out of its place in any view; all views agree.

`make hostile` makes as many runs as hold 10,000 hostile texts; each run goes through every view.
"""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, given, settings

from reports import markdown
from tests.reports import unbroken
from tests.reports.hostile import Hostile, Shape, examples, hostile_runs, run_of
from tests.reports.parsed import Parsed, parse

BLOCKS = {"heading_open", "table_open", "tr_open", "bullet_list_open", "list_item_open", "blockquote_open", "fence"}


@given(hostile_runs())
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_breaks_out_of_any_view(run: Hostile) -> None:
    record, decision = run.record, run.decision
    report = markdown.render(record, decision=decision)
    assert _blocks(unbroken.markdown_is_unbroken(report, record, decision)) == _of_harmless_words(run.shape)
    unbroken.terminal_is_unbroken(report)
    unbroken.html_is_unbroken(record, decision)
    unbroken.junit_is_unbroken(record, decision)
    unbroken.table_is_unbroken(record, decision)
    unbroken.github_is_unbroken(record, decision)
    if decision is not None:
        unbroken.gate_is_unbroken(decision)


@cache
def _of_harmless_words(shape: Shape) -> list[str]:
    """The blocks of a report of the same shape in which every text is a word."""
    run = run_of(shape, [f"word{number}" for number in range(7)], [1], 1.0)
    assert run.shape == shape
    return _blocks(parse(markdown.render(run.record, decision=run.decision)))


def _blocks(parsed: Parsed) -> list[str]:
    return [kind for kind in parsed.blocks if kind in BLOCKS]
