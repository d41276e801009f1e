from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.linting import lint_checklist
from tests.checks.running import checklist, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def check(kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": "a", "title": "A", "kind": kind, **fields}


def command(*argv: str, **fields: Any) -> dict[str, Any]:
    return check("command", **{"command": list(argv), "expect": {"exit_code": 0}, **fields})


RATE = {"measure": "errors.rate", "expect": {"below": "5%"}}
BACKUP = {"of": ["x"], "to": "b", "expect": {"restored": True}}
JUNIT = {"report": "x.xml", "expect": {"failed": 0}}

WEAK = [
    (told("a", None, expect={"value": {"at_least": 0}}), "value at least 0 cannot fail"),
    (check("backup", **BACKUP), "backup may be slow, and has no `timeout` of its own: 60 s hold"),
    (check("junit", **JUNIT, command=["make"]), "junit may be slow, and has no `timeout` of its own: 60 s hold"),
    (check("metric", **RATE), "errors.rate is a rate, and `min_samples` does not say how many requests it needs"),
    (command("echo", "$HOME"), "echo shows variables of the operator's own shell; the kind `settings` asks the server"),
    (command("printenv", "HOME"), "printenv shows variables of the operator's own shell; the kind `settings`"),
    (command("ls", "|", "wc"), "no shell reads the command, so | is an argument like any other"),
    (command("cargo", "fmt"), "cargo fmt rewrites files and always ends well; add --check"),
    (command("pytest", "-q"), "pytest ends well where it selects no test; expect a number of tests in `stdout`"),
    (check("http", url="/", expect={"body": "x"}), "the answer's `status` is not expected, so any would do"),
    (told("a", todo="see to it"), "to do: see to it"),
]
STRONG = [
    told("a", None, expect={"value": {"at_least": 1}}),
    check("backup", **BACKUP, timeout="5m"),
    check("junit", **JUNIT),
    check("metric", **RATE, min_samples=100),
    check("metric", measure="latency.p95", expect={"below": "5s"}),
    command("echo", "ready"),
    command("cargo", "fmt", "--check"),
    command("pytest", "-q", expect={"exit_code": 0, "stdout": {"matches": "[1-9][0-9]* passed"}}),
    check("http", url="/", expect={"status": 200}),
]


@pytest.mark.parametrize(("weak", "message"), WEAK, ids=[message for _, message in WEAK])
def test_what_is_weak_is_a_warning_with_its_place(tmp_path: Path, weak: dict[str, Any], message: str) -> None:
    path = write(tmp_path, checklist(stage(weak)))
    errors, warnings = lint_checklist(path, None, {})
    assert errors == []
    (warning,) = warnings
    assert warning.message.startswith(f"a: {message}")
    assert warning.line is not None
    assert warning.line > 5


@pytest.mark.parametrize("strong", STRONG, ids=repr)
def test_what_is_strong_is_none(tmp_path: Path, strong: dict[str, Any]) -> None:
    assert lint_checklist(write(tmp_path, checklist(stage(strong))), None, {}) == ([], [])


def test_criteria_and_steps_of_the_rollback(tmp_path: Path) -> None:
    criterion = {"id": "c", "title": "C", "measure": "errors.rate", "breach": {"above": "5%"}, "for": "5m"}
    rollback = {"criteria": [criterion], "procedure": [{"id": "p", "title": "P"}]}
    _, warnings = lint_checklist(write(tmp_path, checklist(stage(told("a")), rollback=rollback)), None, {})
    assert [each.message.partition(":")[0] for each in warnings] == ["c", "p"]


@pytest.mark.parametrize("kind", ["file", "command", "http", "metric"])
def test_a_check_that_expects_nothing_is_an_error(tmp_path: Path, kind: str) -> None:
    fields: dict[str, dict[str, Any]] = {
        "file": {"path": "x"},
        "command": {"command": ["x"]},
        "http": {"url": "/"},
        "metric": {"measure": "errors.rate"},
    }
    errors, _ = lint_checklist(write(tmp_path, checklist(stage(check(kind, **fields[kind])))), None, {})
    message = "a: nothing is expected, so nothing would be checked; give the check an `expect`"
    assert [each.message for each in errors] == [message]
