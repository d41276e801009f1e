"""The run reads other logs than the service's, or an edited copy of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from checks.drill.fault import Family
from checks.drill.outside.fault import Ground, OutsideFault
from checks.run import Request
from checks.wildcards import matching

READS_LOG = frozenset({"log", "metric"})
MOST_BYTES = 64 << 20
"""Of each log, that much of its end is copied."""
PROSE = b"all is well, as far as anyone can see\n" * 500


def _reading(made: Callable[[Ground, Path], None]) -> Callable[[Ground], AbstractContextManager[Request]]:
    @contextmanager
    def changed(ground: Ground) -> Iterator[Request]:
        folder = ground.folder / "logs"
        folder.mkdir()
        made(ground, folder)
        logs = {"format": ground.target.logs.format, "paths": [str(folder / "*")]}
        yield replace(ground.request, settings={**ground.request.settings, "target.logs": logs})

    return changed


def _gone(ground: Ground, folder: Path) -> None:
    """Nothing is there."""


def _empty(ground: Ground, folder: Path) -> None:
    (folder / "log").touch()


def _foreign(ground: Ground, folder: Path) -> None:
    (folder / "log").write_bytes(PROSE)


def _garbled(ground: Ground, folder: Path) -> None:
    """Copies whose every third line is no text."""
    for number, log in enumerate(_logs(ground)):
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - MOST_BYTES))
            lines = stream.read(MOST_BYTES).splitlines()
        lines[::3] = [bytes(byte ^ 0xFF for byte in line) for line in lines[::3]]
        (folder / f"{number}-{log.name}").write_bytes(b"".join(line + b"\n" for line in lines))


def _logs(ground: Ground) -> list[Path]:
    return [path for pattern in ground.target.logs.paths for path in matching(Path(pattern)) if path.is_file()]


def _reads(ground: Ground, check: str) -> bool:
    raw = ground.raw(check)
    is_meant = raw.get("kind") in READS_LOG and not raw.get("instances")
    return is_meant and not raw.get("source") and not raw.get("absent_text")


def _measures(ground: Ground, check: str) -> bool:
    return _reads(ground, check) and ground.raw(check).get("kind") == "metric" and bool(_logs(ground))


FAULTS = (
    OutsideFault(
        id="log-empty",
        family=Family.LOGS,
        breaks="The log is empty.",
        how="the run reads an empty file",
        notices=_reads,
        changed=_reading(_empty),
    ),
    OutsideFault(
        id="log-gone",
        family=Family.LOGS,
        breaks="The log is gone.",
        how="the run reads a folder with no log in it",
        notices=_reads,
        changed=_reading(_gone),
    ),
    OutsideFault(
        id="log-foreign",
        family=Family.LOGS,
        breaks="The log is another program's.",
        how="the run reads 500 lines of prose",
        notices=_reads,
        changed=_reading(_foreign),
    ),
    OutsideFault(
        id="log-garbled",
        family=Family.LOGS,
        breaks="One line in three of the log is bytes that are no text.",
        how="the run reads copies of the logs, in which every third line was inverted",
        notices=_measures,
        changed=_reading(_garbled),
    ),
)
