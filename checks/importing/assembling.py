"""A page's sections as stages, criteria, steps and roles: the checklist as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from checks.importing.draft import Draft, plain, title
from checks.importing.items import drafts_of, question
from checks.importing.outline import Item, Section
from checks.importing.references import Boxes
from checks.importing.rollback_rules import criterion, is_criteria, is_procedure, step
from checks.importing.surroundings import Page

_SIGN_OFF = re.compile(r"\bsign[ -]?offs?\b|\bapprovals?\b|\bapproved by\b", re.IGNORECASE)
_NEXT = re.compile(r"^(?:next steps|after (?:the )?(?:release|deployment|approval)|follow[ -]?ups?)\b", re.IGNORECASE)
LONGEST_ID = 60


def _is_sign_off(section: Section) -> bool:
    return any(_SIGN_OFF.search(text) for text in (section.title, *section.above))


def _is_later(section: Section) -> bool:
    return _NEXT.match(plain(section.title)) is not None


@dataclass
class Counts:
    """How many boxes there are outside sign-offs and next steps, and how many of them a machine looks at."""

    boxes: int = 0
    machine: int = 0
    questions: int = 0


def assemble(page: Page) -> tuple[dict[str, Any], Counts]:
    """The checklist, and what became of the boxes."""
    assembling = _Assembling(page)
    for section in page.outline.sections:
        assembling.take(section)
    return assembling.checklist(), assembling.counts


class _Assembling:
    """One pass over the sections; later lines may speak of earlier ones."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.counts = Counts()
        self.stages: list[dict[str, Any]] = []
        self.criteria: list[dict[str, Any]] = []
        self.procedure: list[dict[str, Any]] = []
        self.approvals: list[dict[str, Any]] = []
        self.ids: set[str] = set()
        self.boxes = Boxes()
        self.checks_of: dict[str, list[str]] = {}
        self.backups: dict[str, str] = {}

    def remember(self, item: Item, drafts: list[Draft], checks: list[dict[str, Any]]) -> None:
        if item.sort == "box":
            self.boxes.add(checks[0]["id"], item.text)
        self.checks_of[checks[0]["id"]] = [check["id"] for check in checks]
        for draft in drafts:
            if draft.fields["kind"] == "backup":
                self.backups[item.text] = draft.fields["of"][0]

    def take(self, section: Section) -> None:
        if _is_sign_off(section):
            self.take_roles(section)
        elif is_criteria(section):
            self.stage(section, [check for item in section.items for check in self.criterion(item)])
        elif is_procedure(section):
            self.take_steps(section)
        elif _is_later(section):
            self.stage(
                section,
                [check for item in section.items for check in self.checks(item, [question(item, item.whole)])],
                after="approval",
            )
        else:
            self.stage(section, [check for item in section.items for check in self.item(item)])

    def stage(self, section: Section, checks: list[dict[str, Any]], **fields: str) -> None:
        if not checks:
            return
        name = title(section.title or self.page.name)
        above = plain(section.above[0]) if section.above else name
        self.stages.append({"id": self.id(name), "title": name, "section": above or name, **fields, "checks": checks})

    def item(self, item: Item) -> list[dict[str, Any]]:
        drafts = [] if item.sort == "row" else drafts_of(item, self.page)
        if not drafts or drafts[0].asks:
            drafts = self.spoken_of(item)
        checks = self.checks(item, drafts)
        self.remember(item, drafts, checks)
        if item.sort == "box":
            self.count(machine=any(not draft.asks for draft in drafts))
        return checks

    def spoken_of(self, item: Item) -> list[Draft]:
        """A line that no rule knows: rolled up from the boxes that it speaks of, and a question about the rest."""
        first = item.text.partition(",")[0] if item.sort == "row" else item.text
        found = self.boxes.identified(item.text) if item.sort == "row" else []
        names = [*(found or self.boxes.spoken_of(first))]
        lines = []
        left = [detail for detail in item.details if detail.claims]
        for detail in item.details:
            if spoken := self.boxes.spoken_of(detail.text):
                names += spoken
                lines.append(detail.line)
        left = [detail for detail in left if detail.line not in lines]
        if not names:
            return [question(item, item.whole, tuple(detail.line for detail in left))]
        rolled = self.rollup(names, tuple(lines))
        if not left:
            return [rolled]
        text = "\n".join([item.text, *(detail.text for detail in left)])
        return [rolled, question(item, text, tuple(detail.line for detail in left), "what is left to a person")]

    def rollup(self, names: Iterable[str], lines: tuple[int, ...] = ()) -> Draft:
        parts = [check for name in names for check in self.checks_of[name]]
        return Draft({"kind": "rollup", "all_of": list(dict.fromkeys(parts))}, "", lines)

    def checks(self, item: Item, drafts: list[Draft]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for draft in drafts:
            asked = [check["id"] for check in made if check["kind"] in {"http", "sequence"}]
            lines = sorted({item.line, *draft.lines})
            head = {"id": self.id(item.text), "title": title(item.text, draft.says), "covers": self.covers(lines)}
            needs = {"needs": [asked[0]]} if draft.fields["kind"] == "log" and asked else {}
            made.append({**head, **draft.fields, **needs})
        return made

    def covers(self, lines: Iterable[int]) -> Any:
        covered = [{"line": line, "text": text} for line in lines if (text := self.quotation(line))]
        return covered[0] if len(covered) == 1 else covered

    def quotation(self, line: int) -> str:
        """The part of a line that is quoted: without its marks, and without what `${…}` would take for a name."""
        whole = self.page.outline.lines[line - 1]
        text = re.sub(r"^\s*(?:[-*+]|\d+[.)])?\s*(?:\[[ xX]\]\s+)?", "", whole)
        parts = [part.strip() for part in (*text.split("${"), whole)]
        return max(parts[:-1], key=len)[:200] or parts[-1][:200]

    def criterion(self, item: Item) -> list[dict[str, Any]]:
        rule, draft = criterion(item, self.page)
        checks = self.checks(item, [draft]) if draft else []
        head: dict[str, Any] = {"id": self.id(item.text), "title": title(item.text), "covers": self.covers([item.line])}
        extra = [detail.line for detail in item.details if detail.claims]
        if extra:
            head["covers"] = self.covers([item.line, *extra])
        self.criteria.append({**head, **(rule or {"any_fails": [check["id"] for check in checks]})})
        if item.sort == "box":
            self.count(machine=True)
        return checks

    def take_steps(self, section: Section) -> None:
        smoke = next((stage["id"] for stage in self.stages if "smoke test" in stage["title"].lower()), None)
        for item in section.items:
            lines = [item.line, *(detail.line for detail in item.details if detail.claims)]
            head = {"id": self.id(item.text), "title": title(item.text), "covers": self.covers(lines)}
            self.procedure.append({**head, **step(item, self.page, self.backups, smoke)})
            if item.sort == "box":
                self.count(machine=len(self.procedure[-1]) > len(head))

    def take_roles(self, section: Section) -> None:
        if not section.items and "name" in section.facts:
            self.role(section.title, [line for line, _ in section.facts.values()])
        for item in section.items:
            lines = [item.line, *(detail.line for detail in item.details if detail.claims)]
            self.role(re.split(r"[(:,]|\s[-–]\s", plain(item.text))[0] or "approver", lines)

    def role(self, name: str, lines: list[int]) -> None:
        self.approvals.append({"role": self.id(name), "title": title(name), "covers": self.covers(lines)})

    def count(self, machine: bool) -> None:
        self.counts.boxes += 1
        self.counts.machine += machine
        self.counts.questions += not machine

    def id(self, text: str) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", plain(text.partition("(")[0] or text).lower()).strip("-")
        base = words[:LONGEST_ID].rstrip("-") or "line"
        if len(words) > LONGEST_ID:
            base = base.rpartition("-")[0] or base
        found, number = base, 2
        while found in self.ids:
            found, number = f"{base}-{number}", number + 1
        self.ids.add(found)
        return found

    def checklist(self) -> dict[str, Any]:
        if not self.approvals:
            for stage in self.stages:
                stage.pop("after", None)
        page = self.page
        target: dict[str, Any] = {}
        if page.target:
            target["url"] = page.target
        if page.key:
            target["api_key"] = f"${{env:{page.key}}}"
        if page.logs:
            target["logs"] = {"paths": list(page.logs)}
        parts: dict[str, Any] = {
            "schema": 1,
            "release": {"name": page.name, "version": page.version},
            "profiles": page.profiles,
            "default_profile": list(page.profiles)[-1] if page.profiles else None,
            "target": target,
            "stages": self.stages,
            "rollback": {"criteria": self.criteria, "procedure": self.procedure},
            "approvals": self.approvals,
        }
        rollback = {name: each for name, each in parts["rollback"].items() if each}
        return {name: each for name, each in {**parts, "rollback": rollback}.items() if each or name == "stages"}
