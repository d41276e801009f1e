"""The documents name what the software has, all of it and nothing else, and their links lead somewhere."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
import typer.main

from checks.markdown_links import broken_links
from checks.metrics.measures import MEASURES
from proxy.description import describe
from proxy.faults.catalogue import Faults
from proxy.faults.service import PATH
from signoff.main import application as signoff_line
from tests.runbooks.documents import NAMES, ROOT, SETTING, document, everything, plain, sections, tables

pytestmark = pytest.mark.story("007-05")

CLIENTS_OWN = "IMAGE_PROXY_API_KEY"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return describe()


@pytest.mark.parametrize("name", NAMES)
def test_links_and_anchors_lead_somewhere(name: str) -> None:
    assert document(name).links
    assert broken_links(document(name), ROOT) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_section_is_empty_and_no_line_too_often_the_same(name: str) -> None:
    assert document(name).empty_sections == []
    lines = [line.strip() for line in document(name).text.splitlines() if line.strip()]
    assert len(set(lines)) > 0.75 * len(lines)


@pytest.mark.parametrize(
    ("name", "least", "headings"),
    [
        ("configuration", 500, ["Environment variables", "Configuration profiles", "Tuning"]),
        ("operations", 600, ["Deployment procedures", "Monitoring", "Troubleshooting", "Maintenance"]),
        ("workflow", 100, ["Safety settings", "Error logging", "Caching"]),
        ("testing", 100, ["Unit tests", "End-to-end tests", "Integration tests"]),
        ("troubleshooting", 100, ["Error types", "Error codes"]),
        (
            "rollback",
            100,
            [
                *("Error rate", "Cache failure", "Degradation", "Vulnerability", "Safety malfunction"),
                *("Data corruption", "Procedure"),
            ],
        ),
    ],
)
def test_length_and_headings_that_the_checklist_asks_for(name: str, least: int, headings: list[str]) -> None:
    assert sum(bool(line.strip()) for line in document(name).text.splitlines()) >= least
    assert {heading.text for heading in document(name).headings} >= set(headings)


def test_the_anchors_that_the_checklist_links_to_are_there() -> None:
    links = re.findall(r"runbooks/([a-z]+)\.md(?:#([\w-]+))?", (ROOT / "checklist.yaml").read_text())
    assert links
    assert [link for link in links if link[1] and link[1] not in document(link[0]).anchors] == []


def test_the_configuration_guide_has_every_setting_and_its_default(description: dict[str, Any]) -> None:
    (table, *_) = tables("configuration", "Environment variables")
    words = {"empty": "", "host and port": ""}
    given = {plain(name): words.get(plain(default), plain(default)) for name, default, _ in table}
    assert given == {each["name"]: each["default"] for each in description["settings"]}
    assert list(sections("configuration", 3, "Settings one by one")) == list(given)


def test_each_setting_is_explained_with_its_bad_value_and_how_to_see_it() -> None:
    for name, text in sections("configuration", 3, "Settings one by one").items():
        assert {"Meaning", "Default", "Bad value", "Change it", "See it"} <= set(re.findall(r"\*\*([^*:]+)", text)), (
            name
        )


def test_no_document_names_a_setting_that_is_not_there(description: dict[str, Any]) -> None:
    known = {each["name"] for each in description["settings"]} | {CLIENTS_OWN}
    named = {(name, setting) for name, code in everything() for setting in SETTING.findall(code)}
    assert {each for each in named if each[1] not in known} == set()


def test_the_table_of_errors_is_the_code_s(description: dict[str, Any]) -> None:
    (_, table) = tables("troubleshooting", "How to read an error")
    given = [[plain(cell) for cell in row[:4]] for row in table]
    errors = description["errors"]
    assert given == [[each["code"], str(each["status"]), each["type"], each["error_type"]] for each in errors]


def test_each_error_code_and_type_has_its_section(description: dict[str, Any]) -> None:
    codes = sections("troubleshooting", 3, "Error codes")
    types = sections("troubleshooting", 3, "Error types")
    assert list(codes) == [each["code"] for each in description["errors"]]
    assert sorted(types) == sorted(description["error_types"])
    for name, text in (codes | types).items():
        parts = {"Meaning", "Likely causes", "Confirm", "Do", "Do not"}
        assert parts <= set(re.findall(r"^- \*\*([^*:]+):\*\*", text, re.MULTILINE)), name
    for each in description["errors"]:
        assert f'{each["status"]}, `"code": "{each["code"]}"`' in codes[each["code"]]


def test_no_document_names_an_error_type_that_is_not_there(description: dict[str, Any]) -> None:
    named = {found for _, code in everything() for found in re.findall(r"\b[A-Z]+_(?:ERROR|REFUSAL)\b", code)}
    assert named == set(description["error_types"])


def test_the_table_of_log_fields_is_the_log_s(description: dict[str, Any]) -> None:
    (fields,) = tables("operations", "Log fields")
    assert [plain(row[0]) for row in fields] == description["log_fields"]


def test_fields_in_queries_are_in_the_log(description: dict[str, Any]) -> None:
    own = {"operation", "cause", "reason", "settings", "pid"}
    for name in NAMES:
        for block in document(name).blocks:
            for line in block.content.splitlines():
                if line.startswith("jq") and ("LOG" in line or "jsonl" in line):
                    asked = set(re.findall(r"(?<![\w/-])\.([a-z_]+)\b(?!/)", line)) - {"jsonl"}
                    assert asked <= {*description["log_fields"], *own}, line


def test_the_table_of_other_events_is_the_code_s() -> None:
    (table,) = tables("operations", "Other events")
    given = {plain(event): (level, set(re.findall(r"\w+", has))) for event, level, has, _ in table}
    written = {event: shape for event, shape in _events().items() if event != "image_request"}
    assert given == written


def _events() -> dict[str, tuple[str, set[str]]]:
    """The events that the proxy's sources write: level and fields of their own, by name."""
    found: dict[str, tuple[str, set[str]]] = {}
    for path in (ROOT / "proxy").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                level, name = node.func.attr.upper(), node.args[0]
                is_event = level in ("INFO", "ERROR") and isinstance(name, ast.Constant)
                if is_event and isinstance(name, ast.Constant) and isinstance(name.value, str):
                    found[name.value] = (level, {str(keyword.arg) for keyword in node.keywords})
    return found


def test_the_table_of_commands_is_the_command_line(description: dict[str, Any]) -> None:
    (commands, _) = tables("operations", "Commands")
    given = [plain(row[0]).removeprefix("image-proxy ") for row in commands]
    assert sorted(given) == sorted(description["commands"])


def test_no_document_names_a_command_that_is_not_there(description: dict[str, Any]) -> None:
    known = set(description["commands"])
    for name, code in everything():
        for found in re.findall(r"(?:^|[`/ ])image-proxy ((?:cache )?[a-z]+)(?=[\s`]|$)", code, re.MULTILINE):
            assert found in known, f"{name}: image-proxy {found}"


def test_no_document_names_a_command_or_option_of_signoff_that_is_not_there() -> None:
    commands: dict[str, Any] = dict(typer.main.get_command(signoff_line).commands)  # type: ignore[attr-defined]  # a group
    commands |= {f"rollback {name}": command for name, command in commands.pop("rollback").commands.items()}
    known = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands.items()
    }
    asked_for = r"\bsignoff ((?:rollback )?[a-z]+)([^|\n]*)"
    found = [(name, *match) for name, code in everything() for match in re.findall(asked_for, code)]
    assert found
    for name, command, rest in found:
        assert command in known, f"{name}: signoff {command}"
        asked = set(re.findall(r"(?<!\S)--[a-z-]+", rest)) - {"--help"}
        assert asked <= known[command], f"{name}: signoff {command} {rest}"


def test_the_table_of_endpoints_is_the_routes(description: dict[str, Any]) -> None:
    (_, endpoints) = tables("operations", "Commands")
    given = [plain(row[0]) for row in endpoints]
    assert given == [f"{each['method']} {each['path']}" for each in description["endpoints"]]


def test_no_document_names_an_endpoint_that_is_not_there(description: dict[str, Any]) -> None:
    known = {f"{each['method']} {each['path']}" for each in description["endpoints"]}
    named = {
        found for _, code in everything() for found in re.findall(r"\b((?:GET|POST) /[a-z0-9/{}-]+(?:\.json)?)", code)
    }
    assert named <= {*known, f"POST {PATH}"}
    assert "GET /healthz" in named


def test_the_table_of_faults_is_the_code_s() -> None:
    (table,) = tables("operations", "Faults for drills")
    given = {plain(name): plain(meaning) for name, _, meaning in table}
    assert given == {name: field.description for name, field in Faults.model_fields.items()}


def test_the_measures_of_the_runbook_are_known() -> None:
    (measures, _) = tables("operations", "What the numbers mean")
    assert {plain(row[0]) for row in measures} <= set(MEASURES)
