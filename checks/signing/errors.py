"""What keeps a run from being signed, or signatures from being judged."""

from __future__ import annotations

from pathlib import Path

from checks.errors import SignoffError


class SigningError(SignoffError):
    """Signing or judging signatures is not possible; the text names the file, what is wrong, and the remedy."""

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}; {remedy}")
