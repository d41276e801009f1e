"""A small project in the real one's place: the same files by name, so that the real tools can be run on it in seconds.

The checklist and the documents are the real ones, copied; modules and tests are stand-ins that the real test runner,
linter, type checker, coverage and build are run on. Faults in code and tests are injected here.
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from checks.process import base_environment, run_process

COPIED = ("runbooks", "docs", "packaging", "LICENSE", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile")
MODULES = (
    "image_endpoint", "requests", "generation", "upstream", "gemini", "answers", "images", "safety", "sizes", "models",
    "enhancement", "errors", "eventlog", "dispatch", "accounts", "single_flight", "cache/front", "cache/filesystem",
    "cache/key", "cache/index",
)  # fmt: skip
"""What checklist.yaml asks the coverage of."""
STORIES = {"007-02": 6, "007-03": 22, "007-04": 16}
"""The fewest tests of each story, by checklist.yaml."""
UNIT_TESTS = len(MODULES) + sum(STORIES.values())
TIMEOUT_S = 60.0

_MODULE = '''"""Stand-in for {name}, of which the real tools see a module like any other."""

from __future__ import annotations


def area(width: int, height: int) -> int:
    """Pixels of a picture; raises ValueError for a negative side."""
    if min(width, height) < 0:
        raise ValueError("a picture has no negative side")
    return width * height
'''
_PYPROJECT = """[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "stand-in"
version = "0.1.0"
requires-python = ">=3.11"

[tool.hatch.build.targets.wheel]
packages = ["proxy", "checks", "reports", "signoff"]

[tool.ruff]
line-length = 120
target-version = "py311"

[tool.ruff.lint]
select = ["E", "F", "W", "I", "B", "D1"]

[tool.ruff.lint.per-file-ignores]
"tests/**" = ["D1"]

[tool.mypy]
strict = true

[tool.coverage.run]
source = ["proxy"]

[tool.pytest.ini_options]
addopts = "--strict-markers --strict-config {without}"
markers = ["story(id): a delivery", "e2e(case): a case", "pair(id): features together", "system: starts processes"]
"""
_PLUGINS = ("schemathesis", "hypothesispytest", "syrupy", "anyio", "respx", "platformdirs")
"""Plug-ins of the test runner that the stand-in's tests have no use for; loading them takes longer than the tests."""
_CONFTEST = """from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in ("story", "e2e", "pair"):
            item.user_properties += [(name, marker.args[0]) for marker in item.iter_markers(name)]
"""
_UNIT = """from __future__ import annotations

from importlib import import_module

import pytest

MODULES = {modules!r}


@pytest.mark.parametrize("name", MODULES)
def test_a_picture_has_its_area(name: str) -> None:
    area = import_module(f"proxy.{{name}}").area
    assert area(3, 4) == 12
    with pytest.raises(ValueError, match="negative"):
        area(-1, 4)
"""
_STORY = """

@pytest.mark.story("{story}")
@pytest.mark.parametrize("side", range({count}))
def test_story_{name}(side: int) -> None:
    assert import_module("proxy.sizes").area(side, side) == side**2
"""
_E2E = """from __future__ import annotations

import pytest

from proxy.sizes import area

"""
_CASE = """
@pytest.mark.e2e("{case}")
@pytest.mark.story("007-01")
def test_case_{case}() -> None:
    assert area({case}, 2) == {double}

"""
_PAIR = """
@pytest.mark.pair("{pair}")
def test_pair_{name}() -> None:
    assert area(2, 2) == 4

"""
PAIRS = ("safety-errors", "cache-errors", "all")
CASES = range(1, 8)


def make_project(source: Path, folder: Path, checklist: Path, stop: threading.Event) -> None:
    """Make it in `folder`, with the documents of `source` and the checklist, and commit it."""
    folder.mkdir(parents=True)
    for name in COPIED:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, folder / name)
        elif path.is_file():
            shutil.copy2(path, folder / name)
    shutil.copy2(checklist, folder / "checklist.yaml")
    for name, text in _files().items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    identity = ["-c", "user.name=drill", "-c", "user.email=drill@localhost"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "A project"]):
        run_process(["git", *command], cwd=folder, env=base_environment({}), timeout_s=TIMEOUT_S, stop=stop)


def _files() -> dict[str, str]:
    packages = ("proxy", "proxy/cache", "checks", "reports", "signoff")
    return {
        **{f"proxy/{name}.py": _MODULE.format(name=name) for name in MODULES},
        **{f"{name}/__init__.py": f'"""The package {name} of a stand-in project."""\n' for name in packages},
        "pyproject.toml": _PYPROJECT.format(without=" ".join(f"-p no:{name}" for name in _PLUGINS)),
        ".gitignore": ".signoff/\n.mypy_cache/\n__pycache__/\n.coverage*\nbuild/\n*.egg-info/\n",
        "tests/__init__.py": "",
        "tests/conftest.py": _CONFTEST,
        "tests/proxy/__init__.py": "",
        "tests/proxy/simulator/__init__.py": "",
        "tests/proxy/test_modules.py": _UNIT.format(modules=_python_list(MODULES)) + _stories(),
        "tests/e2e/__init__.py": "",
        "tests/e2e/test_cases.py": (_E2E + _cases()).rstrip("\n") + "\n",
        "tests/e2e/test_pairs.py": (_E2E + _pairs()).rstrip("\n") + "\n",
    }


class _Listed:
    """A list as the formatter writes it: one a line."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __repr__(self) -> str:
        return "".join(["[\n", *(f'    "{name}",\n' for name in self.names), "]"])


def _python_list(modules: tuple[str, ...]) -> _Listed:
    return _Listed(tuple(name.replace("/", ".") for name in modules))


def _stories() -> str:
    return "".join(
        _STORY.format(story=story, name=story.replace("-", "_"), count=count) for story, count in STORIES.items()
    )


def _cases() -> str:
    return "".join(_CASE.format(case=case, double=case * 2) for case in CASES)


def _pairs() -> str:
    return "".join(_PAIR.format(pair=pair, name=pair.replace("-", "_")) for pair in PAIRS)
