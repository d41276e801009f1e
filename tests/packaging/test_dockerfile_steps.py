"""The container's recipe, step by step in a scratch folder: what it builds serves, is healthy, and stops on its signal.

The base image is this machine's Python, the dependencies are those of the tests, and nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.proxy.waiting import until

ROOT = Path(__file__).parents[2]
KNOWN = {
    *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER"),
    *("VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
}
"""The instructions that this recipe may use: what these tests know how to follow."""
TARGET = "/opt/image-proxy"


def _stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, with their arguments, in order."""
    lines = (ROOT / "packaging" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    stages: list[list[tuple[str, str]]] = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            stages += [[]] if name == "FROM" else []
            stages[-1].append((name, rest.strip()))
    return stages


BUILD, FINAL = _stages()


def _argument(name: str) -> str:
    (found,) = [rest for each, rest in FINAL if each == name]
    return found


@dataclass(frozen=True)
class _Container:
    """What stands for the container: the folder with its files, and its environment."""

    folder: Path
    variables: dict[str, str]

    def health(self, port: int) -> int:
        """The exit code of the health check."""
        command = json.loads(_argument("HEALTHCHECK").partition("CMD ")[2])
        variables = self.variables | {"IMAGE_PROXY_PORT": str(port)}
        return subprocess.run(command, env=variables, capture_output=True, timeout=60, check=False).returncode


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> _Container:
    """The recipe's first stage, done, and the second one's environment."""
    folder = tmp_path_factory.mktemp("container")
    source, target = folder / "source", str(folder / "opt")
    source.mkdir()
    lent = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_QUIET": "1"}
    for name, rest in BUILD:
        if name == "COPY":
            *names, destination = shlex.split(rest)
            _copy(names, source / destination)
        elif name == "RUN":
            command = ["/bin/sh", "-euc", rest.replace(TARGET, target)]
            done = subprocess.run(command, cwd=source, env=lent | offline, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    text = " ".join(rest for name, rest in FINAL if name == "ENV")
    own = dict(re.findall(r"(\w+)=(\S+)", text.replace(TARGET, target).replace("$PATH", lent["PATH"])))
    # The home is the test's, and nothing but this machine may reach it.
    own |= {"IMAGE_PROXY_HOME": str(folder / "home"), "IMAGE_PROXY_HOST": "127.0.0.1", "IMAGE_PROXY_PORT": "0"}
    return _Container(folder, lent | own)


def _copy(names: list[str], destination: Path) -> None:
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, destination, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, destination)


def test_every_instruction_is_known_and_every_command_is_a_shells() -> None:
    assert {name for stage in (BUILD, FINAL) for name, _ in stage} <= KNOWN
    for command in [rest for stage in (BUILD, FINAL) for name, rest in stage if name == "RUN"]:
        subprocess.run(["/bin/sh", "-nc", command], check=True)


def test_both_stages_have_the_python_that_the_environment_links_to() -> None:
    assert [stage[0][1].partition(" AS ")[0] for stage in (BUILD, FINAL)] == ["python:3.13-slim"] * 2
    (copied,) = [rest for name, rest in FINAL if name == "COPY"]
    assert copied == f"--from=built {TARGET} {TARGET}"


def test_user_and_folder_are_made_by_programs_of_the_base_image() -> None:
    (commands,) = [rest for name, rest in FINAL if name == "RUN"]
    assert [shlex.split(command)[0] for command in commands.split("&&")] == ["groupadd", "useradd", "install"]
    user = _argument("USER")
    number, _, group = user.partition(":")
    assert f"--gid {group}" in commands
    assert f"--uid {number}" in commands
    assert _argument("VOLUME") in commands


def test_what_is_built_serves_is_healthy_and_stops_on_the_signal(container: _Container) -> None:
    command = [*json.loads(_argument("ENTRYPOINT")), *json.loads(_argument("CMD"))]
    program = shutil.which(command[0], path=container.variables["PATH"])
    assert program is not None
    assert Path(program).is_relative_to(container.folder)
    with subprocess.Popen(command, env=container.variables, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stderr.readline())
            assert found
            port = int(found[1])
            until(lambda: container.health(port) == 0)
            process.send_signal(signal.Signals[_argument("STOPSIGNAL")])
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()

    assert container.health(port) == 1


def test_installed_package_is_the_copy_s(container: _Container) -> None:
    code = "import proxy, signoff; print(proxy.__file__); print(signoff.__file__)"
    said = subprocess.run(
        ["python", "-c", code],
        env=container.variables,
        cwd=container.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(line).is_relative_to(container.folder / "opt") for line in said.stdout.splitlines())
