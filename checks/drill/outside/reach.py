"""What a drill may disturb: this machine's own, and hosts that were asked for by their names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from checks.errors import ConfigurationError, Problem


def check_reach(name: str, url: str | None, allowed: Sequence[str]) -> str:
    """The URL; raises ConfigurationError for none, and for one beyond this machine whose host is not in `allowed`."""
    host = urlsplit(url or "").hostname
    if url is None or host is None:
        raise ConfigurationError([Problem("drill", None, None, f"no {name} is set; give --set {name}=…")])
    if not (_is_loopback(host) or host in allowed):
        message = f"{host} is not this machine; a drill disturbs what it asks, so name it: --allow-host {host}"
        raise ConfigurationError([Problem("drill", None, None, message)])
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
