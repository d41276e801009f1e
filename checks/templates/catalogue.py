"""The templates by name, and a checklist made of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from checks.check import Model
from checks.yaml_reader import read_yaml


class Template(Model):
    """What a template is for, the answers that are taken where none is given, and what its user does next."""

    title: str
    name: str
    version: str
    url: str
    next: tuple[str, ...]


@cache
def templates() -> Mapping[str, Template]:
    """All templates, by name."""
    raw = read_yaml((files("checks.templates") / "templates.yaml").read_bytes(), "templates.yaml").data
    return {name: Template.model_validate(each) for name, each in raw.items()}


def filled(template: str, name: str, version: str, url: str) -> str:
    """The checklist of a template with three values in place; `${` in them stays text."""
    text = (files("checks.templates") / f"{template}.yaml").read_text(encoding="utf-8")
    for mark, value in (("<name>", name), ("<version>", version), ("<url>", url)):
        text = text.replace(mark, json.dumps(value.replace("${", "$${"), ensure_ascii=True))
    return text
