"""Drills a checklist of one's own against a service of one's own, from outside: nothing of either is changed.

Between the run and the service stands a reverse proxy; logs are told from a copy; expectations are changed in a copy
of the checklist, beside it for the time of one run. What must notice follows from what each check looks at.
"""

from __future__ import annotations

import copy
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import yaml

from checks.comparator_reading import READERS
from checks.drill.fault import Family, Fault
from checks.drill.judging import judged, left_out
from checks.drill.looking import looked_at
from checks.drill.mischief import reverse_proxy
from checks.drill.outcome import FaultRecord, SeenCheck
from checks.errors import ConfigurationError, Problem
from checks.loading import Loaded, load
from checks.run import Request

ASKS_URL = frozenset({"http", "sequence"})
READS_LOG = frozenset({"log", "metric"})
IMPOSSIBLE = {"equals": "a value that nothing has, so that a drill sees the check fail"}
NOBODY = "no check that passes looks there"


@dataclass(frozen=True)
class OutsideFault:
    """What is done, and to which kinds of check it must show."""

    id: str
    family: Family
    breaks: str
    how: str
    notices: Callable[[Mapping[str, Any]], bool]
    changed: Callable[[Request, Loaded, Path], Any]


def check_reach(url: str | None, allowed: Sequence[str]) -> None:
    """Raises ConfigurationError for a target beyond this machine that was not asked for by its name."""
    host = urlsplit(url or "").hostname
    if host is None:
        raise ConfigurationError([Problem("drill", None, None, "no target.url is set; give --set target.url=…")])
    if not (_is_loopback(host) or host in allowed):
        message = f"{host} is not this machine; a drill disturbs what it asks, so name it: --allow-host {host}"
        raise ConfigurationError([Problem("drill", None, None, message)])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def drill_outside(request: Request, fault: OutsideFault, passing: Sequence[str], stop: threading.Event) -> FaultRecord:
    """Do one thing and look; of the checks that pass when nothing is broken, those that look there must notice."""
    loaded = load(request.checklist, profile=request.profile, settings=request.settings, environ=request.environ)
    raw = {entry.id: entry.raw for entry in loaded.entries}
    expected = tuple(name for name in passing if fault.notices(raw[name]))
    told = Fault(
        id=fault.id,
        family=fault.family,
        site="outside",
        before=(),
        after=(),
        breaks=fault.breaks,
        how=fault.how,
        caught_by=expected,
        not_possible="" if expected else NOBODY,
        consequences=("*",),
    )
    if not expected:
        return left_out(told, "not_possible", NOBODY)
    began = time.monotonic()
    with TemporaryDirectory(prefix="signoff-drill-") as folder, fault.changed(request, loaded, Path(folder)) as changed:
        seen = looked_at(replace(changed, checks=tuple(passing), output=Path(folder) / "run"), stop)
    return judged(told, seen, None, time.monotonic() - began)


def passing_of(seen: Sequence[SeenCheck]) -> tuple[str, ...]:
    """The ids of what passes when nothing is broken."""
    return tuple(check.id for check in seen if check.status.meets_a_need)


def _fronted(**mischief: Any) -> Callable[[Request, Loaded, Path], Any]:
    @contextmanager
    def changed(request: Request, loaded: Loaded, folder: Path) -> Iterator[Request]:
        target = loaded.checklist.target
        own = {name: value for name, value in mischief.items() if name != "only_identity"}
        paths = [target.identity, *([target.stats] if target.stats else [])]
        plan = {"path": target.identity} if mischief.get("only_identity") else {"not_paths": paths}
        with reverse_proxy(target.url or "", {**plan, **own}) as url:
            yield replace(request, settings={**request.settings, "target.url": url})

    return changed


def _logged(text: str | None) -> Callable[[Request, Loaded, Path], Any]:
    @contextmanager
    def changed(request: Request, loaded: Loaded, folder: Path) -> Iterator[Request]:
        path = folder / "log"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        logs = {"format": loaded.checklist.target.logs.format, "paths": [str(path)]}
        yield replace(request, settings={**request.settings, "target.logs": logs})

    return changed


@contextmanager
def _expecting_the_impossible(request: Request, loaded: Loaded, folder: Path) -> Iterator[Request]:
    """A copy of the checklist beside it, in which every expectation is one that nothing meets."""
    document = copy.deepcopy(loaded.document.data)
    for stage in document["stages"]:
        for check in stage.get("checks") or ():
            if check.get("expect"):
                check["expect"] = _impossible(check["expect"])
    path = request.checklist.with_name(f".drill-{secrets.token_hex(4)}.yaml")
    try:
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        yield replace(request, checklist=path)
    finally:
        path.unlink(missing_ok=True)


def _impossible(expect: Mapping[str, Any]) -> dict[str, Any]:
    """The same properties, or for a kind with one property its comparator, with what nothing meets."""
    return dict(IMPOSSIBLE) if set(expect) <= set(READERS) else {name: dict(IMPOSSIBLE) for name in expect}


def _asks(raw: Mapping[str, Any]) -> bool:
    steps = raw.get("steps") or [raw]
    return raw.get("kind") in ASKS_URL and all(str(step.get("url", "")).startswith("/") for step in steps)


def _reads(raw: Mapping[str, Any]) -> bool:
    return raw.get("kind") in READS_LOG and not raw.get("source") and not raw.get("absent_text")


def _expects(raw: Mapping[str, Any]) -> bool:
    return bool(raw.get("expect"))


OUTSIDE = (
    OutsideFault(
        id="fails",
        family=Family.UPSTREAM,
        breaks="The service answers 500 to everything.",
        how="a reverse proxy in front answers so",
        notices=_asks,
        changed=_fronted(status=500, body="{}"),
    ),
    OutsideFault(
        id="says-nothing",
        family=Family.UPSTREAM,
        breaks="The service answers 200 with an empty object to everything.",
        how="a reverse proxy in front answers so",
        notices=_asks,
        changed=_fronted(status=200, body="{}"),
    ),
    OutsideFault(
        id="breaks-off",
        family=Family.UPSTREAM,
        breaks="Every answer ends before its end.",
        how="a reverse proxy in front cuts every answer in half",
        notices=_asks,
        changed=_fronted(cut=0.5),
    ),
    OutsideFault(
        id="another-release",
        family=Family.EVIDENCE,
        breaks="What answers is another release.",
        how="a reverse proxy in front changes the version",
        notices=_asks,
        changed=_fronted(only_identity=True, answer={"version": "v0.0.0-drill"}),
    ),
    OutsideFault(
        id="log-empty",
        family=Family.LOGS,
        breaks="The log is empty.",
        how="the run reads an empty file",
        notices=_reads,
        changed=_logged(""),
    ),
    OutsideFault(
        id="log-gone",
        family=Family.LOGS,
        breaks="The log is gone.",
        how="the run reads a file that is not there",
        notices=_reads,
        changed=_logged(None),
    ),
    OutsideFault(
        id="log-foreign",
        family=Family.LOGS,
        breaks="The log is another program's.",
        how="the run reads 500 lines of prose",
        notices=_reads,
        changed=_logged("all is well, as far as anyone can see\n" * 500),
    ),
    OutsideFault(
        id="expects-the-impossible",
        family=Family.EVIDENCE,
        breaks="Nothing is as expected.",
        how="every expectation of a copy of the checklist is one that nothing meets",
        notices=_expects,
        changed=_expecting_the_impossible,
    ),
)
"""What can be done from outside, whatever is asked."""
