"""What a run was made with: this program, Python, the platform, and the commit of the checklist's folder."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from checks.outcome import RunnerRecord
from checks.process import base_environment, run_process


def describe_runner(root: Path) -> RunnerRecord:
    """The provenance of a run of a checklist in `root`; the commit is None outside a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain")
    return RunnerRecord(
        signoff=version("signoff"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        git_commit=commit or None,
        git_dirty=None if changes is None else bool(changes),
    )


def _git(root: Path, *arguments: str) -> str | None:
    done = run_process(["git", *arguments], cwd=root, env=base_environment({}), timeout_s=10)
    return done.stdout.decode(errors="replace").strip() if done.exit_code == 0 else None
