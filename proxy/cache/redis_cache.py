"""Answers kept in Redis, which lets them expire; it may be gone, hang or be full, and requests go on."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, OutOfMemoryError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proxy.cache.breaker import Breaker
from proxy.cache.protocol import CacheError, Entry, Usage
from proxy.cache.record import RecordError, read_record, write_record
from proxy.cache.redis_address import ANSWERS, LEASES

Value = TypeVar("Value")

CONNECT_SECONDS = 0.5
"""How long a connection may take to be made."""
OPERATION_SECONDS = 1.0
"""How long an operation may take as a whole."""
LEASE_SECONDS = 10.0
"""How long a lease outlives the process that holds it; a living one renews it in time."""
LEASE_POLL = 0.1
"""How long a process waits before it looks again whether a lease is free, in seconds."""

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"


class RedisCache:
    """The answers of one Redis database. How much fits is Redis's own business (`maxmemory` and its policy).

    The client never tries again by itself, and after some failures in a row Redis is left alone for a while.

    ttl        seconds for which an answer may be served; Redis removes it then
    clock      the time in seconds since 1970
    steady     seconds that only go forward
    on_damage  told why an answer could not be used
    """

    def __init__(
        self,
        url: str,
        *,
        ttl: int,
        clock: Callable[[], float],
        steady: Callable[[], float],
        on_damage: Callable[[str], None],
    ) -> None:
        self._ttl = ttl
        self._clock = clock
        self._on_damage = on_damage
        self._breaker = Breaker(clock=steady)
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=OPERATION_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            max_connections=256,
        )

    def peek(self, key: str) -> Entry | None:
        """Nothing is at hand: others may have removed it meanwhile."""
        return None

    async def get(self, key: str) -> Entry | None:
        """The answer for a key; one that is damaged is removed. Raises CacheError."""
        value = await self._done("lookup", lambda: self._redis.get(ANSWERS + key))
        if value is None:
            return None
        try:
            entry = read_record(undecoded(value))
        except RecordError as error:
            await self._done("lookup", lambda: self._redis.delete(ANSWERS + key))
            self._on_damage(f"an answer is damaged: {error}")
            return None
        # A shorter life than it was stored with holds at once.
        return entry if self._clock() - entry.created_at < self._ttl else None

    async def put(self, key: str, entry: Entry) -> None:
        """Keep an answer for what is left of its life; raises CacheError."""
        left = math.floor((entry.created_at + self._ttl - self._clock()) * 1000)
        if left > 0:
            await self._done("store", lambda: self._redis.set(ANSWERS + key, write_record(entry), px=left))

    @asynccontextmanager
    async def lease(self, key: str) -> AsyncGenerator[None, None]:
        """Keeps other processes, on any host, from making the same answer; raises CacheError."""
        name, token = LEASES + key, secrets.token_hex(16)
        lasts = int(LEASE_SECONDS * 1000)
        while not await self._done("lease", lambda: self._redis.set(name, token, nx=True, px=lasts)):
            await asyncio.sleep(LEASE_POLL)
        renewing = asyncio.create_task(self._renew(name, token))
        try:
            yield
        finally:
            renewing.cancel()
            await self._release(name, token)

    async def usage(self) -> Usage:
        """The keys of the database, the bytes that all of Redis takes, and what it evicted; raises CacheError."""
        entries = await self._done("usage", self._redis.dbsize)
        memory = await self._done("usage", lambda: self._redis.info(section="memory"))
        counters = await self._done("usage", lambda: self._redis.info(section="stats"))
        return Usage(entries, memory["used_memory"], counters["evicted_keys"])

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _renew(self, name: str, token: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await self._done("lease", lambda: self._script(_RENEW, name, token, int(LEASE_SECONDS * 1000)))
            except CacheError:
                # Without Redis nobody else can take the lease either.
                continue

    async def _release(self, name: str, token: str) -> None:
        try:
            await self._done("lease", lambda: self._script(_RELEASE, name, token))
        except CacheError:
            # It expires.
            return

    async def _script(self, script: str, *arguments: str | int) -> object:
        return await self._redis.eval(script, 1, *arguments)

    async def _done(self, operation: str, work: Callable[[], Awaitable[Value]]) -> Value:
        if not self._breaker.allows():
            raise CacheError(operation, f"left alone after: {self._breaker.cause}")
        try:
            async with asyncio.timeout(OPERATION_SECONDS):
                found = await work()
        except (RedisError, OSError, TimeoutError) as error:
            cause = cause_of_redis(error)
            # A Redis that answers, even with an error, costs no time.
            if isinstance(error, (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)):
                self._breaker.failed(cause)
            raise CacheError(operation, cause) from error
        self._breaker.succeeded()
        return found


def undecoded(value: bytes | str) -> bytes:
    """A value as it was stored: the client may decode by its types only; ours are not told to."""
    assert isinstance(value, bytes)  # noqa: S101
    return value


def cause_of_redis(error: Exception) -> str:
    """A failure in a few words, without the address that the library's own words name."""
    if isinstance(error, (TimeoutError, RedisTimeoutError)):
        return "Redis did not answer in time"
    if isinstance(error, (AuthenticationError, AuthorizationError)):
        return "Redis refused the password"
    if isinstance(error, OutOfMemoryError):
        return "Redis is full"
    if isinstance(error, (RedisConnectionError, OSError)):
        return "Redis cannot be reached"
    return f"Redis refused the command ({type(error).__name__})"
