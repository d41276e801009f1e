"""Checks that can be run and show little: each weakness with what to do about it. `lint` warns of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from checks.check import Check
from checks.checklist import RollbackCriterion
from checks.entries import Entry
from checks.importing.programs import program_of
from checks.kinds.command import CommandCheck
from checks.kinds.http import HttpCheck
from checks.kinds.metric import MetricCheck
from checks.metrics.measures import MEASURES
from checks.rollback.steps import DOES, RollbackStep

_SHELL = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1"}
_VARIABLE = re.compile(r"\$\$?\{?[A-Za-z_]")


class Weakness(NamedTuple):
    """Where below the check it stands, and what it is."""

    place: tuple[str, ...]
    message: str


def weaknesses(entry: Entry, check: Check) -> Iterator[Weakness]:
    """Everything that is weak about a check, as it was written and as it was bound."""
    for rule in RULES:
        yield from rule(entry, check)


def weak_criterion(criterion: RollbackCriterion) -> str | None:
    """What is weak about a criterion."""
    return _rate_without_samples(criterion.measure, criterion.model_fields_set)


def weak_step(step: RollbackStep) -> str | None:
    """What is weak about a step of the procedure."""
    if not any(getattr(step, field) for field in DOES):
        return f"the step does nothing, so that the procedure is never ready; give it one of {', '.join(DOES)}"
    return None


def _cannot_fail(entry: Entry, check: Check) -> Iterator[Weakness]:
    for name, expected in check.expect.items():
        if expected.is_trivial:
            yield Weakness(("expect", name), f"{name} {expected} cannot fail")


def _no_timeout(entry: Entry, check: Check) -> Iterator[Weakness]:
    runs = getattr(check, "command", True) is not None
    if check.slow and runs and "timeout" not in entry.raw:
        yield Weakness((), f"{check.kind} may be slow, and has no `timeout` of its own: {check.timeout:g} s hold")


def _few_samples(entry: Entry, check: Check) -> Iterator[Weakness]:
    if isinstance(check, MetricCheck) and (message := _rate_without_samples(check.measure, check.model_fields_set)):
        yield Weakness(("measure",), message)


def _rate_without_samples(measure: str | None, given: set[str]) -> str | None:
    if measure is not None and MEASURES[measure].unit == "rate" and "min_samples" not in given:
        return f"{measure} is a rate, and `min_samples` does not say how many requests it needs"
    return None


def _echo(entry: Entry, check: Check) -> Iterator[Weakness]:
    if not isinstance(check, CommandCheck):
        return
    program, *arguments = check.command
    shows = program in {"echo", "printf"} and any(_VARIABLE.search(each) for each in arguments)
    if shows or program in {"printenv", "env"}:
        message = f"{program} shows variables of the operator's own shell; the kind `settings` asks the server"
        yield Weakness(("command",), message)


def _shell(entry: Entry, check: Check) -> Iterator[Weakness]:
    if isinstance(check, CommandCheck) and (found := _SHELL & set(check.command)):
        yield Weakness(("command",), f"no shell reads the command, so {min(found)} is an argument like any other")


def _known_program(entry: Entry, check: Check) -> Iterator[Weakness]:
    if not isinstance(check, CommandCheck):
        return
    known = program_of(check.command)
    if known is None:
        return
    name = " ".join(known.start)
    if known.add and known.unless not in check.command:
        yield Weakness(("command",), f"{name} rewrites files and always ends well; add {known.unless}")
    if known.passed and set(check.expect) <= {"exit_code", "duration"}:
        yield Weakness(("expect",), f"{name} ends well where it selects no test; expect a number of tests in `stdout`")


def _any_status(entry: Entry, check: Check) -> Iterator[Weakness]:
    if isinstance(check, HttpCheck) and "status" not in check.expect:
        yield Weakness(("expect",), "the answer's `status` is not expected, so any would do")


def _todo(entry: Entry, check: Check) -> Iterator[Weakness]:
    if check.todo:
        yield Weakness(("todo",), f"to do: {check.todo}")


RULES: tuple[Callable[[Entry, Check], Iterator[Weakness]], ...] = (
    _cannot_fail,
    _no_timeout,
    _few_samples,
    _echo,
    _shell,
    _known_program,
    _any_status,
    _todo,
)
"""Every rule, in the order in which warnings of one check are told."""
