"""`signoff status`: where a run stands, and what to do next."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.run_options import RunFolderArgument

if TYPE_CHECKING:
    from checks.standing import Standing


def status(
    run: RunFolderArgument, json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False
) -> None:
    """Say what of a run is done, due and awaited, by whom, and the next command. Looks at nothing, asks nobody.

    Examples:

      signoff status signoff-runs/20260111T100000Z-0a1b2c3d

      signoff status RUN --json

    Exit codes: 0 told, 2 usage error.
    """
    from checks.execution import utc_now
    from checks.standing import standing_of

    standing = standing_of(run, str(run), utc_now())
    if json_:
        sys.stdout.write(json.dumps(asdict(standing), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(standing)))


def _lines(standing: Standing) -> list[str]:
    from checks.redaction import visible

    lines = [f"{standing.run_id}: {standing.state}, {standing.verdict or 'no verdict yet'}"]
    if standing.scope == "partial":
        lines[0] += " (partial)"
    lines.append(f"done: {standing.done} of {standing.checks} checks" + _reruns(standing.reruns))
    lines += [f"due: {name}" for name in standing.due]
    lines += [f"scheduled: {stage}: {visible(reason)}" for stage, reason in standing.scheduled]
    lines += [f"awaited: {each.what} {each.of}: {visible(each.reason)}" for each in standing.awaited]
    lines += [f"way out for {way.about}: {way.way}: {visible(way.command)}" for way in standing.ways_out]
    if standing.next:
        lines.append(f"next: {standing.next}")
    return lines


def _reruns(count: int) -> str:
    return f", {count} re-runs" if count else ""
