"""Where the target's logs are, and in which format, as kinds hand it to the readers."""

from __future__ import annotations

from checks.check import Context


def log_paths(context: Context) -> list[str]:
    """Give the target's logs; relative paths start at the checklist's folder."""
    return [str(context.path(each)) for each in context.target.logs.paths]


def log_format(context: Context) -> str:
    """Give the name of their format; that of a file of the user's own starts at the checklist's folder."""
    from checks.metrics.format_file import SUFFIXES

    named = context.target.logs.format
    return str(context.path(named)) if named.endswith(SUFFIXES) else named
