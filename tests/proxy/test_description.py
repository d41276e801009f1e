"""The software's own description: complete, each thing once, and true of a server that runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from proxy.description import describe
from proxy.errors import ERRORS, ErrorType
from proxy.settings import described, read_settings


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return describe()


def _names(description: dict[str, Any], part: str) -> Sequence[str]:
    keys = {"settings": ("name",), "errors": ("code",), "endpoints": ("method", "path")}
    found = description[part]
    return [" ".join(each[key] for key in keys[part]) for each in found] if part in keys else found


@pytest.mark.parametrize("part", ["settings", "errors", "error_types", "commands", "log_fields", "endpoints", "models"])
def test_each_thing_is_named_once(description: dict[str, Any], part: str) -> None:
    names = _names(description, part)
    assert names
    assert len(names) == len(set(names))
    assert all(name == name.strip() for name in names)


def test_it_is_json(description: dict[str, Any]) -> None:
    assert json.loads(json.dumps(description, allow_nan=False)) == description


def test_the_defaults_are_those_of_an_empty_environment(
    description: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in described():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/of/nobody")
    effective = read_settings().effective()
    defaults = {each["name"]: each["default"] for each in description["settings"]}
    assert defaults.pop("IMAGE_PROXY_API_KEYS") == ""
    assert defaults.pop("IMAGE_PROXY_INSTANCE") == ""
    assert effective.pop("IMAGE_PROXY_INSTANCE") == "127.0.0.1:8045"
    home = effective.pop("IMAGE_PROXY_HOME")
    assert home == defaults.pop("IMAGE_PROXY_HOME").replace("~", "/home/of/nobody")
    assert defaults == effective


def test_every_error_of_the_table_is_there(description: dict[str, Any]) -> None:
    assert {each["code"]: each["status"] for each in description["errors"]} == {
        code: kind.status for code, kind in ERRORS.items()
    }
    assert {each["error_type"] for each in description["errors"]} == set(ErrorType) == set(description["error_types"])


def test_commands_of_a_group_carry_its_name(description: dict[str, Any]) -> None:
    assert {"serve", "init", "cache stats", "cache verify", "cache purge"} <= set(description["commands"])
    assert "cache" not in description["commands"]


def test_the_log_fields_are_those_of_the_contract(description: dict[str, Any]) -> None:
    promised = (
        "ts level event version build instance synthetic request_id endpoint model prompt_hash n images size "
        "aspect_ratio image_size quality style safety_threshold cache status error_type error_code account "
        "generation_time_ms duration_ms"
    )
    assert set(description["log_fields"]) == set(promised.split())


def test_the_endpoints_name_the_method_that_they_accept(description: dict[str, Any]) -> None:
    names = _names(description, "endpoints")
    assert {"POST /v1/images/generations", "POST /v1/images/edits", "GET /healthz", "GET /internal/stats"} <= set(names)


def test_the_environment_is_not_read(description: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "never")
    monkeypatch.setenv("IMAGE_PROXY_NONSENSE", "1")
    assert describe() == description
