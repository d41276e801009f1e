"""A checklist as YAML text that reads back as the same data, small mappings in one line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from checks.yaml_scalars import plain_scalar

_BARE = re.compile(r"(?!-+(?: |$))[A-Za-z0-9_./~-][A-Za-z0-9_./~%-]*(?: [A-Za-z0-9_./~(-][A-Za-z0-9_./~()%-]*)*")
SHORT = 100
"""Characters up to which a mapping or list is written in one line."""
_LONG_KEYS = {"checks", "stages", "criteria", "procedure", "approvals", "profiles", "rollback", "target", "release"}


class _Dumper(yaml.SafeDumper):
    """Plain words bare, every other text in double quotes; nothing is shared between places."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    bare = len(text) <= SHORT and _BARE.fullmatch(text) is not None and _reads_as_text(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if bare else '"')


def _reads_as_text(text: str) -> bool:
    try:
        return plain_scalar(text) == text
    except ValueError:
        return False


def _mapping(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.MappingNode:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", data.items())
    node.flow_style = not _LONG_KEYS & set(data) and "kind" not in data and len(repr(data)) <= SHORT
    return node


def _list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.SequenceNode:
    node = dumper.represent_sequence("tag:yaml.org,2002:seq", data)
    node.flow_style = not any(isinstance(each, dict) and len(repr(each)) > SHORT for each in data)
    return node


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _list)


def as_yaml(checklist: dict[str, Any], heading: str) -> str:
    """The text of a checklist, below a comment."""
    body = yaml.dump(checklist, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20)
    return f"# {heading}\n{body}"
