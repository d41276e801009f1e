"""The kind `log`: structured events that were logged, and texts that must not have been stored."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from checks.check import Check, Context
from checks.contents import UnreadableError
from checks.judgement import Truncated
from checks.kinds.target_logs import log_format, log_paths
from checks.outcome import Evidence, Observation, error, no_data
from checks.text_search import SearchStoppedError, occurrences
from checks.times import Seconds
from checks.wildcards import matching

if TYPE_CHECKING:
    from checks.metrics.events import EventMatches

SHOWN_EVENTS = 20
"""Events that are kept as evidence."""
MAX_EVENTS = 20_000
"""Events that are looked at for `distinct`; where there are more, its values are unknown."""


class LogCheck(Check):
    """Look for events since the run began, or for texts that must be nowhere in some files.

    ```yaml
    kind: log
    event: image_request
    where: {status: 400, error_type: SAFETY_REFUSAL}
    required_fields: [request_id, prompt_hash]
    expect: {count: {at_least: 1}, missing_fields: []}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "count": "events that match",
        "fields": "names that every one of them has, sorted",
        "missing_fields": "required fields that at least one of them lacks; null where none matches",
        "first": "the first of them",
        "values": "how often each value of the field `distinct` occurs",
        "occurrences": "how often the texts of `absent_text` occur, in whatever writing",
        "files": "how many files were searched for `absent_text`",
    }
    asks_target: ClassVar[bool] = True
    of_instances: ClassVar[bool] = True

    kind: Literal["log"]
    source: tuple[str, ...] = Field(default=(), description="Files and patterns. Default: target.logs.paths.")
    event: str | None = Field(default=None, description="The name of the event.")
    where: Mapping[str, str | int | float | bool | None] = Field(
        default_factory=dict, description="Fields and the values that they must have; null is an absent field too."
    )
    text: str | None = Field(default=None, min_length=1, description="What the raw line holds.")
    since: Seconds | None = Field(default=None, description="Only events this recent. Default: since the run began.")
    required_fields: tuple[str, ...] = Field(default=(), description="Fields that every event must have.")
    distinct: str | None = Field(default=None, description="A field whose values are counted.")
    absent_text: tuple[Annotated[str, Field(min_length=4)], ...] = Field(
        default=(), description="Texts that must be nowhere in `files`."
    )
    files: tuple[str, ...] = Field(default=(), description="Where `absent_text` is looked for. Default: the source.")

    @model_validator(mode="after")
    def _asks_something(self) -> LogCheck:
        if not self._asks_for_events and not self.absent_text:
            raise ValueError("say what to look for: `event`, `where` or `text`, or `absent_text`")
        if self.files and not self.absent_text:
            raise ValueError("`files` are searched for `absent_text`, which is missing")
        if (self.required_fields or self.distinct) and not self._asks_for_events:
            raise ValueError("`required_fields` and `distinct` are of events; name the `event`")
        return self

    @property
    def _asks_for_events(self) -> bool:
        return bool(self.event or self.where or self.text)

    def observe(self, context: Context) -> Observation:
        """Read the events, search the files; nothing read is nothing known."""
        from checks.metrics.errors import LogSourceError

        properties: dict[str, Any] = {}
        evidence: list[Evidence] = []
        try:
            paths = log_paths(context, self.source)
            if self._asks_for_events:
                found = self._events(paths, context)
                if found.reason_if_unknown:
                    return no_data(found.reason_if_unknown, remedy="mend or leave out the file that is named")
                properties |= self._of_events(found)
                evidence.append(_told("events.json", found.events[:SHOWN_EVENTS]))
            if self.absent_text:
                counts = self._search(paths, context)
                properties |= {"occurrences": sum(counts.values()), "files": len({name for name, _ in counts})}
                evidence.append(_told("occurrences.json", _by_file(counts)))
        except LogSourceError as problem:
            return no_data(str(problem), *evidence, remedy=problem.remedy)
        except FileNotFoundError as problem:
            return no_data(str(problem), *evidence, remedy="check the path, or that the service has written there")
        except (UnreadableError, SearchStoppedError, ValueError) as problem:
            return error(str(problem), *evidence)
        return Observation(properties, tuple(evidence))

    def _events(self, paths: list[str], context: Context) -> EventMatches:
        from checks.metrics.events import read_events

        return read_events(
            paths,
            log_format="auto" if self.source else log_format(context),
            event=self.event,
            where=dict(self.where),
            text=self.text,
            since=context.started_at if self.since is None else context.now() - timedelta(seconds=self.since),
            limit=MAX_EVENTS if self.distinct else SHOWN_EVENTS,
        )

    def _of_events(self, found: EventMatches) -> dict[str, Any]:
        return {
            "count": found.count,
            "fields": sorted(found.fields),
            "missing_fields": [name for name in self.required_fields if name not in found.fields]
            if found.count
            else None,
            "first": found.events[0] if found.events else None,
            **({"values": _values(found, self.distinct)} if self.distinct else {}),
        }

    def _search(self, paths: list[str], context: Context) -> dict[tuple[str, int], int]:
        """Occurrences by file and number of the text, which itself is not told again.

        In the reverse order of their names: a database's journal comes before the database that it is merged into.
        """
        patterns = [Path(each) for each in (log_paths(context, self.files) if self.files else paths)]
        files = {file.resolve() for pattern in patterns for file in _files(pattern)}
        if not files:
            raise FileNotFoundError("no file is named to search for `absent_text`")
        return {
            (str(file), number): _occurrences(text, file, context.stop)
            for file in sorted(files, reverse=True)
            for number, text in enumerate(self.absent_text)
        }


def _occurrences(text: str, file: Path, stop: threading.Event) -> int:
    try:
        return occurrences(text, file, stop)
    except UnreadableError:
        if file.exists():
            raise
        return 0  # a file that is gone since, as a journal is, holds nothing


def _files(pattern: Path) -> list[Path]:
    try:
        found = [each for each in matching(pattern) if each.is_file()]
    except FileNotFoundError:
        found = []
    if not found:
        raise FileNotFoundError(f"{pattern}: no file matches this")
    return found


def _values(found: EventMatches, name: str) -> dict[str, int] | Truncated:
    if found.count != len(found.events):
        return Truncated(f"{len(found.events)} of {found.count} events were looked at")
    counts = Counter(_written(event.get(name)) for event in found.events)
    return dict(sorted(counts.items()))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _by_file(counts: Mapping[tuple[str, int], int]) -> list[dict[str, Any]]:
    return [{"file": file, "text": number + 1, "occurrences": count} for (file, number), count in counts.items()]


def _told(name: str, what: Any) -> Evidence:
    return Evidence(name, json.dumps(what, indent=1, ensure_ascii=False, default=str).encode("utf-8", "replace"))
