"""The answers of a Redis cache, as an operator handles them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from proxy.cache.protocol import CacheError
from proxy.cache.record import LONGEST_HEADER, RecordError, read_header, read_record
from proxy.cache.redis_address import ANSWERS, shown_address
from proxy.cache.redis_cache import CONNECT_SECONDS, cause_of_redis, undecoded
from proxy.cache.selection import Kept

OPERATION_SECONDS = 10.0
"""How long an operation may take: nobody's request waits for it."""
AT_ONCE = 500
"""How many answers are looked at, or removed, in one round trip."""


class RedisShelf:
    """The answers of one Redis database."""

    def __init__(self, url: str) -> None:
        self.place = {"backend": "redis", "address": shown_address(url)}
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=OPERATION_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    def kept(self) -> Iterator[Kept]:
        """All answers; one whose header is damaged has no model and no prompt. Raises CacheError."""
        cursor = 0
        seen: set[bytes] = set()
        while True:
            with _told("read"):
                cursor, found = self._redis.scan(cursor, match=f"{ANSWERS}*", count=AT_ONCE)
                # Redis may name a key twice.
                names = [name for name in dict.fromkeys(map(undecoded, found)) if name not in seen]
                seen.update(names)
                pipeline = self._redis.pipeline(transaction=False)
                for name in names:
                    pipeline.getrange(name, 0, LONGEST_HEADER - 1)
                    pipeline.strlen(name)
                answers = pipeline.execute()
            for name, start, size in zip(names, answers[::2], answers[1::2], strict=True):
                if size:
                    yield _kept(name.decode().removeprefix(ANSWERS), start, size)
            if cursor == 0:
                return

    def fault(self, kept: Kept) -> str | None:
        """What is wrong with an answer's value; raises CacheError."""
        with _told("read"):
            value = self._redis.get(ANSWERS + kept.key)
        if value is None:
            return None
        try:
            read_record(undecoded(value))
        except RecordError as error:
            return str(error)
        return None

    def orphans(self) -> int:
        """There are no files."""
        return 0

    def remove(self, kept: Iterable[Kept]) -> int:
        """Remove answers; how many were still there. Raises CacheError."""
        names = [ANSWERS + each.key for each in kept]
        removed = 0
        for start in range(0, len(names), AT_ONCE):
            with _told("remove"):
                removed += int(self._redis.unlink(*names[start : start + AT_ONCE]))
        return removed

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()


def _kept(key: str, start: bytes, size: int) -> Kept:
    try:
        header = read_header(start)
    except RecordError:
        return Kept(key, "", "", 0.0, size)
    return Kept(key, header.model, header.prompt_hash, header.created_at, size - start.index(b"\n") - 1)


@contextmanager
def _told(operation: str) -> Generator[None, None, None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise CacheError(operation, cause_of_redis(error)) from error
