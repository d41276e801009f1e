"""How the physical lines of a source were read, and what there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

UNPARSED_LIMIT = 0.01
"""Above this share of unparsed lines no measure is given (design, section 5)."""


@dataclass(frozen=True)
class Coverage:
    """Counts of physical lines; the five kinds add up to `lines`.

    parsed: counted, as requests or as a part of one. ignored: blank, other events, outside the span, version or label
    asked for. unparsed: not what the format says. partial: a torn last line. duplicate: the same record once more.
    """

    parsed: int = 0
    ignored: int = 0
    unparsed: int = 0
    partial: int = 0
    duplicate: int = 0

    @property
    def lines(self) -> int:
        """All lines that were read."""
        return self.parsed + self.ignored + self.unparsed + self.partial + self.duplicate

    @property
    def too_much_unparsed(self) -> bool:
        """True where so much could not be read that nothing may be concluded."""
        return self.unparsed > UNPARSED_LIMIT * self.lines

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.parsed + other.parsed,
            self.ignored + other.ignored,
            self.unparsed + other.unparsed,
            self.partial + other.partial,
            self.duplicate + other.duplicate,
        )


@dataclass(frozen=True)
class Caveat:
    """One thing that the numbers cannot say, with a stable code."""

    code: str
    message: str


@dataclass(frozen=True)
class Note:
    """What was noticed while reading: a code of MESSAGES and its subject (a version, a path, a value)."""

    code: str
    subject: str = ""


MESSAGES: Mapping[str, str] = {
    "other_version": "{count} request(s) of version {subject} were left out",
    "version_unknown": "{count} request(s) name no version and were counted",
    "several_versions": "the requests are of several versions: {subject}",
    "synthetic_left_out": "{count} synthetic request(s) were left out",
    "users_left_out": "{count} request(s) that are not labelled synthetic were left out",
    "duration_absent": "{count} request(s) have no duration and are in no latency figure",
    "cache_absent": "{count} request(s) do not say what the cache did",
    "cache_value": "{count} request(s) have the cache value {subject}, which the format does not know",
    "time_without_zone": "{count} time(s) without a zone were read as UTC",
    "request_id_reused": "{count} request id(s) stand on several different records; each record was counted",
    "from_the_future": "{count} request(s) are dated after the time of reading",
    "clock_went_back": "the clock went back {count} time(s), so windows may hold what happened in others: {subject}",
    "too_long": "{count} line(s) are longer than {subject} and were not read",
    "pattern_without_file": "no file matches {subject}",
    "source_unreadable": "could not be read: {subject}",
    "source_truncated": "ends early, its last part is missing: {subject}",
    "source_not_recognised": "no line looks like the format of the other files: {subject}",
    "mixed_formats": "the files are of several formats: {subject}",
    "durations_of_failures": "only failed requests have a duration, so no latency is given as a measure",
    "blocked_unknown": "the log does not tell refusals by the safety filter from other outcomes",
    "client_errors_unknown": "the log does not tell errors of the client's own",
    "exhausted_unknown": "the log does not tell that every account was exhausted",
    "cache_unknown": "the log does not say what the cache did",
    "too_much_unparsed": "{subject} of the lines could not be read, so no measure is given",
    "prometheus_empty": "Prometheus has no series {subject} in that span",
    "prometheus_warning": "Prometheus warned: {subject}",
    "prometheus_not_a_number": "{count} value(s) of {subject} are no number",
    "prometheus_stale": "nothing was scraped in the last two windows by {subject}",
    "prometheus_missing": "{count} window(s) of {subject} are not known whole and were left out",
    "prometheus_buckets": "latencies are the upper edges of Prometheus' buckets",
    "synthetic_traffic": "{subject} of the requests are synthetic",
}
"""What each code says. `count` is how often, `subject` of what."""

HOLDS = (
    *("source_unreadable", "source_truncated"),
    *("prometheus_warning", "prometheus_not_a_number", "prometheus_stale", "prometheus_empty"),
)
"""Codes that make every measure unknown: a part of the evidence is known to be missing."""

SILENT: Mapping[str, tuple[str, ...]] = {
    "blocked_unknown": ("blocked",),
    "client_errors_unknown": ("client_errors",),
    "exhausted_unknown": ("exhausted",),
    "cache_unknown": ("lookups", "hits", "missed", "bypassed", "cache_errors", "cache_wanted"),
}
"""Codes that make sums unknown, where zero would say that it never happened; and those sums."""

_SUBJECT_LIMIT = 200


def caveat(note: Note, count: int) -> Caveat:
    """Word a note. What came out of a log is shown escaped and shortened, for it may hold anything.

    A code that is not in MESSAGES is a format's own, whose words are the subject.
    """
    if note.code not in MESSAGES:
        return Caveat(note.code, note.subject)
    subject = note.subject.encode("unicode_escape").decode("ascii")
    if len(subject) > _SUBJECT_LIMIT:
        subject = subject[:_SUBJECT_LIMIT] + "…"
    return Caveat(note.code, MESSAGES[note.code].format(count=count, subject=subject))
