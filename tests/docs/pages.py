"""The pages, their command lines, and the few that are not typed on a machine of the test's, each with its reason.

A block marked `run`, `start` or `verify` is run by the tests of its page.
"""

from __future__ import annotations

import re
from pathlib import Path

from checks.markdown import read_markdown

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *(ROOT / "runbooks" / f"{name}.md" for name in ("rollback", "operations", "configuration", "troubleshooting")),
    ROOT / "runbooks" / "testing.md",
    ROOT / "runbooks" / "workflow.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
RUN = {"run", "start", "verify"}
RUN_ELSEWHERE = {
    "docs/signing.md": "tests/signoff/test_signing_page.py",
    "docs/running.md": "tests/signoff/test_running_page.py",
    "runbooks/testing.md": "the lines are parts of the test suite, which is running, and its set-up",
}
"""Pages that another test runs whole."""


_REFERENCE = "builds the reference and takes minutes: CI and `make signoff` build it"
_INDEX = "installs from a package index"
_CLUSTER = "needs a cluster"
NOT_TYPED = {
    "make signoff": _REFERENCE,
    "make test": "it is what is running",
    "make bench-drill": "a quarter of an hour",
    "make bench-decisions": "some minutes",
    "signoff run --profile production --non-interactive": "hours of watching; `make signoff` does it with short spans",
    "signoff rollback execute --reference": _REFERENCE,
    "signoff drill --jobs 2": _REFERENCE,
    "signoff drill --checklist mine.yaml": "tests/signoff/test_drill_own.py",
    ".venv/bin/signoff run --stage smoke-tests": "tests/signoff/test_live_target.py",
    "curl -sS -o /dev/null -w '%{http_code} %{time_total}": "leaves the machine",
    "signoff export": "tests/signoff/test_rollback_page.py",
    "signoff logs --engine spark --master spark://cluster": _CLUSTER,
    "signoff logs --engine spark --master yarn": _CLUSTER,
    "signoff logs --engine spark --format image-proxy": _CLUSTER,
    'pip install "signoff[spark]"': _INDEX,
    'pip install "signoff-0.1.0-py3-none-any.whl[otlp]"': _INDEX,
    "pipx inject": _INDEX,
    "uv tool install": _INDEX,
    "signoff kinds disk-space": "tests/signoff/test_plug_ins_page.py",
    "signoff run examples/disk-space/checklist.yaml": "tests/signoff/test_plug_ins_page.py",
}
"""How lines begin that are not typed, each with why, or with the test that runs it."""


def lines_of(page: Path) -> list[str]:
    """The command lines of a page that no test of it runs, each whole."""
    if page.relative_to(ROOT).as_posix() in RUN_ELSEWHERE:
        return []
    blocks = [block for block in read_markdown(page).blocks if block.info[:1] == ("sh",)]
    whole = [re.sub(r"\s*\\\n\s*", " ", block.content) for block in blocks if not RUN & set(block.info)]
    return [line for each in whole for line in each.splitlines() if line.strip() and not line.startswith("#")]


def is_typed(line: str) -> bool:
    """Whether a line is typed on a machine of the test's."""
    return not line.startswith(tuple(NOT_TYPED))
