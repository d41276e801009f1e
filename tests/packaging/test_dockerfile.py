"""The container's recipe: nothing it names is missing, and it does not run as root."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

from proxy.settings import described

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "packaging" / "Dockerfile").read_text().replace("\\\n", " ")


def _instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.*)$", TEXT, re.MULTILINE)


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    allowed = set((ROOT / "packaging" / "Dockerfile.dockerignore").read_text().split())
    copied = [name for line in _instructions("COPY") if "--from" not in line for name in shlex.split(line)[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {f"!{name}" for name in copied} == {name for name in allowed if name.startswith("!")}


def test_it_does_not_run_as_root_and_needs_no_further_programs() -> None:
    stages = TEXT.split("\nFROM ")
    assert re.findall(r"^USER (.*)$", stages[-1], re.MULTILINE) == ["10001:10001"]
    assert not re.search(r"\b(curl|wget|apt-get)\b", TEXT)


def test_its_settings_are_the_proxys_and_its_port_is_exposed() -> None:
    settings = dict(re.findall(r"(IMAGE_PROXY_\w+)=(\S+)", " ".join(_instructions("ENV"))))
    assert set(settings) <= set(described())
    assert _instructions("EXPOSE") == [settings["IMAGE_PROXY_PORT"]]
    assert _instructions("VOLUME") == [settings["IMAGE_PROXY_HOME"]]


def test_health_check_is_python_that_compiles() -> None:
    (line,) = _instructions("HEALTHCHECK")
    program, flag, code = json.loads(line.partition("CMD ")[2])
    assert (program, flag) == ("python", "-c")
    compile(code, "healthcheck", "exec")


def test_constraints_are_the_versions_of_the_lock_file() -> None:
    (command,) = re.findall(r"RUN (sed .*) >constraints.txt", TEXT)
    made = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in made)
    assert {"httpx", "starlette", "uvicorn"} <= {line.partition("==")[0] for line in made}
