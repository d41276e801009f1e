"""Processes and listening sockets as Linux tells of them in /proc, where psutil is not installed."""

from __future__ import annotations

import os
import pwd
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from checks.process_facts import interpreter, program_facts, script_of

SENT = ("checks.process_facts",)
"""The modules that this one needs where it is sent."""
PROC = Path("/proc")
LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp (Linux, include/net/tcp_states.h)."""


def answer(what: str, **named: Any) -> Any:
    """`listeners` of a `port`; the `process` of a `port`, `pid_file` or `name`; the `environment` of a `pid` there."""
    if not (PROC / "stat").exists():
        raise OSError("there is no /proc, which processes are read from; it is not Linux")
    asked: dict[str, Callable[..., Any]] = {"listeners": listeners, "process": process, "environment": environment}
    return asked[what](**named)


def listeners(port: int) -> list[dict[str, Any]]:
    """Address, pid and program of each socket that listens; pid is None where the system does not say whose it is."""
    owners = _owners()
    found = []
    for address, inode in _sockets(port):
        pids: list[int | None] = [*owners.get(inode, [])] or [None]
        found += [{"address": address, "pid": pid, "program": pid and _link(pid, "exe")} for pid in pids]
    return found


def process(port: int | None, pid_file: str | None, name: str | None) -> dict[str, Any]:
    """What the kind `process` observes, its age in seconds; or `running` false and the `reason`."""
    if pid_file is not None:
        found, reason = _by_pid_file(Path(pid_file).expanduser())
    elif name is not None:
        found, reason = [pid for pid in _pids() if _has_name(pid, name)], f"no process has the name {name}"
    else:
        told = listeners(port or 0)
        if any(each["pid"] is None for each in told):
            raise OSError(f"port {port} is held by a process that this user may not see")
        found, reason = sorted({each["pid"] for each in told}), f"nothing listens on port {port}"
    if not found:
        return {"running": False, "reason": reason}
    eldest = [pid for pid in found if set(found) <= {pid, *_descendants(pid)}]
    if not eldest:
        pids = ", ".join(map(str, found))
        return {"running": None, "reason": f"several processes, none of them the parent of the others: {pids}"}
    return {"running": True, "reason": "", **_described(eldest[0])}


def environment(pid: int, port: int) -> dict[str, str] | None:
    """The environment of a process that listens on a port; None where it does not, or may not be read."""
    if pid not in {each["pid"] for each in listeners(port)}:
        return None
    pairs = (each.partition("=") for each in _texts(pid, "environ"))
    return {name: value for name, _, value in pairs if name} or None


def _described(pid: int) -> dict[str, Any]:
    names = sorted({each.partition("=")[0] for each in _texts(pid, "environ")} - {""})
    booted = next(float(line.split()[1]) for line in _lines(PROC / "stat") if line.startswith("btime"))
    started = booted + int(_status(pid)[19]) / os.sysconf("SC_CLK_TCK")
    try:
        user = pwd.getpwuid((PROC / str(pid)).stat().st_uid).pw_name
    except KeyError:
        user = str((PROC / str(pid)).stat().st_uid)
    return {
        "pid": pid,
        **program_facts(_link(pid, "exe"), _texts(pid, "cmdline"), _link(pid, "cwd")),
        "age": max(0.0, time.time() - started),
        "user": user,
        "environment": names or None,
    }


def _by_pid_file(path: Path) -> tuple[list[int], str]:
    if not path.exists():
        return [], f"there is no pid file {path}"
    text = path.read_bytes()[:64].strip()
    if not text.isdigit() or int(text) == 0:
        raise ValueError(f"{path} holds no process id")
    pid = int(text)
    if pid not in set(_pids()):
        return [], f"{path} names {pid}, and there is no such process"
    if time.time() - _described(pid)["age"] > path.stat().st_mtime + 2:
        return [], f"{path} is older than process {pid}: the id has been given to another process"
    return [pid], ""


def _has_name(pid: int, name: str) -> bool:
    executable, command = _link(pid, "exe"), _texts(pid, "cmdline")
    script = script_of(command[1:], _link(pid, "cwd")) if interpreter(executable, command) else None
    own = "".join(_lines(PROC / str(pid) / "comm")[:1])
    return name in {own, Path(executable).name if executable else own, Path(script).name if script else own}


def _pids() -> Iterator[int]:
    """The processes that have not ended; a zombie has."""
    for entry in PROC.iterdir():
        if entry.name.isdigit() and _status(int(entry.name))[:1] not in ([], ["Z"], ["X"]):
            yield int(entry.name)


def _descendants(pid: int) -> set[int]:
    parents = {each: int(_status(each)[1]) for each in _pids() if len(_status(each)) > 1}
    found = {pid}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from `state` on, after the name in brackets; empty where there is no process."""
    return "".join(_lines(PROC / str(pid) / "stat")).rpartition(")")[2].split()


def _sockets(port: int) -> Iterator[tuple[str, str]]:
    """Address and inode of each listening socket; the kernel writes addresses as words in the machine's order."""
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in _lines(PROC / "net" / table)[1:]:
            fields = line.split()
            address, _, number = fields[1].partition(":")
            if fields[3] == LISTEN and int(number, 16) == port:
                words = [bytes.fromhex(address[place : place + 8])[::-1] for place in range(0, len(address), 8)]
                yield socket.inet_ntop(family, b"".join(words)), fields[9]


def _owners() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for pid in _pids():
        try:
            opened = [str(each.readlink()) for each in (PROC / str(pid) / "fd").iterdir()]
        except OSError:
            continue
        for inode in {each[8:-1] for each in opened if each.startswith("socket:[")}:
            found.setdefault(inode, []).append(pid)
    return found


def _link(pid: int, name: str) -> str | None:
    try:
        return str((PROC / str(pid) / name).readlink())
    except OSError:
        return None


def _texts(pid: int, name: str) -> list[str]:
    try:
        content = (PROC / str(pid) / name).read_bytes().rstrip(b"\0")
    except OSError:
        return []
    return content.decode("utf-8", "replace").split("\0") if content else []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
