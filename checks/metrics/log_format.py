"""The model of a log format: what its YAML file may say, and so all that the SQL knows of a log.

How a format reaches the SQL (`statements.py` reads nothing else of it):

1. Lines become records. Without `first_line` each physical line is a record. With it, an RE2 pattern, a line that
   matches it begins a record and the lines after it, up to the next that matches, belong to that record, joined by
   newlines; lines before the first such line are unparsed, and so are lines beyond `at_most_lines` of one record.
   A line of `plain_lines` begins one as well: fixed strings tell it several times faster than a pattern does.
   A record that quotes text from outside ends as `quotes` says (see quotation.py).
2. Records are recognised. json-lines: a JSON object that has all keys of `recognised_by`; key-value: a line with all
   those keys, written key=value or key="value", outside of other values; pattern: a record that `first_line` matches.
   What is not recognised is unparsed (a blank line is ignored).
3. A record is an event. json-lines and key-value: its key `event` is one of `request_events`, which makes it a request
   (every record is one where `event` is None). pattern: the first of `events` whose fixed strings `contains` are all in
   the record and whose `pattern` is found in it. Other records are ignored without being parsed further, so `contains`
   is what makes reading fast: choose strings that other records do not have.
4. Its fields are extracted as text. json-lines and key-value: `fields` maps this program's names to keys. pattern: the
   pattern's named groups are the fields, `time` among them; `set` gives fields a fixed value. A pattern should begin
   with ^, for text further in may be somebody's prompt, and (?s) lets . match a record's newlines; \\z is its end.
   The same patterns run in Spark by Java's regular expressions: keep to what both know.
5. The event counts, as `counts` says: `request` is one finished request, judged by its fields (`cache` by the words of
   `cache`, the outcome by `failed`, `blocked`, `client`); `lookup` is a cache lookup that began, where hits are logged
   but misses may not be; `cache` is something that the cache did (by the field `cache`) apart from its request's
   record; `nothing` is a record that must not be taken for a later event. A request whose time or status is missing or
   impossible, or whose duration is, makes its record unparsed; other events need a time only.
6. Records are told apart. A record with a `request_id`, and where `distinct` is true any record, counts once however
   often its exact text stands in the files.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from checks.metrics.coverage import MESSAGES, Note

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_@][A-Za-z0-9_@-]{0,63}$")]
"""The name of a field in the log, a key of its top level."""

FieldName = Literal[
    "version",
    "build",
    "instance",
    "synthetic",
    "request_id",
    "status",
    "error_type",
    "error_code",
    "cache",
    "images_asked",
    "images_returned",
    "generation_ms",
    "duration_ms",
    "duration_s",
    "model",
    "account",
    "size",
]
"""What a log can say of a request, in this program's own words."""

FIELD_NAMES: tuple[FieldName, ...] = get_args(FieldName)

TimeForm = Literal["iso", "clf", "epoch_s", "epoch_ms", "epoch_us"]
"""How a time is written: ISO 8601, as 11/Jan/2026:10:00:00 +0000 (access logs), or a number since 1970."""


def _compiled(pattern: str) -> str:
    try:
        re2.compile(pattern)
    except re2.error as error:
        raise ValueError(f"not a pattern that RE2 knows: {error}") from error
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_compiled)]
"""A regular expression of RE2's."""


def _own_code(code: str) -> str:
    if code in MESSAGES:
        raise ValueError(f"{code} is a caveat of the reading itself; choose another code")
    return code


CaveatCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$"), AfterValidator(_own_code)]
"""The code of a format's own caveat."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Model):
    """One test of one field: it is one of some texts, or it is a number within bounds."""

    field: FieldName
    one_of: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounds = self.at_least is not None or self.below is not None
        if bool(self.one_of) == bounds:
            raise ValueError("a condition has either one_of, or at_least and below or one of them")
        if bounds and self.field != "status":
            raise ValueError("only status has bounds")
        return self


class CacheWords(_Model):
    """Which values of the field `cache` mean what."""

    hit: tuple[str, ...]
    miss: tuple[str, ...] = ()
    bypass: tuple[str, ...] = ()
    error: tuple[str, ...] = ()


class EventRule(_Model):
    """How one kind of record is found among others by its text, and what it counts (steps 3 to 5 above)."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$")]
    contains: tuple[Annotated[str, StringConstraints(min_length=3)], ...] = Field(min_length=1)
    pattern: Pattern
    counts: Literal["request", "lookup", "cache", "nothing"] = "request"
    set: dict[FieldName, str] = {}

    @property
    def groups(self) -> dict[str, int]:
        """The pattern's named groups and their places, from 1."""
        return dict(re2.compile(self.pattern).groupindex)

    @model_validator(mode="after")
    def _names_fields(self) -> Self:
        unknown = sorted(set(self.groups) - {*FIELD_NAMES, "time"})
        if unknown:
            raise ValueError(f"{unknown[0]} is no field; known: time, {', '.join(FIELD_NAMES)}")
        if self.counts != "nothing" and "time" not in self.groups:
            raise ValueError("the pattern has no group (?P<time>…)")
        known = {*self.groups, *self.set}
        if self.counts == "request" and "status" not in known:
            raise ValueError("a request needs a status, in the pattern or in set")
        if self.counts == "cache" and "cache" not in known:
            raise ValueError("an event of the cache needs the field cache, in the pattern or in set")
        return self


class Quotation(_Model):
    """How records quote text from outside that may hold newlines, and with them what looks like records.

    `opens` matches the first line of such a record, `closes` the line on which the record ends; `before` and `after`
    are fixed strings around the text, which are on those lines.
    """

    before: Annotated[str, StringConstraints(min_length=3)]
    after: Annotated[str, StringConstraints(min_length=3)]
    opens: Pattern
    closes: Pattern


class PlainLines(_Model):
    """Lines that are most of a log and need no pattern: how they begin (_ is any character), and what they hold."""

    begin: Annotated[str, StringConstraints(min_length=3, pattern=r"^[^%\\]+$")]
    contain: Annotated[str, StringConstraints(min_length=3)]

    def has(self, line: str) -> bool:
        """Tell whether a line is one of them."""
        shape = zip(line, self.begin, strict=False)
        return len(line) >= len(self.begin) and all(b in (a, "_") for a, b in shape) and self.contain in line


class LogFormat(_Model):
    """How the lines of a log are recognised and what they mean (steps 1 to 6 above).

    A request is `failed`, else `blocked`, else `client` where one of the conditions there holds, and else it succeeded.
    `durations_of` says which requests have a duration: where only failures have one, it stands for no other request,
    and no latency is given as a measure. `caveats` are what the format cannot know, by code, in words for people.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    title: str
    syntax: Literal["json-lines", "key-value", "pattern"]
    recognised_by: tuple[Key, ...] = ()
    first_line: Pattern | None = None
    plain_lines: PlainLines | None = None
    at_most_lines: int = Field(default=1000, ge=1)
    quotes: Quotation | None = None
    time: Key = "time"
    time_form: TimeForm = "iso"
    event: Key | None = None
    request_events: tuple[str, ...] = ()
    fields: dict[FieldName, Key] = {}
    events: tuple[EventRule, ...] = ()
    distinct: bool = False
    cache: CacheWords = CacheWords(hit=("hit",), miss=("miss",), bypass=("bypass",), error=("error",))
    failed: tuple[Condition, ...]
    blocked: tuple[Condition, ...] = ()
    client: tuple[Condition, ...] = ()
    durations_of: Literal["requests", "failures"] = "requests"
    caveats: dict[CaveatCode, Annotated[str, StringConstraints(min_length=1, max_length=300)]] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        """What there is to say about whatever is read in this format."""
        told = [Note(code, message) for code, message in self.caveats.items()]
        silent = {
            "durations_of_failures": self.durations_of == "failures",
            "blocked_unknown": not self.blocked,
            "client_errors_unknown": not self.client,
            "exhausted_unknown": not any(each.field == "error_code" for each in self.failed),
            "cache_unknown": not self._tells_of_the_cache,
        }
        return (*told, *(Note(code) for code, is_silent in silent.items() if is_silent))

    @property
    def _tells_of_the_cache(self) -> bool:
        return "cache" in self.fields or any("cache" in {*rule.set, *rule.groups} for rule in self.events)

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if self.syntax == "pattern":
            if not self.first_line or not self.events:
                raise ValueError("the syntax pattern needs first_line and events")
            if self.recognised_by or self.fields or self.event:
                raise ValueError("in the syntax pattern fields are the groups of the events' patterns")
            return self
        if self.first_line or self.events or self.plain_lines:
            raise ValueError(f"first_line, plain_lines and events are of the syntax pattern, not of {self.syntax}")
        if not self.recognised_by:
            raise ValueError("recognised_by must name the keys that every record has")
        if bool(self.event) != bool(self.request_events):
            raise ValueError("event and request_events belong together")
        missing = {"status"} - set(self.fields)
        if not {"duration_ms", "duration_s"} & set(self.fields):
            missing.add("duration_ms")
        if missing:
            raise ValueError(f"fields must name {', '.join(sorted(missing))}")
        return self
