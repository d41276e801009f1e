"""Shell lines as checks: each rule knows one program, and returns nothing where it is not sure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from checks.importing.counting import count_expected, count_preferred, value_expected
from checks.importing.draft import Draft, literal
from checks.importing.outline import Item
from checks.importing.phrases import phrases
from checks.importing.programs import check_of_program
from checks.importing.shell_lines import Pipeline
from checks.importing.surroundings import Page, is_log
from checks.importing.thresholds import MIN_SAMPLES

_PLAIN_PATTERN = re.compile(r"^[\w .:=/@-]{1,200}$")
_MODE = re.compile(r"\b(?:mode\s+)?0?([0-7]{3})\b(?=\s*(?:permissions|mode)|$)", re.IGNORECASE)
_SHOWN_PROGRAM = re.compile(r"\b(?:show|be|see)\s+(?:the\s+)?([\w.-]{2,60})\s+process\b", re.IGNORECASE)
_WILDCARD = re.compile(r"[*?\[]")

Rule = Callable[[Pipeline, Item, Page], Draft | None]


def checks_of_lines(lines: Sequence[Pipeline], item: Item, page: Page) -> tuple[list[Draft], set[int]]:
    """A check for each line that a rule is sure of, settings taken together, and the lines that were understood."""
    drafts: list[Draft] = []
    understood: set[int] = set()
    settings = [line for line in lines if _setting(line)]
    if settings:
        drafts.append(_settings(settings, page))
        understood |= {line.line for line in settings}
    for line in lines:
        draft = next((made for rule in RULES if (made := rule(line, item, page)) is not None), None)
        if draft is not None:
            drafts.append(draft)
            understood.add(line.line)
    return drafts, understood


def _alone(line: Pipeline, *names: str) -> bool:
    return line.certain and len(line.programs) == 1 and line.first[0] in names


def _paths(line: Pipeline) -> list[str]:
    return [word for word in line.first[1:] if not word.startswith("-")]


def _certain_path(path: str) -> bool:
    return bool(path) and not re.search(r"[$\n\x00{}]", path)


def _setting(line: Pipeline) -> str | None:
    if not (line.certain and len(line.programs) == 1 and len(line.first) == 2):
        return None
    if line.first[0] == "echo" and (found := re.fullmatch(r"\$\{?([A-Z][A-Z0-9_]{1,99})\}?", line.first[1])):
        return found[1]
    if line.first[0] == "printenv" and re.fullmatch(r"[A-Z][A-Z0-9_]{1,99}", line.first[1]):
        return line.first[1]
    return None


def _settings(lines: Sequence[Pipeline], page: Page) -> Draft:
    """What the server runs with; `echo` in a shell would show the operator's own variables."""
    expect: dict[str, Any] = {}
    for line in lines:
        name = _setting(line) or ""
        comparators = dict(value_expected(line.said) or {"exists": True})
        if page.profiles and all(name.lower() in values for values in page.profiles.values()):
            comparators["equals"] = f"${{{name.lower()}}}"
        expect[name] = comparators
    why = "`echo` shows the variables of the operator's own shell, which the server need not have."
    fields = {"kind": "settings", "names": list(expect), "expect": expect, "why": why}
    return Draft(fields, "", tuple(line.line for line in lines))


def _list(line: Pipeline, item: Item, page: Page) -> Draft | None:
    paths = _paths(line)
    if line.first[0] != "ls" or len(paths) != 1 or not line.certain or not _certain_path(paths[0]):
        return None
    said = line.said
    counted = line.programs[1:] == (("wc", "-l"),)
    if len(line.programs) > 1 and not counted:
        return None
    count = count_expected(said)
    mode = _MODE.search(said)
    if counted or _WILDCARD.search(paths[0]) or (count and not mode):
        pattern = paths[0] if _WILDCARD.search(paths[0]) else f"{paths[0].rstrip('/')}/*"
        fields: dict[str, Any] = {"kind": "files", "pattern": pattern, "expect": {"count": count or {"at_least": 1}}}
        if preferred := count_preferred(said):
            fields["prefer"] = {"count": preferred}
        return Draft(fields, "", (line.line,))
    expect: dict[str, Any] = {"exists": True}
    if paths[0].endswith("/"):
        expect["kind"] = "directory"
    fields = {"kind": "file", "path": paths[0], "expect": expect}
    if mode:
        expect["mode"] = f"0{mode[1]}"
        if int(mode[1][-1]):
            fields["why"] = "The mode is the page's; with it every user of the machine can read what lies there."
    return Draft(fields, "", (line.line,))


def _test(line: Pipeline, item: Item, page: Page) -> Draft | None:
    words = line.first[1:-1] if line.first[0] == "[" and line.first[-1] == "]" else line.first[1:]
    if not _alone(line, "test", "[") or len(words) != 2 or not _certain_path(words[1]):
        return None
    wanted: dict[str, dict[str, Any]] = {
        "-f": {"kind": "file"},
        "-d": {"kind": "directory"},
        "-e": {},
        "-s": {"size": {"above": "0B"}},
    }
    if words[0] not in wanted:
        return None
    fields = {"kind": "file", "path": words[1], "expect": {"exists": True, **wanted[words[0]]}}
    return Draft(fields, "", (line.line,))


def _copy(line: Pipeline, item: Item, page: Page) -> Draft | None:
    """A backup, where the item says that it is one: restored and compared, with a name of its own."""
    if not re.search(r"\bback(?:ed)?[ -]?up\b|\bbackup", item.text, re.IGNORECASE) or not line.certain:
        return None
    paths = _paths(line)
    if _alone(line, "cp") and len(paths) == 2:
        source = paths[0]
    elif _alone(line, "tar") and len(line.first) >= 4 and re.fullmatch(r"-?[a-z]*c[a-z]*", line.first[1]):
        source = line.first[-1]
    else:
        return None
    if not _certain_path(source) or _WILDCARD.search(source):
        return None
    contents = "contents.databases" if re.search(r"\.(?:db|sqlite3?)$", source) else "contents.files"
    expect = {"exists": True, "restored": True, contents: {"at_least": 1}}
    why = "A copy under a fixed name is overwritten by the next one; this one has its own, and is restored to compare."
    fields = {"kind": "backup", "of": [source.rstrip("/")], "to": "backups", "timeout": "10m", "expect": expect}
    return Draft({**fields, "effect": "write", "why": why}, "", (line.line,))


def _grep(line: Pipeline, item: Item, page: Page) -> Draft | None:
    """What a log holds; counted by `wc` where the text is a measure's, by events else."""
    paths = _paths(line)
    if line.first[0] != "grep" or len(paths) != 2 or not is_log(paths[1]) or not line.certain:
        return None
    text = paths[0]
    if not _PLAIN_PATTERN.match(text) or any(flag in line.first for flag in ("-v", "-E", "-P")):
        return None
    counted = phrases().counted_texts.get(text.lower())
    if counted is not None and count_expected(line.said) in ({"above": 0}, {"at_least": 1}):
        fields: dict[str, Any] = {"kind": "metric", "measure": counted.measure, "min_samples": MIN_SAMPLES}
        expect = {counted.comparator: counted.bound}
        why = "Counted by the log's events: a text that a request holds can be found in a log as well."
        return Draft({**fields, "expect": expect, "why": why}, "", (line.line,))
    count = count_expected(line.said) or {"at_least": 1}
    source = {} if paths[1] in page.logs else {"source": [paths[1]]}
    fields = {"kind": "log", "text": literal(text), **source, "expect": {"count": count}}
    says = "" if count == {"equals": 0} else f"the log says {text}"
    return Draft(fields, says, (line.line,))


def _port(line: Pipeline, item: Item, page: Page) -> Draft | None:
    command = " ".join(line.first)
    listed = line.first[0] in {"ss", "netstat"} and len(line.programs) == 2 and line.names[1] == "grep"
    asked = line.programs[1][-1] if listed else command if _alone(line, "lsof") else ""
    found = re.search(r"(?:-i\s?(?:tcp)?)?:([0-9]{1,5})\b", asked, re.IGNORECASE)
    if _alone(line, "nc") and (
        zero := re.fullmatch(r"nc -[a-z]*z[a-z]* (?:localhost|127\.0\.0\.1) ([0-9]{1,5})", command)
    ):
        found = zero
    if found is None or not 0 < int(found[1]) < 65536:
        return None
    expect: dict[str, Any] = {"listening": True}
    if shown := _SHOWN_PROGRAM.search(line.said):
        expect["program"] = {"matches": re.escape(shown[1]).replace(r"\-", "-")}
    return Draft({"kind": "port", "port": int(found[1]), "expect": expect}, "", (line.line,))


def _database(line: Pipeline, item: Item, page: Page) -> Draft | None:
    paths = _paths(line)
    if not _alone(line, "sqlite3") or len(paths) != 2 or not _certain_path(paths[0]):
        return None
    if not re.fullmatch(r"(?i)pragma (?:integrity|quick)_check;?", paths[1].strip()):
        return None
    return Draft({"kind": "sqlite", "path": paths[0], "expect": {"integrity": "ok"}}, "", (line.line,))


def _program(line: Pipeline, item: Item, page: Page) -> Draft | None:
    return check_of_program(line, item.whole)


RULES: tuple[Rule, ...] = (_list, _test, _copy, _grep, _port, _database, _program)
"""Tried in order; the first that is sure wins. Requests have a module of their own."""
