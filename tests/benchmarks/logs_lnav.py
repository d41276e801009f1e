"""The original's text log against lnav, which only counts its levels."""

from __future__ import annotations

import shutil

from tests.benchmarks.log_files import text_log
from tests.benchmarks.log_runs import LINES, folder, in_turn, signoff_logs
from tests.benchmarks.ratio import Finding, Ratio, UnavailableError

_QUESTION = ";select log_level, count(*) from all_logs group by log_level"


def ratios() -> list[Finding]:
    if not shutil.which("lnav"):
        raise UnavailableError("lnav is not installed (Debian's package lnav)")
    text = text_log(folder(), LINES)
    ours, peer = in_turn(signoff_logs(text), ["lnav", "-n", "-c", _QUESTION, str(text)])
    return [Ratio("text log / lnav counting levels", ours.ms, peer.ms, 1 / 5)]
