"""`signoff rollback`: do we go back, now or in the past? And going back."""

from __future__ import annotations

import typer

from signoff.commands.rollback.backtest import backtest
from signoff.commands.rollback.check import check
from signoff.commands.rollback.execute import execute
from signoff.commands.rollback.watch import watch

rollback = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
for command in (check, watch, backtest, execute):
    rollback.command()(command)
