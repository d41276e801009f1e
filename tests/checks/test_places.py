"""Instances of the target: a check for each, what they say they are, and what follows where they differ."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from checks.loading import load
from tests.checks.kinds.answering import served
from tests.checks.running import VERSION, checklist, conducted, stage, told, write


def thing(told_version: str, instance: str, build: str = "b1") -> Starlette:
    async def identity(request: Request) -> Response:
        return JSONResponse({"version": told_version, "build": build, "instance": instance})

    async def key(request: Request) -> Response:
        return JSONResponse({"key": request.headers.get("authorization"), "instance": instance})

    return Starlette(routes=[Route("/healthz", identity), Route("/key", key)])


@pytest.fixture(scope="module")
def one() -> Iterator[str]:
    with served(thing(VERSION, "i1")) as base:
        yield base


@pytest.fixture(scope="module")
def two() -> Iterator[str]:
    with served(thing(VERSION, "i2")) as base:
        yield base


@pytest.fixture(scope="module")
def older() -> Iterator[str]:
    with served(thing("v0.9.0", "i3", "b0")) as base:
        yield base


@pytest.fixture
def silent() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def asks(**fields: Any) -> dict[str, Any]:
    usual = {"id": "asks", "title": "It answers", "kind": "http", "url": "/key", "expect": {"status": 200}}
    return {**usual, "instances": "all", **fields}


def of(checks: list[dict[str, Any]], **urls: str) -> dict[str, Any]:
    instances = [{"name": name, "url": url} for name, url in urls.items()]
    return checklist(stage(*checks), target={"api_key": "k-0123456789", "instances": instances})


def test_each_instance_has_a_result_of_its_own(tmp_path: Path, one: str, two: str) -> None:
    check = asks(expect={"json.instance": "i1", "json.key": "Bearer k-0123456789"})
    run = conducted(write(tmp_path, of([check], a=one, b=two)))
    assert run.statuses == {"asks[a]": "pass", "asks[b]": "fail"}
    assert run.record.target.instances == ("a", "b")


def test_the_names_of_the_target_are_the_instances_own(tmp_path: Path, plugin: Path, one: str, two: str) -> None:
    named = {"kind": "command", "command": ["echo", "${target.instance}", "${target.url}", "${target.data_dir}"]}
    content = of([asks(**named, expect={"exit_code": 0, "stdout": {"contains": "/home/of/"}})], a=one, b=two)
    del content["stages"][0]["checks"][0]["url"]
    for each in content["target"]["instances"]:
        each["data_dir"] = f"/home/of/{each['name']}"
    run = conducted(write(tmp_path, content))
    assert run["asks[a]"].observed["stdout"] == f"a {one} /home/of/a\n"
    assert run["asks[b]"].observed["stdout"] == f"b {two} /home/of/b\n"


def test_an_instance_without_a_url_is_not_asked_at_anothers(tmp_path: Path, one: str) -> None:
    content = of([asks()])
    content["target"] |= {"url": one, "instances": [{"name": "a"}]}
    run = conducted(write(tmp_path, content))
    assert run.statuses == {"asks[a]": "error"}
    assert "target.url, which is not set" in run["asks[a]"].reason


def test_an_instance_that_is_silent_holds_and_is_named(tmp_path: Path, one: str, silent: str) -> None:
    run = conducted(write(tmp_path, of([asks()], a=one, b=silent)))
    assert run.statuses == {"asks[a]": "pass", "asks[b]": "error"}
    assert run["asks[b]"].reason.startswith("the instance b cannot be reached: ")
    assert run.record.verdict == "HOLD"


def test_an_instance_of_another_version_fails(tmp_path: Path, one: str, older: str) -> None:
    run = conducted(write(tmp_path, of([asks()], a=one, b=older)))
    assert run["asks[b]"].status == "fail"
    assert run["asks[b]"].reason == f"b: the target says it is v0.9.0, the release is {VERSION}"
    assert f"the instances are of different versions: a {VERSION}, b v0.9.0" in run.record.reasons
    assert run.record.verdict == "NO-GO"


def test_instances_that_no_check_is_of_have_to_agree_all_the_same(
    tmp_path: Path, plugin: Path, one: str, older: str, silent: str
) -> None:
    run = conducted(write(tmp_path, of([told("fine")], a=one, b=older, c=silent)))
    assert run.statuses == {"fine": "pass"}
    assert run.record.verdict == "HOLD"
    reasons = "\n".join(run.record.reasons)
    assert "the instance c cannot be reached" in reasons
    assert "different builds: a b1, b b0" in reasons


def test_without_instances_the_target_is_the_only_one(tmp_path: Path, one: str) -> None:
    content = of([asks()])
    content["target"] |= {"url": one}
    assert conducted(write(tmp_path, content)).statuses == {"asks": "pass"}


def test_rows_and_instances_multiply_and_are_needed_by_the_base_id(
    tmp_path: Path, plugin: Path, one: str, two: str
) -> None:
    rows = [{"id": "ok", "path": "/key"}, {"id": "gone", "path": "/none"}]
    checks = [asks(url="${each.path}", each=rows), told("after", needs=["asks"])]
    run = conducted(write(tmp_path, of(checks, a=one, b=two)))
    assert run.statuses == {
        "asks[ok.a]": "pass",
        "asks[ok.b]": "pass",
        "asks[gone.a]": "fail",
        "asks[gone.b]": "fail",
        "after": "blocked",
    }


@pytest.mark.parametrize(
    ("check", "instances", "problem"),
    [
        (asks(instances=["c"]), [{"name": "a"}, {"name": "b"}], "target.instances has no 'c'; allowed: a, b"),
        (told("no", instances="all"), [{"name": "a"}], "the kind told looks at nothing of an instance"),
        (asks(), [{"name": "a"}, {"name": "a"}], "two instances have the name 'a'"),
        (asks(), [{"name": "A b"}], "name: "),
        (asks(), [{"name": "a", "via": "ssh host"}], "via: "),
        (asks(), [{"name": "a", "vai": ["ssh"]}], "did you mean 'via'?"),
    ],
)
def test_what_is_wrong_with_instances_is_said_before_anything_is_run(
    tmp_path: Path, plugin: Path, check: dict[str, Any], instances: list[dict[str, Any]], problem: str
) -> None:
    from checks.linting import problems_of

    path = write(tmp_path, checklist(stage(check), target={"instances": instances}))
    problems = [str(each) for each in problems_of(load(path, environ={}))]
    assert any(problem in each for each in problems), problems


def test_a_name_that_is_not_set_is_that_of_the_instance(tmp_path: Path) -> None:
    from checks.errors import ConfigurationError

    content = of([asks()])
    content["target"]["instances"] = [{"name": "a", "url": "${env:URL_OF_A}"}]
    with pytest.raises(ConfigurationError, match=r"\$\{env:URL_OF_A\} is not set; export URL_OF_A"):
        conducted(write(tmp_path, content))
