from __future__ import annotations

from pathlib import Path

import pytest

from checks.answers import read_answers
from checks.engine import Options
from checks.errors import ConfigurationError
from checks.outcome import Status
from tests.checks.running import checklist, conducted, stage, write

ASK = {"id": "looks", "title": "It looks right", "kind": "ask", "question": "Does it?", "role": "qa-lead"}


def test_an_answer_given_beforehand_counts_with_its_name(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("looks: {answer: yes it does, by: Q. A., at: '2026-01-11T10:00:00Z'}\n")
    path = write(tmp_path, checklist(stage({**ASK, "expect": {"contains": "yes"}})))
    found = conducted(path, options=Options(answers=read_answers(answers)))
    assert (found["looks"].status, found["looks"].observed["by"]) == (Status.PASS, "Q. A.")


def test_without_an_answer_a_person_is_awaited(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(ASK))))
    assert (found["looks"].status, found.record.verdict) == (Status.PENDING, "HOLD")


@pytest.mark.parametrize("content", ["- looks\n", "looks: [\n", ""])
def test_what_is_no_answers_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"answers\.yaml"):
        read_answers(path)


def test_a_missing_answers_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the file: No such file"):
        read_answers(tmp_path / "none.yaml")
