"""Where links of a report may lead: evidence in the run's folder, runbooks, and places in the report itself."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

_OF_A_URL = ":/?#@!$&'*+,;=%~-._"
_WEB = ("http", "https")


def evidence_target(path: str) -> str | None:
    """The link to a file in the run's folder; None for a path that leads out of it.

    >>> evidence_target("evidence/story[007-01]/tests.txt")
    'evidence/story%5B007-01%5D/tests.txt'
    """
    if not path or path.startswith("/") or ".." in path.split("/"):
        return None
    return quote(path, safe="/", errors="replace")


def runbook_target(runbook: str | None, checklist_folder: str) -> str | None:
    """The link to a runbook: a web address as it is, or a path that starts at the checklist's folder.

    None for no runbook and for what is neither.

    >>> runbook_target("runbooks/testing.md#unit-tests", "../..")
    '../../runbooks/testing.md#unit-tests'
    """
    if not runbook:
        return None
    try:
        parts = urlsplit(runbook)
    except ValueError:
        return None
    if parts.scheme in _WEB and parts.netloc:
        return quote(runbook, safe=_OF_A_URL, errors="replace")
    path, _, fragment = runbook.partition("#")
    if not path or path.startswith("/"):
        return None
    folder = quote(checklist_folder.rstrip("/"), safe="/", errors="replace")
    target = f"{folder}/{quote(path, safe='/', errors='replace')}"
    return f"{target}#{quote(fragment, safe='', errors='replace')}" if fragment else target
