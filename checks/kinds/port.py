"""The kind `port`: who listens on a TCP port."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError
from checks.far.asking import ask
from checks.outcome import Observation, error

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True)
class Listener:
    """A socket in the state LISTEN; `pid` is None where the system does not tell us whose it is."""

    address: str
    port: int
    pid: int | None
    program: str | None = None

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The address, an IPv4 one also where IPv6 wraps it."""
        own = ip_address(self.address)
        return own.ipv4_mapped or own if isinstance(own, IPv6Address) else own

    def answers(self, addresses: frozenset[str]) -> bool:
        """Whether a client that calls one of these addresses reaches this socket; `::` takes IPv4 as well."""
        versions = {4, 6} if self.ip == IPv6Address("::") else {self.ip.version}
        every = self.ip.is_unspecified and any(ip_address(each).version in versions for each in addresses)
        return every or str(self.ip) in addresses


class PortCheck(Check):
    """Who listens on a TCP port; clients' connections through it do not count.

    ```yaml
    kind: port
    host: 127.0.0.1
    expect: {listening: true, loopback: true, processes: 1}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "listening": "whether a process listens there",
        "address": "the address that it is bound to",
        "loopback": "whether only this machine can reach it",
        "pid": "id of the listening process, of the lowest where there are several",
        "program": "path of the listening process's executable",
        "processes": "how many processes listen",
    }
    of_instances: ClassVar[bool] = True

    kind: Literal["port"]
    port: int | None = Field(default=None, ge=1, le=65535, description="Default: the port of target.url.")
    host: str | None = Field(default=None, description="Address that must be served. Default: any; of target.url.")

    def observe(self, context: Context) -> Observation:
        """Look at the sockets of this machine; nothing is connected to."""
        import psutil

        host, port = self.host, self.port
        try:
            if port is None:
                named, port = host_and_port(context.target.url)
                host = host or named
            addresses = addresses_of(host)
            on_port = listeners(port) if context.elsewhere is None else _listeners_there(port, context)
        except (ValueError, UnreadableError, psutil.Error) as problem:
            return error(f"the port cannot be looked at: {problem}")
        found = [each for each in on_port if addresses is None or each.answers(addresses)]
        if not found:
            others = ", ".join(sorted({each.address for each in on_port}))
            where = f"{host or 'any address'}, port {port}"
            reason = f"nothing listens on {where}" + (f", but on {others}" if others else "")
            return Observation(dict.fromkeys(self.observes) | {"listening": False, "processes": 0}, reason=reason)
        pids = sorted({each.pid for each in found if each.pid is not None})
        return Observation(
            {
                "listening": True,
                "address": found[0].address,
                "loopback": all(each.ip.is_loopback for each in found),
                "pid": pids[0] if pids else None,
                "program": next((each.program for each in found if pids and each.pid == pids[0]), None),
                "processes": len(pids) if all(each.pid is not None for each in found) else None,
            }
        )


def host_and_port(url: str | None) -> tuple[str | None, int]:
    """Return host and port of a base URL; a scheme's own port where the URL names none. Raises ValueError."""
    if url is None:
        raise ValueError("neither a port nor target.url is given")
    parts = urlsplit(url)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def addresses_of(host: str | None) -> frozenset[str] | None:
    """Return the addresses that a host's name stands for, None for no host; raises ValueError for an unknown name."""
    if host is None:
        return None
    try:
        return frozenset(str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None))
    except OSError as problem:
        raise ValueError(f"the host {host} is not known: {problem.strerror}") from problem


def listeners(port: int) -> list[Listener]:
    """Return the sockets that listen on a TCP port, sorted.

    Where the system keeps the whole table from us (macOS, without root), our own processes are asked one by one.
    Raises psutil.Error.
    """
    import psutil

    try:
        table = [(each.pid, each.status, each.laddr) for each in psutil.net_connections(kind="tcp")]
    except psutil.AccessDenied:
        table = list(_own_sockets())
    bound = [(pid, laddr) for pid, status, laddr in table if status == psutil.CONN_LISTEN and laddr]
    found = {Listener(laddr.ip, laddr.port, pid, _executable(pid)) for pid, laddr in bound if laddr.port == port}
    return sorted(found, key=lambda each: (each.address, each.pid or 0))


def _listeners_there(port: int, context: Context) -> list[Listener]:
    """The same at the check's instance; raises UnreadableError."""
    if context.elsewhere is None:
        raise ValueError("the check is of no instance elsewhere")
    told = ask(context.elsewhere, "checks.far.processes", context, what="listeners", port=port)
    found = {Listener(each["address"], port, each["pid"], each["program"]) for each in told}
    return sorted(found, key=lambda each: (each.address, each.pid or 0))


def _own_sockets() -> Iterator[tuple[int | None, str, psutil._ntuples.addr | tuple[()]]]:
    import psutil

    for process in psutil.process_iter():
        try:
            yield from [(process.pid, each.status, each.laddr) for each in process.net_connections(kind="tcp")]
        except psutil.Error:
            continue


def _executable(pid: int | None) -> str | None:
    import psutil

    try:
        return None if pid is None else psutil.Process(pid).exe() or None
    except psutil.Error:
        return None
