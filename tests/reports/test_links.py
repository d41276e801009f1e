"""Links lead to evidence inside the run's folder, to runbooks, and nowhere else."""

from __future__ import annotations

import pytest

from reports.links import evidence_target, runbook_target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("evidence/unit-tests/tests.txt", "evidence/unit-tests/tests.txt"),
        ("evidence/story[007-01]/a b.txt", "evidence/story%5B007-01%5D/a%20b.txt"),
        ("evidence/x/(a)|b#c?d", "evidence/x/%28a%29%7Cb%23c%3Fd"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("evidence/x\ud800", "evidence/x%3F"),
        ("", None),
        ("/etc/passwd", None),
        ("//evil.example/x", None),
        ("evidence/../../secret", None),
    ],
)
def test_evidence(path: str, target: str | None) -> None:
    assert evidence_target(path) == target


@pytest.mark.parametrize(
    ("runbook", "target"),
    [
        (None, None),
        ("", None),
        ("#only-a-place", None),
        ("/etc/passwd", None),
        ("//evil.example/x", None),
        ("runbooks/a.md", "../../runbooks/a.md"),
        ("runbooks/a b.md#c d", "../../runbooks/a%20b.md#c%20d"),
        ("javascript:alert(1)", "../../javascript%3Aalert%281%29"),
        ("https://example.org/a_(b)?c=d#e", "https://example.org/a_%28b%29?c=d#e"),
        ("https:nowhere", "../../https%3Anowhere"),
        ("http://[half", None),
    ],
)
def test_runbook(runbook: str | None, target: str | None) -> None:
    assert runbook_target(runbook, "../../") == target
