"""Commands that run at an instance, by the argument prefix that leads there: `ssh host`, `docker exec name`, …

A prefix tells its own failure only by exit codes and texts that the command could have given too. So the far side
prints a mark before the command starts: without the mark, nothing that came back is the command's.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from checks.check import Context
from checks.process import MAXIMUM_OUTPUT, ProcessResult, run_process
from checks.target import Instance

TRANSPORT_VARIABLES = (
    "SSH_AUTH_SOCK", "KUBECONFIG", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY", "XDG_RUNTIME_DIR",
)  # fmt: skip
"""What ssh, kubectl, docker and podman need of our environment to get there; the far side does not see it."""
FAR_SHELL = """\
mark=$1 folder=$2 limit=$3; shift 3
printf '\\n%s\\n' "$mark"
cd -- "$folder" || exit 125
if command -v timeout >/dev/null 2>&1; then exec timeout -k 2 "$limit" "$@"; fi
exec "$@"
"""
"""Runs a command there, ended there too soon after our own time is over; arguments stay arguments."""
NOT_STARTED = frozenset({125, 126, 127})
"""Exit codes of the far shell and of `timeout` for a folder or program that is not there or cannot be run (POSIX)."""


class Unreachable(Exception):  # noqa: N818 - a state of the world
    """An instance that could not be reached; the text names it, the way and the reason."""


def run_there(
    instance: Instance,
    argv: Sequence[str],
    context: Context,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    max_bytes: int = MAXIMUM_OUTPUT,
) -> ProcessResult:
    """Run a command at an instance; raises Unreachable where it never started there.

    `cwd` and `env` are of the far side; without `cwd` it runs where the prefix leads. A folder or program that is not
    there is a result with `failure`. What does not end in time is ended here, and by `timeout` there if there is one.
    """
    mark = f"signoff-{secrets.token_hex(12)}"
    settings = ["env", *(f"{name}={value}" for name, value in env.items())] if env else []
    limit = f"{context.timeout_s + 1:.0f}"
    there = ["sh", "-c", FAR_SHELL, "sh", mark, cwd or ".", limit, *settings, *argv]
    way = {name: os.environ[name] for name in TRANSPORT_VARIABLES if name in os.environ}
    result = run_process(
        [*instance.via, *_quoted(there, instance.via)],
        cwd=context.root,
        env={**context.environment, **way},
        timeout_s=context.timeout_s,
        max_bytes=max_bytes + len(mark) + 2,
        stop=context.stop,
    )
    _, found, output = result.stdout.partition(f"\n{mark}\n".encode())
    if not found:
        raise Unreachable(f"the instance {instance.name} cannot be reached by {instance.via[0]}: {_why(result)}")
    own = replace(result, argv=tuple(argv), stdout=output)
    if own.failure is None and own.exit_code in NOT_STARTED:
        return replace(own, failure=f"could not be run on {instance.name}: {_last_line(own.stderr) or own.exit_code}")
    return own


def _quoted(argv: Sequence[str], via: Sequence[str]) -> list[str]:
    """Arguments as the prefix needs them: every `ssh` in it gives them to a shell that splits them once more."""
    arguments = list(argv)
    for _ in range(sum(Path(word).name == "ssh" for word in via)):
        arguments = [shlex.quote(each) for each in arguments]
    return arguments


def _why(result: ProcessResult) -> str:
    if result.timed_out:
        return f"no answer within {result.duration_s:.0f} s"
    if result.failure is not None:
        return result.failure
    ended = f"signal {result.signal}" if result.exit_code is None else f"exit code {result.exit_code}"
    return _last_line(result.stderr) or f"{ended} and no word"


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
