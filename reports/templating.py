"""The templates' environment: whatever is written is escaped, and the words of reports are filters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import measures, observations, values, wording
from reports.escaping import plain
from reports.links import evidence_target

TEMPLATES = Path(__file__).with_name("templates")


def environment(finalize: Callable[[Any], Any]) -> Environment:
    """An environment over our own templates; `finalize` makes text of unknown origin harmless for the format.

    A name that is not given is an error, never an empty place.
    """
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "moment": values.moment,
        "size": values.size,
        "milliseconds": lambda milliseconds: values.span(milliseconds / 1000),
        "seconds": values.span,
        "worded": values.worded,
        "status": wording.status,
        "standing": wording.standing,
        "verdict": wording.verdict,
        "criterion_standing": wording.criterion,
        "step_state": wording.STEP_SYMBOLS.__getitem__,
        "expected": observations.expected_lines,
        "observed": observations.observed_lines,
        "waiver_line": observations.waiver_line,
        "attempt_figures": observations.figures,
        "criterion_observed": measures.criterion_observed,
        "criterion_interval": measures.criterion_interval,
    }
    made.globals["MOST_PARTS"] = observations.MOST_PARTS
    return made


@cache
def html_environment() -> Environment:
    """The environment of HTML pages: text is one line, with everything that acts unseen written out."""
    made = environment(lambda value: value if isinstance(value, Markup) else plain(value))
    made.filters |= {"evidence_target": evidence_target, "path": Markup, "kept": Markup.escape}
    made.globals |= {"MOST_ATTEMPTS": 20, "MOST_REASONS": 20, "MOST_WAYS": 100}
    return made
