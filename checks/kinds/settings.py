"""The kind `settings`: what the server process runs with, as it reports and as its environment says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from checks.check import Check, Context
from checks.contents import UnreadableError
from checks.far.asking import ask
from checks.http_exchange import Interrupted, NoAnswer, Unsendable
from checks.http_request import SHARE_OF_TIME, Request, send
from checks.outcome import Evidence, Observation, error, failed, no_data
from checks.redaction import looks_secret
from checks.yaml_scalars import plain_scalar


def _public(name: str) -> str:
    if looks_secret(name):
        raise ValueError(f"{name} sounds like a secret, and its value would be in the report")
    return name


SettingName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=100), AfterValidator(_public)]


class SettingsCheck(Check):
    """Observe settings of the process that serves target.url; the environment of whoever asks is never looked at.

    ```yaml
    kind: settings
    names: [CACHE_BACKEND, CACHE_TTL_SECONDS]
    expect: {CACHE_BACKEND: filesystem, CACHE_TTL_SECONDS: {between: [1800, 7200]}, agree: true}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "NAME": "the effective value: a number, true or false where it reads as one, else text; null where unset",
        "source": "report, environment, or report and environment",
        "agree": "false where its environment names another value than it reports; null where only one is known",
    }
    asks_target: ClassVar[bool] = True
    of_instances: ClassVar[bool] = True

    kind: Literal["settings"]
    names: tuple[SettingName, ...] = Field(min_length=1, max_length=100, description="Names as in the environment.")

    def observed_names(self) -> frozenset[str]:
        """The names asked for, `source` and `agree`."""
        return frozenset({*self.names, "source", "agree"})

    def observe(self, context: Context) -> Observation:
        """Ask target.stats; where its process runs on this machine, read that process's environment besides."""
        if context.target.stats is None:
            return no_data("target.stats is not set, so the server cannot be asked", remedy="set target.stats")
        try:
            response = send(Request(url=context.target.stats), context, context.timeout_s * SHARE_OF_TIME)
        except NoAnswer as problem:
            return failed(str(problem), remedy="start the target, or correct target.url")
        except (Unsendable, Interrupted) as problem:
            return error(str(problem))
        report = response.parsed
        if response.status != 200 or not isinstance(report, dict):
            answer = response.evidence("answer.json")
            return failed(f"{context.target.stats}: status {response.status} and no report of settings", answer)
        reported = report.get("settings")
        try:
            environment = _environment(report.get("pid"), context)
        except UnreadableError as problem:
            return error(str(problem))
        if not isinstance(reported, dict) and environment is None:
            return no_data(f"{context.target.stats} reports no settings, and the process's environment is not readable")
        return self._compared(reported if isinstance(reported, dict) else None, environment)

    def _compared(self, reported: dict[str, Any] | None, environment: Mapping[str, str] | None) -> Observation:
        told = {name: _typed((reported or {}).get(name)) for name in self.names}
        given = {name: _typed((environment or {}).get(name)) for name in self.names}
        differing = [name for name in self.names if None not in (told[name], given[name]) and told[name] != given[name]]
        found = {"report": reported is not None, "environment": environment is not None}
        both = all(found.values())
        values = {name: told[name] if told[name] is not None else given[name] for name in self.names}
        evidence = {"report": told, "environment": given, "differing": differing}
        return Observation(
            {
                **values,
                "source": " and ".join(name for name, there in found.items() if there),
                "agree": not differing if both else None,
            },
            (Evidence("settings.json", json.dumps(evidence, indent=1).encode()),),
            reason=f"its environment names other values than it reports: {', '.join(differing)}" if differing else "",
        )


def _typed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        typed = plain_scalar(value)
    except ValueError:
        return value
    return value if typed is None else typed


def _environment(pid: Any, context: Context) -> Mapping[str, str] | None:
    """The environment of process `pid`, where it runs here, or at the instance, and serves the URL; else None.

    Raises UnreadableError where the instance cannot be asked.
    """
    import psutil

    url = context.target.url
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0 or url is None:
        return None
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if context.elsewhere is not None:
        found = ask(context.elsewhere, "checks.far.processes", context, what="environment", pid=pid, port=port)
        return found if isinstance(found, dict) else None
    try:
        process = psutil.Process(pid)
        listening = {each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
        return process.environ() if port in listening else None
    except (psutil.Error, OSError):
        return None
