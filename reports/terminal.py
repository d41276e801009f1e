"""The Markdown report on a terminal, where HTML and links within the page mean nothing."""

from __future__ import annotations

import re

from rich.markdown import Markdown

_ANCHOR = re.compile(r'<a id="[\w-]+"></a>|</?details>')
_SUMMARY = re.compile(r"<summary>([^<]*)</summary>")
_INNER_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(#[\w-]*\)")
_CONTENTS = re.compile(r"(?ms)^## Contents$.*?(?=^## )")


def shown(report: str) -> Markdown:
    """The report of `reports.markdown.render` for rich to print, without its table of contents.

    Nothing in a report acts on a terminal: whatever does is written out in it already.
    """
    report = _CONTENTS.sub("", report)
    report = _SUMMARY.sub(r"**\1**", _ANCHOR.sub("", report)).replace("<br>", " · ")
    return Markdown(_INNER_LINK.sub(r"\1", report), hyperlinks=False)
