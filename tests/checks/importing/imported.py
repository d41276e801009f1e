"""Pages imported for tests: their checks by the page's line."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from checks.importing.page import import_page
from checks.yaml_reader import read_yaml


def imported(text: str) -> dict[str, Any]:
    """The checklist of a page, as data."""
    data: dict[str, Any] = read_yaml(import_page(text, "page.md").text.encode(), "checklist.yaml").data
    return data


def checks_by_line(checklist: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """The checks of a checklist by the first line of the page that each covers."""
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for stage in checklist["stages"]:
        for check in stage["checks"]:
            covers = check["covers"] if isinstance(check["covers"], list) else [check["covers"]]
            found[covers[0]["line"]].append(check)
    return found


def made_of(body: str) -> list[dict[str, Any]]:
    """The checks of a page of one box, without what every check has."""
    checks = imported(body)["stages"][0]["checks"]
    return [{key: value for key, value in check.items() if key not in {"id", "title", "covers"}} for check in checks]
