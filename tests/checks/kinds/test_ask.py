from __future__ import annotations

import io
import json
from typing import Any

import pytest

from checks.judging import judge
from checks.kinds.ask import AskCheck
from checks.outcome import Status
from tests.checks.kinds.conftest import Make, MakeContext

QUESTION = "Does the picture show a kite?"


@pytest.fixture
def ask(make: Make) -> AskCheck:
    return make(AskCheck, question=QUESTION, look_at=["evidence/kite.png"], role="qa-lead")


def test_without_a_person_the_answer_is_awaited(ask: AskCheck, context: MakeContext) -> None:
    observation = ask.observe(context())
    assert observation.status is Status.PENDING
    assert QUESTION in observation.reason
    assert "qa-lead" in observation.reason
    assert observation.properties["answer"] is None


@pytest.mark.parametrize("answer", ["yes", "Yes", " y ", True, {"answer": "yes"}])
def test_yes_passes(ask: AskCheck, context: MakeContext, answer: Any) -> None:
    assert ask.observe(context(answers={"it": answer})).status is Status.PASS


@pytest.mark.parametrize("answer", ["no", False, "perhaps", 1, {"answer": "no"}])
def test_all_else_fails(ask: AskCheck, context: MakeContext, answer: Any) -> None:
    observation = ask.observe(context(answers={"it": answer}))
    assert observation.status is Status.FAIL
    assert QUESTION in observation.reason


def test_who_answered_and_when_is_kept(ask: AskCheck, context: MakeContext) -> None:
    given = {"answer": "yes", "by": "the lead", "at": "2026-01-11T10:00:00Z"}
    observation = ask.observe(context(answers={"it": given}))
    assert observation.properties == {"answer": "yes", "by": "the lead", "at": "2026-01-11T10:00:00Z"}
    assert json.loads(observation.evidence[0].content)["question"] == QUESTION


def test_a_bare_answer_is_the_answers_files(ask: AskCheck, context: MakeContext) -> None:
    assert ask.observe(context(answers={"it": "yes"})).properties["by"] == "answers file"


@pytest.mark.parametrize("answer", [{}, {"reply": "yes"}, {"answer": "yes", "note": 1}, {"answer": ["yes"]}, ["yes"]])
def test_an_answer_of_the_wrong_shape_is_an_error(ask: AskCheck, context: MakeContext, answer: Any) -> None:
    assert ask.observe(context(answers={"it": answer})).status is Status.ERROR


@pytest.mark.parametrize("answer", [None, "", "  ", {"answer": None}, "x" * 3000])
def test_no_answer_is_still_awaited(ask: AskCheck, context: MakeContext, answer: Any) -> None:
    assert ask.observe(context(answers={"it": answer})).status is Status.PENDING


def test_the_answer_of_another_check_is_not_taken(ask: AskCheck, context: MakeContext) -> None:
    assert ask.observe(context(answers={"other": "yes"})).status is Status.PENDING


def test_yes_and_no_can_be_expected(make: Make, context: MakeContext) -> None:
    check = make(AskCheck, question="Is anything odd?", role="qa-lead", expect="no")
    assert judge(check, check.observe(context(answers={"it": False})))[0] is Status.PASS
    assert judge(check, check.observe(context(answers={"it": "Yes"})))[0] is Status.FAIL


def test_an_expectation_is_of_the_answer(make: Make, context: MakeContext) -> None:
    fields = {"question": "How many kites?", "role": "qa-lead", "expect": {"at_least": 2}}
    check = make(AskCheck, **fields)
    assert judge(check, check.observe(context(answers={"it": 2})))[0] is Status.PASS
    assert judge(check, check.observe(context(answers={"it": 1})))[0] is Status.FAIL


@pytest.mark.parametrize(("typed", "status"), [("yes\n", Status.PASS), ("no\n", Status.FAIL), ("", Status.PENDING)])
def test_a_person_is_asked_on_the_terminal(
    ask: AskCheck,
    context: MakeContext,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    status: Status,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    observation = ask.observe(context(interactive=True))
    assert observation.status is status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert QUESTION in shown.err
    assert "evidence/kite.png" in shown.err
    if status is Status.PASS:
        assert observation.properties["by"]
        assert observation.properties["at"].endswith("+00:00")
