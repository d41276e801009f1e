"""The `signoff` command line: the table of commands, and exit codes for what goes wrong (design §2)."""

from __future__ import annotations

import sys
import traceback

import click
import typer

from signoff.commands.kinds import kinds
from signoff.commands.lint import lint
from signoff.commands.logs import logs
from signoff.commands.plan import plan
from signoff.commands.report import report
from signoff.commands.run import run
from signoff.exit_code import ExitCode

application = typer.Typer(
    name="signoff",
    help="Release checklists that cannot be ticked without evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, plan, lint, kinds, logs, report):
    application.command()(command)


def main() -> None:
    """Run the command line. Nothing that goes wrong is mistaken for a verdict."""
    try:
        application(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as nothing:
        sys.stderr.write(f"{nothing.ctx.get_help() if nothing.ctx else nothing}\n")
        raise SystemExit(ExitCode.USAGE) from None
    except click.ClickException as mistake:
        mistake.show()
        raise SystemExit(ExitCode.USAGE) from None
    except (click.exceptions.Abort, KeyboardInterrupt):
        raise SystemExit(ExitCode.INTERRUPTED) from None
    except Exception as raised:
        from checks.errors import SignoffError

        if isinstance(raised, SignoffError):
            sys.stderr.write(f"{raised}\n")
            raise SystemExit(ExitCode.USAGE) from None
        traceback.print_exc()
        sys.stderr.write("signoff: this is a defect of signoff, not a verdict; please report it with the lines above\n")
        raise SystemExit(ExitCode.INTERNAL) from None
