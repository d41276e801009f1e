"""The kind `process`: which program a process runs, with which arguments, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from checks.check import Check, Context
from checks.contents import UnreadableError, is_there, read_bounded
from checks.far.asking import ask
from checks.kinds.port import host_and_port, listeners
from checks.outcome import Observation, error, no_data
from checks.process_facts import interpreter, program_facts, script_of
from checks.target import Instance
from checks.units import Dimension, Quantity

if TYPE_CHECKING:
    import psutil

CLOCK_SLACK_S = 2.0
"""A process's start is known to clock ticks and a file's time to the file system's grain; this covers both."""


class ProcessCheck(Check):
    """Which program holds a port, wrote a pid file or has a name, and how it was started.

    ```yaml
    kind: process
    expect: {running: true, program: "${target.executable}", age: {at_most: 1h}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "running": "whether there is such a process",
        "pid": "its id",
        "program": "path of its script, or of its executable where it runs none; links are not followed",
        "executable": "path of the file that the system executes",
        "python": "path of the interpreter as it was called, where it is Python",
        "script": "path of the script that Python runs, where there is one",
        "arguments": "its arguments, a list",
        "age": "seconds since its start",
        "user": "name of the user it runs as",
        "environment": "names of its environment variables, sorted; never their values",
    }
    of_instances: ClassVar[bool] = True

    kind: Literal["process"]
    port: int | None = Field(default=None, ge=1, le=65535, description="It listens there. Default: port of target.url.")
    pid_file: str | None = Field(default=None, description="File that holds its id.")
    name: str | None = Field(default=None, min_length=1, description="Name of its executable or script.")

    @model_validator(mode="after")
    def _one_way_to_find_it(self) -> Self:
        if sum(each is not None for each in (self.port, self.pid_file, self.name)) > 1:
            raise ValueError("give one of port, pid_file and name")
        return self

    def observe(self, context: Context) -> Observation:
        """Look the process up and read what the system says of it."""
        import psutil

        if context.elsewhere is not None:
            return self._there(context.elsewhere, context)
        try:
            found = self._candidates(context)
            if isinstance(found, str):
                return Observation(dict.fromkeys(self.observes) | {"running": False}, reason=found)
            process = _eldest(found)
            if process is None:
                pids = ", ".join(str(each.pid) for each in found)
                return no_data(f"several processes, none of them the parent of the others: {pids}")
            return Observation(described(process, context.now().timestamp()))
        except psutil.NoSuchProcess as gone:
            return Observation(
                dict.fromkeys(self.observes) | {"running": False}, reason=f"the process {gone.pid} has just ended"
            )
        except (ValueError, UnreadableError, psutil.Error) as problem:
            return error(f"the process cannot be looked up: {problem}")

    def _there(self, instance: Instance, context: Context) -> Observation:
        try:
            port = None if self.pid_file or self.name else self.port or host_and_port(context.target.url)[1]
            named = {"port": port, "pid_file": self.pid_file, "name": self.name}
            told = ask(instance, "checks.far.processes", context, what="process", **named)
        except (ValueError, UnreadableError) as problem:
            return error(f"the process cannot be looked up: {problem}")
        if told["running"] is None:
            return no_data(told["reason"])
        if not told["running"]:
            return Observation(dict.fromkeys(self.observes) | {"running": False}, reason=told["reason"])
        seen = {name: told[name] for name in self.observes}
        return Observation(seen | {"age": Quantity(told["age"], Dimension.TIME)})

    def _candidates(self, context: Context) -> list[psutil.Process] | str:
        """The processes meant, or why there is none."""
        if self.pid_file is not None:
            return _by_pid_file(context.path(self.pid_file))
        if self.name is not None:
            return _by_name(self.name) or f"no process has the name {self.name}"
        return _by_port(self.port or host_and_port(context.target.url)[1])


def described(process: psutil.Process, now: float) -> dict[str, Any]:
    """Return what the kind observes of a process; None for what we may not see. Raises psutil.NoSuchProcess.

    A zombie is not running: it has ended and only awaits its parent.
    """
    import psutil

    if process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(process.pid)
    seen = process.as_dict(["exe", "cmdline", "create_time", "username", "environ", "cwd"])
    return {
        "running": True,
        "pid": process.pid,
        **program_facts(seen["exe"] or None, seen["cmdline"] or [], seen["cwd"]),
        "age": Quantity(max(0.0, now - seen["create_time"]), Dimension.TIME),
        "user": seen["username"],
        "environment": None if seen["environ"] is None else sorted(seen["environ"]),
    }


def _by_port(port: int) -> list[psutil.Process] | str:
    import psutil

    found = listeners(port)
    if not found:
        return f"nothing listens on port {port}"
    pids = {each.pid for each in found}
    if None in pids:
        raise ValueError(f"port {port} is held by a process that this user may not see")
    return [psutil.Process(pid) for pid in sorted(pid for pid in pids if pid is not None)]


def _by_pid_file(path: Path) -> list[psutil.Process] | str:
    import psutil

    if not is_there(path):
        return f"there is no pid file {path}"
    text = read_bounded(path, limit=64).strip()
    if not text.isdigit() or int(text) == 0:
        raise ValueError(f"{path} holds no process id")
    if not psutil.pid_exists(int(text)):
        return f"{path} names {int(text)}, and there is no such process"
    process = psutil.Process(int(text))
    if process.create_time() > path.stat().st_mtime + CLOCK_SLACK_S:
        return f"{path} is older than process {process.pid}: the id has been given to another process"
    return [process]


def _by_name(name: str) -> list[psutil.Process]:
    import psutil

    found = []
    for process in psutil.process_iter(["name", "exe", "cmdline", "cwd", "status"]):
        seen = process.info
        script = (
            script_of((seen["cmdline"] or [])[1:], seen["cwd"])
            if interpreter(seen["exe"], seen["cmdline"] or [])
            else None
        )
        if seen["status"] != psutil.STATUS_ZOMBIE and name in {seen["name"], Path(script).name if script else None}:
            found.append(process)
    return found


def _eldest(processes: Sequence[psutil.Process]) -> psutil.Process | None:
    """The one that all others descend from, as a server's workers do from it."""
    if len(processes) == 1:
        return processes[0]
    pids = {each.pid for each in processes}
    for process in processes:
        if pids <= {process.pid, *(child.pid for child in process.children(recursive=True))}:
            return process
    return None
