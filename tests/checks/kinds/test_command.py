from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from pydantic import ValidationError

from checks.judgement import Truncated
from checks.judging import judge
from checks.kinds.command import CommandCheck
from checks.outcome import Observation, Status
from tests.checks.kinds.conftest import Make, MakeContext


def python(source: str) -> list[str]:
    return ["python", "-c", source]


def test_a_program_that_ends_with_0(make: Make, context: MakeContext) -> None:
    check = make(CommandCheck, command=python("print('fine')"), expect={"exit_code": 0})
    observation = check.observe(context())
    seen = observation.properties
    assert (seen["exit_code"], seen["stdout"], seen["stderr"], seen["json"]) == (0, "fine\n", "", None)
    assert 0 < seen["duration"].value < 20
    assert [(each.name, each.content) for each in observation.evidence] == [("stdout.txt", b"fine\n")]


def test_another_exit_code_is_observed(make: Make, context: MakeContext) -> None:
    observation = make(CommandCheck, command=python("import sys; sys.exit('broken')")).observe(context())
    assert observation.status is None
    assert observation.properties["exit_code"] == 1
    assert observation.properties["stderr"] == "broken\n"


def test_json_is_parsed_where_it_is_expected(make: Make, context: MakeContext) -> None:
    check = make(CommandCheck, command=python("print('{\"warnings\": 3}')"), expect={"json.warnings": {"at_most": 5}})
    assert check.observe(context()).properties["json"] == {"warnings": 3}


@pytest.mark.parametrize(
    "printed", ["", "3 warnings", "NaN", '{"rate": Infinity}', "1e999", '{"a": 1, "a": 2}', "[" * 9999]
)
def test_what_is_not_json_is_an_error_where_json_is_expected(printed: str, make: Make, context: MakeContext) -> None:
    check = make(CommandCheck, command=python(f"print({printed!r})"), expect={"json": {"exists": True}})
    observation = check.observe(context())
    assert observation.status is Status.ERROR
    assert "JSON" in observation.reason


def test_runs_where_and_with_what_it_is_told(make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_API_KEY", "of the operator")
    given = context()
    (given.root / "inner").mkdir()
    source = "import os; print(os.getcwd(), os.environ.get('MODE'), os.environ.get('IMAGE_PROXY_API_KEY'))"
    observation = make(CommandCheck, command=python(source), cwd="inner", env={"MODE": "fast"}).observe(given)
    assert observation.properties["stdout"] == f"{given.root / 'inner'} fast None\n"


def _error_of(observation: Observation) -> str:
    assert observation.status is Status.ERROR
    assert "exit_code" not in observation.properties
    return observation.reason


def test_a_program_that_is_not_there_is_an_error(make: Make, context: MakeContext) -> None:
    assert "no-such-program" in _error_of(make(CommandCheck, command=["no-such-program"]).observe(context()))


def test_a_killed_program_is_an_error(make: Make, context: MakeContext) -> None:
    source = "import os, signal; print('so far', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    observation = make(CommandCheck, command=python(source)).observe(context())
    assert "ended by signal SIGKILL" in _error_of(observation)
    assert observation.evidence[0].content == b"so far\n"


def test_a_program_that_does_not_end_is_an_error(make: Make, context: MakeContext) -> None:
    check = make(CommandCheck, command=python("import time; time.sleep(60)"))
    assert "did not end within 0.2 s" in _error_of(check.observe(context(timeout_s=0.2)))


def test_a_stopped_run_is_an_error(make: Make, context: MakeContext) -> None:
    stop = threading.Event()
    stop.set()
    assert "stopped" in _error_of(make(CommandCheck, command=[sys.executable]).observe(context(stop=stop)))


@pytest.mark.parametrize("name", ["stdout", "json"])
def test_nothing_is_told_by_half_an_output(name: str, make: Make, context: MakeContext) -> None:
    check = make(CommandCheck, command=python("print('[' + '1,' * 700_000 + '1]')"), expect={name: {"exists": True}})
    seen = check.observe(context()).properties
    assert isinstance(seen[name], Truncated)
    assert check.expect[name].check(seen[name]).holds is None


@pytest.mark.parametrize("fields", [{"command": []}, {"command": "ls -l"}, {"command": ["ls"], "shell": True}])
def test_a_command_is_a_list(fields: dict[str, Any], make: Make) -> None:
    with pytest.raises(ValidationError):
        make(CommandCheck, **fields)


def test_lines_are_counted_by_pattern(make: Make, context: MakeContext) -> None:
    fields = {"command": ["printf", "ok one\nFAILED two\nok three"], "counts": {"good": "^ok", "bad": "(?i)failed"}}
    check = make(CommandCheck, **fields, expect={"counts.good": 2, "counts.bad": 0})
    status, reason = judge(check, check.observe(context()))
    assert status is Status.FAIL
    assert reason.startswith("counts.bad: ")
    assert "counts.good" not in reason


def test_a_pattern_that_cannot_compile_is_refused(make: Make) -> None:
    with pytest.raises(ValidationError, match="not an RE2 pattern"):
        make(CommandCheck, command=["true"], counts={"x": "("})
