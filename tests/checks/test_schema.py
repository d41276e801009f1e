from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from checks.importing.page import import_page
from checks.kinds import registry
from checks.schema import checklist_schema
from checks.yaml_reader import read_yaml
from tests.checks.running import checklist, stage

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).parent / "importing" / "pages" / "image-service.md"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """A validator of the schema, which is itself valid."""
    schema = checklist_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check(kind: str = "command", **fields: Any) -> dict[str, Any]:
    """A check with what every check needs."""
    return {"id": "a", "title": "A", "kind": kind, **fields}


def metric(**fields: Any) -> dict[str, Any]:
    """A metric check."""
    return check("metric", measure="errors.rate", **fields)


def test_the_checklist_that_ships_and_an_imported_one_are_valid(validator: Draft202012Validator) -> None:
    for text in ((ROOT / "checklist.yaml").read_bytes(), import_page(PAGE.read_text(), "page.md").text.encode()):
        assert list(validator.iter_errors(read_yaml(text, "checklist.yaml").data)) == []


GOOD = [
    check(command=["make"], expect={"exit_code": 0, "json.a": {"one_of": [1, "a"]}}),
    check(command=["make"], timeout="2m", retry={"times": "${tries}", "every": "250ms"}, required="${needed}"),
    check(command=["make"], each=[{"id": "one"}], covers=[{"line": "${each.line}", "text": "x"}]),
    metric(expect={"at_least": "30%"}),
    metric(expect={"value": {"at_least": "30%"}, "series": {"trend": "rising"}}, window="${span}"),
    check("ask", question="Well?", role="lead", expect="no", todo="mechanise"),
    check("rollup", all_of=["a"]),
    check("settings", names=["CACHE_BACKEND"], expect={"CACHE_BACKEND": "filesystem"}),
    {"id": "a", "title": "A", "not_applicable": "there is no such thing here", "covers": {"line": 1, "text": "x"}},
]
BAD = [
    (check(command=["make"], exepct={"exit_code": 0}), "exepct"),
    (check(command="make"), "'make' is not of type 'array'"),
    (check(command=[]), "[] should be non-empty"),
    (check("comand", command=["make"]), "'comand' is not one of"),
    ({"id": "a", "title": "A"}, "is not valid under any of the given schemas"),
    (check(), "'command' is a required property"),
    (check(command=["make"], timeout="2 parsecs"), "'2 parsecs' does not match"),
    (check(command=["make"], timeout=60), "60 is not of type 'string'"),
    (check(command=["make"], expect={"exit_kode": 0}), "'exit_kode' does not match"),
    (check(command=["make"], expect={"exit_code": {"atleast": 1}}), "is not valid under any of the given schemas"),
    (check(command=["make"], expect={"exit_code": {}}), "is not valid under any of the given schemas"),
    (check(command=["make"], effect="erase"), "is not valid under any of the given schemas"),
    (metric(min_samples=0), "is not valid under any of the given schemas"),
    (check("file", path="x", expect={"size": {"between": [1]}}), "is not valid under any of the given schemas"),
    (check("sqlite", path=3), "3 is not of type 'string'"),
    (check(command=["make"], id="Not An Id"), "is not valid under any of the given schemas"),
]


@pytest.mark.parametrize("good", GOOD, ids=repr)
def test_good_checks(validator: Draft202012Validator, good: dict[str, Any]) -> None:
    assert [each.message for each in validator.iter_errors(checklist(stage(good)))] == []


@pytest.mark.parametrize(("bad", "message"), BAD, ids=[repr(bad) for bad, _ in BAD])
def test_bad_checks(validator: Draft202012Validator, bad: dict[str, Any], message: str) -> None:
    assert message in "; ".join(each.message for each in validator.iter_errors(checklist(stage(bad))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "1 was expected"),
        ({"relaese": {}}, "'relaese' was unexpected"),
        ({"release": {"name": "x"}}, "'version' is a required property"),
        ({"stages": {}}, "{} is not of type 'array'"),
        ({"waivers": [{"id": "w"}]}, "is a required property"),
        ({"rollback": {"criteria": [{"id": "c"}]}}, "'title' is a required property"),
        ({"profiles": {"p": {"a": [1]}}}, "[1] is not of type 'string', 'number', 'boolean'"),
        ({"target": {"ulr": "http://x"}}, "'ulr' was unexpected"),
    ],
)
def test_bad_files(validator: Draft202012Validator, change: dict[str, Any], message: str) -> None:
    found = validator.iter_errors({**checklist(), **change})
    assert message in "; ".join(each.message for each in found)


def test_every_installed_kind_is_known_plug_ins_too(plugin: Path) -> None:
    schema = checklist_schema()
    assert schema["$defs"]["Check"]["properties"]["kind"]["enum"] == registry.names()
    assert "told" in registry.names()
    known = Draft202012Validator(schema)
    assert list(known.iter_errors(checklist(stage(check("told", status="pass"))))) == []
    assert list(known.iter_errors(checklist(stage(check("told", statsu="pass"))))) != []
