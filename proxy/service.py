"""What a running proxy is made of, put together once at the start."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from proxy.account_pool import AccountPool
from proxy.authentication import ClientKeys
from proxy.cache.front import BYTES_PER_MB, CacheFront
from proxy.calls import CallRecord
from proxy.connections import ClientLimits
from proxy.dispatch import Dispatch
from proxy.errors import StartError
from proxy.eventlog import EventLog, utc
from proxy.generation import Generation, Outcome
from proxy.home import Configuration, Home
from proxy.identity import VERSION, build
from proxy.metrics import Metrics
from proxy.readiness import readiness
from proxy.settings import RELOADABLE, Settings
from proxy.single_flight import SingleFlight
from proxy.upstream import Upstream

if TYPE_CHECKING:
    from proxy.tracing import Tracing


class Service:
    """The parts of one proxy. Raises StartError where the home cannot be used; a broken cache does not stop it.

    What makes keys, log, cache and generation can be replaced before they are made: by parts that go wrong on request.
    clock  the time in seconds since 1970
    pause  waits so many seconds before a failed call is tried again
    reread      reads the settings again, for a reload
    started_at  when the server was started, in seconds since 1970; now where it is not given
    limits      what clients may take
    """

    key_type: Callable[..., ClientKeys] = ClientKeys
    log_type: Callable[..., EventLog] = EventLog
    cache_type: Callable[..., CacheFront] = CacheFront
    generation_type: Callable[..., Generation] = Generation

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        reread: Callable[[], Settings] | None = None,
        started_at: float | None = None,
        limits: ClientLimits | None = None,
    ) -> None:
        self.settings = settings
        self.limits = limits or ClientLimits(connections=settings.max_connections)
        self._reread = reread or (lambda: settings)
        self.home = Home(settings.home)
        self.home.create()
        configuration = self.home.read()
        log_key = bytes.fromhex(configuration.log_key)
        self.keys = self._made_keys(settings, configuration)
        self.metrics = Metrics(settings.cache_backend, configuration.prices)
        self.log = self.log_type(
            self.home.log,
            settings.instance_name,
            log_key,
            clock=clock,
            max_bytes=settings.log_max_mb * BYTES_PER_MB,
            keep_days=settings.log_keep_days,
            observers=[self.metrics.observe_event],
        )
        self.started_at = utc(clock() if started_at is None else started_at)
        self.pool = AccountPool(
            self.home.accounts,
            self.home.database,
            self.log,
            log_key=log_key,
            clock=clock,
            concurrency=settings.account_concurrency,
        )
        self.tracing = _tracing(settings)
        self.record = CallRecord([self.metrics.observe_call, *([self.tracing.observe_call] if self.tracing else [])])
        self.cache = self.cache_type(
            settings,
            self.home.cache,
            self.log,
            clock=clock,
            observe=self.metrics.observe_cache,
            on_eviction=self.metrics.observe_eviction,
        )
        self.flights: SingleFlight[Outcome] = SingleFlight()
        self.upstream = Upstream(settings.upstream, settings.upstream_timeout_seconds, self.record)
        self.generation = self.generation_type(
            Dispatch(
                self.upstream, self.pool, self.log, timeout_seconds=settings.upstream_timeout_seconds, sleep=pause
            ),
            self.cache,
            self.flights,
            self.log,
            enhancement=settings.prompt_enhancement,
            shares=settings.cache_shared == "true",
            timeout_seconds=settings.upstream_timeout_seconds,
            clock=clock,
        )

    def own_routes(self) -> list[Route]:
        """Endpoints beside those that every service has."""
        return []

    def announce(self) -> None:
        """Log the start: the effective settings, every account file that was rejected, and missing client keys."""
        self.log.info("server_started", pid=os.getpid(), settings=self.settings.effective())
        self.pool.announce()
        if not len(self.keys):
            self.log.error(
                "no_client_keys",
                remedy="no request can be accepted: set IMAGE_PROXY_API_KEYS, or make a home with image-proxy init",
            )

    def reload(self) -> None:
        """Open the log again, and read settings and client keys anew; a mistake in them changes nothing.

        Accounts need no reload: their folder is looked at before every choice.
        """
        self.log.file.reopen()
        mistake = ""
        try:
            settings = self._reread()
            keys = self._made_keys(settings, self.home.read())
        except StartError as error:
            mistake = str(error)
        if mistake:
            self.log.error("reload_failed", reason=mistake)
            return
        differing = self.settings.differing(settings)
        changed = {name: getattr(settings, name) for name in differing if name in RELOADABLE}
        self.settings = self.settings.model_copy(update=changed)
        self.keys = keys
        self.log.file.max_bytes = settings.log_max_mb * BYTES_PER_MB
        self.log.file.keep_days = settings.log_keep_days
        self.log.info(
            "settings_reloaded",
            changed=[variable for name, variable in differing.items() if name in RELOADABLE],
            needs_restart=[variable for name, variable in differing.items() if name not in RELOADABLE],
            client_keys=len(keys),
        )

    async def close(self) -> None:
        """Log the stop and close everything."""
        self.log.info("server_stopped", pid=os.getpid())
        await self.upstream.close()
        await self.cache.close()
        self.pool.close()
        if self.tracing:
            await self.tracing.close()
        self.log.close()

    def identity(self) -> dict[str, Any]:
        """Which software this is, and since when it runs."""
        return {
            "version": VERSION,
            "build": build(),
            "instance": self.settings.instance_name,
            "started_at": self.started_at,
        }

    async def stats(self) -> dict[str, Any]:
        """The figures of `/internal/stats`, without secrets."""
        return {
            **self.identity(),
            "pid": os.getpid(),
            "executable": sys.executable,
            "home": str(self.home.path),
            "settings": self.settings.effective(),
            "accounts": self.pool.summary(),
            "cache": await self.cache.stats(),
            "single_flight": {"in_flight": self.flights.in_flight, "joined": self.flights.joined},
            "upstream": {"calls": self.record.calls, "failures": self.record.failures},
        }

    async def readiness(self) -> dict[str, Any]:
        """Whether requests can be served, and how accounts, cache and disk stand."""
        return readiness(
            self.pool.summary(),
            await self.cache.stats(),
            client_keys=len(self.keys),
            home=self.home.path,
            log_works=self.log.file.works,
        )

    def _made_keys(self, settings: Settings, configuration: Configuration) -> ClientKeys:
        return self.key_type(settings.client_keys(), (key.sha256 for key in configuration.client_keys))


def _tracing(settings: Settings) -> Tracing | None:
    """Traces, where a collector is named; raises StartError where the libraries for it are not installed."""
    if not settings.otlp_endpoint:
        return None
    try:
        from proxy.tracing import Tracing, exported_to
    except ImportError as error:
        raise StartError(
            "IMAGE_PROXY_OTLP_ENDPOINT is set, but what sends traces is not installed; "
            "install signoff[otlp], or unset it"
        ) from error
    return Tracing(settings.instance_name, exported_to(settings.otlp_endpoint))
