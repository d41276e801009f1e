"""The rollback procedure, gone through without acting: what each step would do, and whether it could."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checks.checklist import RollbackStep
from checks.outcome import ProcedureStep
from checks.programs import search_path
from checks.substitution import Names, substitute


def rehearse(procedure: Sequence[RollbackStep], names: Names, root: Path) -> tuple[ProcedureStep, ...]:
    """Each step with what it would do; it is not ready where a name, program, listener or backup is missing.

    Relative paths start at `root`, the checklist's folder.
    """
    return tuple(_rehearsed(step, names, root) for step in procedure)


def _rehearsed(step: RollbackStep, names: Names, root: Path) -> ProcedureStep:
    raw = step.model_dump(include={"stop", "restore", "do", "verify"}, mode="json")
    resolved, missing = substitute(raw, names)
    plan: list[str] = []
    problems = [f"${{{hole.name}}} is not set" for hole in missing]
    if not problems:
        _stop(resolved["stop"], plan, problems)
        _restore(resolved["restore"], root, plan, problems)
        _programs(resolved["do"], root, "run", plan, problems)
        _programs(resolved["verify"], root, "verify with", plan, problems)
    if not plan and not problems:
        problems.append("the step does nothing")
    return ProcedureStep(
        id=step.id,
        title=step.title,
        covers=step.covers,
        state="not_ready" if problems else "ready",
        dry_run=tuple(plan),
        reason="; ".join(problems),
    )


def _stop(url: str | None, plan: list[str], problems: list[str]) -> None:
    if url is None:
        return
    import psutil

    try:
        port = urlsplit(url).port
    except ValueError:
        port = None
    if port is None:
        problems.append(f"{url!r} names no port whose listener could be stopped")
        return
    listeners = {
        connection.pid
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if connection.pid
    }
    if not listeners:
        problems.append(f"nobody listens on port {port}")
    plan += [f"send TERM to process {pid}, which listens on port {port}" for pid in sorted(listeners)]


def _restore(restore: dict[str, Any] | None, root: Path, plan: list[str], problems: list[str]) -> None:
    if restore is None:
        return
    pattern = root / Path(restore["newest"]).expanduser()
    found = [path for path in pattern.parent.glob(pattern.name) if path.is_file() and not path.is_symlink()]
    if not found:
        problems.append(f"no backup matches {restore['newest']}")
        return
    newest = max(found, key=lambda path: path.stat().st_mtime)
    if newest.stat().st_size == 0:
        problems.append(f"the newest backup is empty: {newest}")
    plan.append(f"restore {newest.name} ({newest.stat().st_size} bytes) to {restore['to']}")


def _programs(commands: list[list[str]], root: Path, verb: str, plan: list[str], problems: list[str]) -> None:
    for argv in commands:
        plan.append(f"{verb}: {' '.join(argv)}")
        program = str(root / argv[0]) if "/" in argv[0] else argv[0]
        if shutil.which(program, path=search_path()) is None:
            problems.append(f"program not found: {argv[0]}")
