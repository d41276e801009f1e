"""A whole page, of the shapes that release pages have: what each of its lines becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.importing.page import import_page
from checks.linting import lint_checklist
from tests.checks.importing.imported import checks_by_line, imported

PAGE = Path(__file__).parent / "pages" / "image-service.md"
TEXT = PAGE.read_text()
CHECKLIST = imported(TEXT)
CHECKS = checks_by_line(CHECKLIST)


def at(quotation: str) -> list[dict[str, Any]]:
    """The checks of the first line that holds a text."""
    number = next(number for number, line in enumerate(TEXT.splitlines(), 1) if quotation in line)
    return CHECKS[number]


def test_every_claim_is_covered_and_nothing_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "checklist.yaml"
    path.write_text(import_page(TEXT, "page.md").text)
    assert lint_checklist(path, PAGE, {})[0] == []


def test_most_boxes_are_looked_at_by_a_machine() -> None:
    counts = import_page(TEXT, "page.md").counts
    assert (counts.boxes, counts.machine, counts.questions) == (28, 26, 2)


@pytest.mark.parametrize(
    ("quotation", "kinds"),
    [
        ("All 120 unit tests", ["command"]),
        ("Build successful", ["command"]),
        ("Formatting verified", ["command"]),
        ("Unit tests: 40+", ["command", "ask"]),
        ("Style agreed", ["ask"]),
        ("PIC-001 Complete", ["document"]),
        ("Operations guide created", ["document"]),
        ("Variables set", ["settings"]),
        ("Cache folder created", ["file"]),
        ("Backup settings", ["backup"]),
        ("Backup database", ["backup"]),
        ("Build application", ["command"]),
        ("Install it", ["ask"]),
        ("Test 1", ["http"]),
        ("Test 2", ["sequence", "log"]),
        ("Test 3", ["http", "ask"]),
        ("Test 4", ["log"]),
        ("Watch for first hour", ["metric", "metric", "metric", "log"]),
        ("Cache hit rate ≥25%", ["metric"]),
        ("Caching working", ["sequence", "ask"]),
        ("Error logging working", ["log", "log"]),
        ("| PIC-001", ["rollup"]),
        ("| PIC-003", ["ask"]),
        ("AC-1", ["rollup", "ask"]),
        ("Tag the release", ["ask"]),
    ],
)
def test_kinds(quotation: str, kinds: list[str]) -> None:
    assert [check["kind"] for check in at(quotation)] == kinds


def test_the_formatter_looks_and_does_not_write() -> None:
    assert at("Formatting verified")[0]["command"] == ["cargo", "fmt", "--check"]


def test_tests_are_counted() -> None:
    assert at("All 120 unit tests")[0]["expect"]["stdout"] == {
        "matches": r"\b(?:12[0-9]|1[3-9][0-9]|[2-9][0-9]{2}|[1-9][0-9]{3,}) passed"
    }
    assert at("Unit tests: 40+")[0]["why"] == "The page gives no command here; this is that of line 11."


def test_a_document_is_as_long_as_the_page_says() -> None:
    assert at("Operations guide created")[0]["expect"] == {"lines": {"at_least": 300}}


def test_a_placeholder_is_something_to_do() -> None:
    (build,) = at("Build application")
    assert (build["cwd"], build["todo"]) == ("/path/to/pictures", "Replace the placeholder by the real path or value.")


def test_requests_go_to_the_target_with_its_key_and_a_prompt_of_their_own() -> None:
    assert CHECKLIST["target"] == {
        "url": "http://localhost:9045",
        "api_key": "${env:PICTURES_KEY}",
        "logs": {"paths": ["~/.pictures/logs/pictures.log"]},
    }
    (drawn,) = at("Test 1")
    assert drawn["json"] == {"prompt": "a lighthouse in fog ${run.nonce}-81", "n": 1}
    assert drawn["expect"] == {"status": 200, "image.valid": True, "image.count": 1}
    assert drawn["effect"] == "paid"


def test_a_repeated_request_must_be_faster_with_the_same_picture() -> None:
    twice, log = at("Test 2")
    assert [step["name"] for step in twice["steps"]] == ["first", "second"]
    assert twice["steps"][0]["json"] == twice["steps"][1]["json"]
    assert twice["expect"]["times_faster"] == {"above": 2}
    assert twice["expect"]["same_image"] is True
    assert (log["text"], log["needs"]) == ("Cache hit", [twice["id"]])


def test_what_an_answer_cannot_show_is_asked() -> None:
    answered, asked = at("Test 3")
    assert answered["title"].endswith("the request is answered as expected by its status")
    assert "Uses the OFF threshold" in asked["question"]


def test_watching_is_repeated() -> None:
    assert [check.get("expect") for check in at("Watch for first hour")] == [
        {"below": "5%"},
        {"below": "4s"},
        {"above": "0%"},
        {"count": 0},
    ]
    assert {json.dumps(check["repeat"]) for check in at("Watch for first hour")} == {'{"every": "10m", "for": "1h"}'}


def test_a_rate_is_that_of_the_log_after_the_warm_up() -> None:
    (rate,) = at("Cache hit rate ≥25%")
    assert (rate["measure"], rate["warm_up"], rate["expect"]) == ("cache.hit_rate", "2h", {"at_least": "25%"})


def test_prompts_of_the_page_must_not_be_in_the_log() -> None:
    fields, texts = at("Error logging working")
    assert fields["required_fields"] == ["error_type", "prompt_hash"]
    assert texts["absent_text"] == ["a lighthouse in fog", "a pier"]


def test_criteria() -> None:
    criteria = CHECKLIST["rollback"]["criteria"]
    assert [(each.get("measure"), each.get("breach"), each.get("for")) for each in criteria[:2]] == [
        ("errors.rate", {"above": "10%"}, "5m"),
        ("latency.generated.p50", {"above": "140%"}, "15m"),
    ]
    resting = [check for each in criteria[2:] for check in each["any_fails"]]
    stage = next(stage for stage in CHECKLIST["stages"] if stage["id"] == "rollback-criteria")
    assert [(check["id"], check["kind"]) for check in stage["checks"]] == list(
        zip(resting, ["ask", "metric", "sqlite"], strict=True)
    )
    assert stage["checks"][0]["expect"] == "no"


def test_the_procedure_does_what_is_sure() -> None:
    steps = [set(step) - {"id", "title", "covers"} for step in CHECKLIST["rollback"]["procedure"]]
    assert steps == [{"stop"}, {"restore"}, {"restore"}, set(), {"verify"}, set()]
    restore = CHECKLIST["rollback"]["procedure"][2]["restore"]
    assert restore == {"newest": "backups/pictures*", "to": "~/.pictures/pictures.db"}
    verify = CHECKLIST["rollback"]["procedure"][4]["verify"]
    assert verify == [["signoff", "run", "--stage", "step-3-smoke-tests", "--non-interactive"]]


def test_signatures_are_roles_and_next_steps_wait_for_them() -> None:
    assert [each["role"] for each in CHECKLIST["approvals"]] == ["integration-lead", "qa-lead"]
    assert [stage["id"] for stage in CHECKLIST["stages"] if stage.get("after") == "approval"] == ["next-steps"]


def test_what_is_said_again_is_rolled_up() -> None:
    assert at("| PIC-001")[0]["all_of"] == [at("PIC-001 Complete")[0]["id"]]
    rolled, asked = at("AC-1")
    assert rolled["all_of"] == ["pic-001-complete", "pic-002-complete", "operations-guide-created"]
    assert asked["question"] == "AC-1: Finished; Everybody is happy"
