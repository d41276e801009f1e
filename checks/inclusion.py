"""`include:` of other files: their stages, criteria, steps, approvals and waivers come after one's own, in order.

Positions are kept, so that an error names the file it is in. Paths of included files start at the folder of the file
that includes them; those inside checks start at the checklist's folder, whatever file they stand in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from checks.document_file import read_document
from checks.errors import ConfigurationError, Problem
from checks.explaining import problem_at, suggestion
from checks.yaml_reader import Document, Node

MOST_FILES = 50
DEEPEST = 8
"""Files that include each other one below the other."""
SECTIONS = ("stages", "approvals", "waivers")
HELD = (*SECTIONS, "rollback", "include")
"""What an included file may hold."""
RULES = ("criteria", "procedure")


class Whole(NamedTuple):
    """A checklist with what it includes in place, and its bytes; those of one file where it includes none."""

    document: Document
    content: bytes


def read_whole(path: Path) -> Whole:
    """Read a checklist and what it includes; raises ConfigurationError naming the file and the place."""
    document, content = read_document(path)
    if not isinstance(document.data, dict) or "include" not in document.data:
        return Whole(document, content)
    _Joining(document).include(document, path, (path.resolve(),))
    del document.root.value["include"]
    return Whole(document, json.dumps(document.data, indent=1, ensure_ascii=False).encode())


class _Joining:
    """Puts included files into one document, which is changed."""

    def __init__(self, whole: Document) -> None:
        self.whole = whole
        self.files = 1

    def include(self, document: Document, path: Path, chain: tuple[Path, ...]) -> None:
        for place, name in enumerate(self.names(document)):
            where = ("include", place)
            file = path.parent / name
            if file.resolve() in chain:
                raise _refused(document, where, f"include goes round in a circle: {name} is included by itself")
            if len(chain) >= DEEPEST:
                raise _refused(document, where, f"files include each other deeper than {DEEPEST} levels")
            self.files += 1
            if self.files > MOST_FILES:
                raise _refused(document, where, f"more than {MOST_FILES} files are included")
            try:
                part, _ = read_document(file)
            except ConfigurationError as unread:
                raise ConfigurationError(
                    [*unread.problems, problem_at(document, where, f"includes {name}, which cannot be used")]
                ) from unread
            self.join(part)
            self.include(part, file, (*chain, file.resolve()))

    def names(self, document: Document) -> list[str]:
        listed = document.data.get("include", [])
        if not isinstance(listed, list) or not all(isinstance(each, str) and each for each in listed):
            raise _refused(document, ("include",), "include: a list of files is needed")
        return listed

    def join(self, part: Document) -> None:
        if not isinstance(part.data, dict):
            raise _refused(part, (), f"an included file is a mapping of {', '.join(HELD)}")
        unknown = [name for name in part.data if name not in HELD]
        if unknown:
            problems = [
                problem_at(part, (name,), f"an included file has no {name!r}{suggestion(name, HELD)}", key=True)
                for name in unknown
            ]
            raise ConfigurationError(problems)
        for section in SECTIONS:
            self.append(part, part.root, self.whole.root, section)
        rollback = part.root.children.get("rollback")
        if rollback is not None:
            own = self.child(self.whole.root, "rollback", Node({}, rollback.place, file=part.file))
            for rules in RULES:
                self.append(part, rollback, own, rules)

    def append(self, part: Document, source: Node, target: Node, name: str) -> None:
        """The items of a list of the part's after those of the whole's."""
        listed = source.children.get(name)
        if listed is None:
            return
        own = self.child(target, name, Node([], listed.place, file=part.file))
        if not isinstance(listed.value, list) or not isinstance(own.value, list):
            place = listed.place
            raise ConfigurationError([Problem(part.file, *place, f"{name}: a list is needed in every file")])
        for item in listed.children.values():
            own.children[len(own.value)] = Node(item.value, item.place, item.children, item.keys, part.file)
            own.value.append(item.value)

    def child(self, parent: Node, name: str, new: Node) -> Node:
        """A part of the whole, made where there is none yet."""
        if name not in parent.children and isinstance(parent.value, dict):
            parent.children[name] = new
            parent.value[name] = new.value
        return parent.children.get(name, new)


def _refused(document: Document, path: tuple[str | int, ...], message: str) -> ConfigurationError:
    return ConfigurationError([problem_at(document, path, message)])
