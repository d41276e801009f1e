from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from checks.kinds.coverage import CoverageCheck
from checks.outcome import Status
from tests.checks.kinds.conftest import Make, MakeContext

SOURCE = "def double(x):\n    return 2 * x\n\ndef triple(x):\n    return 3 * x\n"
MEASURE = """
import coverage, sys
sys.path.insert(0, '.')
measured = coverage.Coverage(source=['images'], data_file=None, config_file=False)
measured.start()
import images.used
images.used.double(2)
measured.stop()
measured.xml_report(outfile='coverage.xml')
measured.json_report(outfile='coverage.json')
"""


@pytest.fixture
def sources(context: MakeContext) -> Path:
    """Two files of four lines: three of one are run, none of the other."""
    folder = context().root / "images"
    folder.mkdir()
    for name, content in (("__init__.py", ""), ("used.py", SOURCE), ("unused.py", SOURCE)):
        (folder / name).write_text(content)
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    return folder


def xml(**hits: list[int]) -> str:
    classes = "".join(
        f'<class filename="{name}.py"><lines>'
        + "".join(f'<line number="{number}" hits="{hit}"/>' for number, hit in enumerate(each, start=1))
        + "</lines></class>"
        for name, each in hits.items()
    )
    sources = "<sources><source>images</source></sources>"
    return f"<coverage>{sources}<packages><package><classes>{classes}</classes></package></packages></coverage>"


@pytest.mark.parametrize("report", ["coverage.xml", "coverage.json"])
def test_measures_what_was_run(report: str, sources: Path, make: Make, context: MakeContext) -> None:
    check = make(CoverageCheck, report=report, paths=["images/**/*.py"], command=["python", "-c", MEASURE])
    seen = check.observe(context()).properties
    assert (str(seen["line_rate"]), seen["files"], seen["lines"]) == ("37.5 %", 3, 8)
    assert {name: rate.value for name, rate in seen["by_path"].items()} == {
        "images/unused.py": 0.0,
        "images/used.py": 0.75,
    }
    assert (seen["lowest"]["path"], seen["lowest"]["line_rate"].value) == ("images/unused.py", 0.0)


def test_only_the_files_asked_for_count(sources: Path, make: Make, context: MakeContext) -> None:
    (context().root / "coverage.xml").write_text(xml(used=[1, 1, 1, 0], unused=[0, 0, 0, 0]))
    check = make(CoverageCheck, report="coverage.xml", paths=["images/used.py"])
    assert check.observe(context()).properties["line_rate"].value == 0.75


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["images/*.py"], "leaves out 2 of 3 files: images/__init__.py, images/unused.py"),
        (["images/*.txt"], "match no source file"),
        (["pictures/*.py"], "does not exist"),
    ],
)
def test_a_file_left_out_of_the_report_is_no_data(
    paths: list[str], reason: str, sources: Path, make: Make, context: MakeContext
) -> None:
    (context().root / "coverage.xml").write_text(xml(used=[1, 1, 1, 1]))
    observation = make(CoverageCheck, report="coverage.xml", paths=paths).observe(context())
    assert observation.status is Status.NO_DATA
    assert reason in observation.reason


def test_a_report_older_than_the_source_is_no_data(sources: Path, make: Make, context: MakeContext) -> None:
    report = context().root / "coverage.xml"
    report.write_text(xml(used=[1]))
    os.utime(report, (1_600_000_000, 1_600_000_000))
    observation = make(CoverageCheck, report="coverage.xml", paths=["images/used.py"]).observe(context())
    assert observation.status is Status.NO_DATA
    assert "older than the source: images/used.py" in observation.reason


def test_a_missing_report_is_no_data(sources: Path, make: Make, context: MakeContext) -> None:
    observation = make(CoverageCheck, report="coverage.xml", paths=["images/*.py"]).observe(context())
    assert observation.status is Status.NO_DATA


def test_no_line_that_can_be_run_is_no_data(sources: Path, make: Make, context: MakeContext) -> None:
    (context().root / "coverage.xml").write_text(xml(used=[]))
    observation = make(CoverageCheck, report="coverage.xml", paths=["images/used.py"]).observe(context())
    assert observation.status is Status.NO_DATA


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<coverage>",
        "<testsuites/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><coverage>&b;</coverage>',
        '<coverage><class filename="a.py"><lines><line hits="1"/></lines></class></coverage>',
        "{}",
        json.dumps({"files": {"a.py": {"executed_lines": [1]}}}),
        json.dumps({"files": {"a.py": {"executed_lines": ["x"], "missing_lines": []}}}),
        json.dumps({"files": {"a.py": 1}}),
    ],
)
def test_what_is_no_report_is_an_error(content: str, sources: Path, make: Make, context: MakeContext) -> None:
    (context().root / "coverage.xml").write_text(content)
    observation = make(CoverageCheck, report="coverage.xml", paths=["images/*.py"]).observe(context())
    assert observation.status is Status.ERROR


def test_lines_of_a_file_in_several_classes_add_up(sources: Path, make: Make, context: MakeContext) -> None:
    lines = '<line number="1" hits="{}"/><line number="2" hits="{}"/>'
    classes = [
        f'<class filename="images/used.py"><lines>{lines.format(*hits)}</lines></class>' for hits in ("10", "01")
    ]
    (context().root / "coverage.xml").write_text(f"<coverage>{''.join(classes)}</coverage>")
    seen = make(CoverageCheck, report="coverage.xml", paths=["images/used.py"]).observe(context()).properties
    assert (seen["line_rate"].value, seen["lines"]) == (1.0, 2)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["python", "-c", ""], "old report"),
        (["python", "-c", "import os, sys; os.utime('coverage.xml'); sys.exit(2)"], "ended with 2"),
        (["no-such-program"], "no-such-program"),
    ],
)
def test_a_command_that_fails_is_an_error(
    command: list[str], reason: str, sources: Path, make: Make, context: MakeContext
) -> None:
    (context().root / "coverage.xml").write_text(xml(used=[1]))
    observation = make(CoverageCheck, report="coverage.xml", paths=["images/used.py"], command=command).observe(
        context()
    )
    assert observation.status is Status.ERROR
    assert reason in observation.reason
