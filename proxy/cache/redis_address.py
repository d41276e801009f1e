"""Where Redis is: the names of our keys, and what of an address may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit

ANSWERS = "image-proxy:answer:"
"""What the keys of answers begin with."""
LEASES = "image-proxy:lease:"
"""What the keys of leases begin with."""

SCHEMES = ("redis", "rediss", "unix")


def check_redis_url(url: str) -> str:
    """The URL, if it is one that the client can use; raises ValueError, which quotes nothing of it."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("not a redis, rediss or unix URL")
    if parts.scheme == "unix" and not parts.path:
        raise ValueError("names no socket")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("names no host")
    number = parts.path.strip("/")
    if parts.scheme != "unix" and number and not number.isdecimal():
        raise ValueError("its path is no number of a database")
    if parts.query or parts.fragment:
        raise ValueError("has a query or fragment")
    _ = parts.port  # raises ValueError for a port that is none
    return url


def shown_address(url: str) -> str:
    """The address without user and password.

    >>> shown_address("rediss://user:secret@cache.test:6380/2")
    'rediss://cache.test:6380/2'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
