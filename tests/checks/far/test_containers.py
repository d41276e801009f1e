"""`docker exec` and `kubectl exec` as ways to an instance, by programs of their names that run what they are given.

They stand in for the real ones in what matters here: they give no argument to a shell, they run in an environment of
their own, and where there is no such container they end with a code of their own and a message.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from checks.check import Check, Context
from checks.judging import judge
from checks.kinds.command import CommandCheck
from checks.kinds.file import FileCheck
from checks.kinds.process import ProcessCheck
from checks.outcome import Status
from checks.process import base_environment
from checks.target import Instance
from tests.checks.far.test_kinds_over_ssh import NASTY
from tests.checks.kinds.conftest import Make, MakeContext

DOCKER = """#!/bin/sh
[ "$1" = exec ] || { echo "unknown command: docker $1" >&2; exit 125; }
[ "$2" = image-proxy ] || { echo "Error response from daemon: No such container: $2" >&2; exit 1; }
shift 2
exec env -i PATH=/usr/bin:/bin INSIDE=yes "$@"
"""
KUBECTL = """#!/bin/sh
[ "$1" = exec ] && [ "$3" = -- ] || { echo "error: unknown command" >&2; exit 1; }
[ "$2" = image-proxy-0 ] || { echo "Error from server (NotFound): pods \\"$2\\" not found" >&2; exit 1; }
shift 3
exec env -i PATH=/usr/bin:/bin INSIDE=yes "$@"
"""
WAYS = {"docker": ("docker", "exec", "image-proxy"), "kubectl": ("kubectl", "exec", "image-proxy-0", "--")}


@pytest.fixture
def inside(tmp_path: Path, context: MakeContext) -> Any:
    """A context of an instance in a container, reached by the stand-ins."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("docker", DOCKER), ("kubectl", KUBECTL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])

    def built(via: tuple[str, ...]) -> Context:
        instance = Instance(name="box", via=via, python=sys.executable)
        return context(instance=instance, environment=base_environment({"PATH": path}))

    return built


@pytest.mark.parametrize("way", WAYS)
def test_arguments_folder_and_variables_arrive_as_they_are(inside: Any, make: Make, tmp_path: Path, way: str) -> None:
    show = "import json, os, sys; print(json.dumps([sys.argv[1:], os.getcwd(), os.environ['A'], os.environ['INSIDE']]))"
    fields = {"cwd": str(tmp_path), "env": {"A": "good day; really"}}
    check = make(CommandCheck, command=[sys.executable, "-c", show, *NASTY], **fields)
    seen = check.observe(inside(WAYS[way]))
    assert json.loads(seen.properties["stdout"]) == [NASTY, str(tmp_path), "good day; really", "yes"]


@pytest.mark.parametrize("way", WAYS)
def test_files_and_processes_are_those_inside(inside: Any, make: Make, tmp_path: Path, way: str) -> None:
    path = tmp_path / "config it's.json"
    path.write_text('{"port": 8045}\n')
    file = make(FileCheck, path=str(path), query="port", expect={"value": 8045, "lines": 1})
    assert judge(file, file.observe(inside(WAYS[way]))) == (Status.PASS, "")
    (tmp_path / "own.pid").write_text(str(os.getpid()))
    process = make(ProcessCheck, pid_file=str(tmp_path / "own.pid"), expect={"running": True})
    assert judge(process, process.observe(inside(WAYS[way])))[0] is Status.PASS


@pytest.mark.parametrize(
    ("via", "said"),
    [
        (("docker", "exec", "gone"), "No such container: gone"),
        (("kubectl", "exec", "gone", "--"), 'pods "gone" not found'),
        (("podman-that-is-not-here", "exec", "x"), "podman-that-is-not-here"),
    ],
)
def test_a_container_that_is_not_there_never_passes(inside: Any, make: Make, via: tuple[str, ...], said: str) -> None:
    checks: list[Check] = [
        make(CommandCheck, command=["grep", "-q", "x", "y"], expect={"exit_code": 1}),
        make(FileCheck, path="/none", expect={"exists": False}),
    ]
    for check in checks:
        seen = check.observe(inside(via))
        assert (seen.status, said in seen.reason) == (Status.ERROR, True), seen.reason
