"""The `signoff` command line: the table of commands, and exit codes for what goes wrong (design §2)."""

from __future__ import annotations

import errno
import sys
from functools import cache
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from signoff.commands.abandon import abandon
from signoff.commands.approve import approve
from signoff.commands.bundle import bundle
from signoff.commands.continue_ import continue_
from signoff.commands.diff import diff
from signoff.commands.drill import drill
from signoff.commands.export import export
from signoff.commands.gate import gate
from signoff.commands.history import history
from signoff.commands.import_page import import_
from signoff.commands.init import init
from signoff.commands.kinds import kinds
from signoff.commands.lint import lint
from signoff.commands.logs import EPILOG, logs
from signoff.commands.override import override
from signoff.commands.plan import plan
from signoff.commands.report import report
from signoff.commands.rerun import rerun
from signoff.commands.rollback import rollback
from signoff.commands.run import run
from signoff.commands.schema import schema
from signoff.commands.status import status
from signoff.commands.waive import waive
from signoff.exit_code import ExitCode

application = typer.Typer(
    name="signoff",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, plan, lint, kinds, report, approve, override, gate, bundle, history, drill, schema, init):
    application.command()(command)
application.command("continue")(continue_)
application.command()(rerun)
application.command()(status)
application.command()(waive)
application.command()(abandon)
application.command()(diff)
application.command(epilog=EPILOG)(logs)
application.add_typer(export, name="export", help="The rollback criteria as Prometheus' rules or for Argo.")
application.command(name="import")(import_)
application.add_typer(rollback, name="rollback", help="Do we go back? Now, from now on, or in the past.")


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"signoff {version('signoff')}\n")
        raise typer.Exit


@application.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Release checklists that cannot be ticked without evidence."""


@cache
def _program() -> Any:
    """The commands as they are parsed; made once a process, for it takes longer than most of them."""
    return get_command(application)


def main() -> None:
    """Run the command line. Nothing that goes wrong is mistaken for a verdict."""
    raise SystemExit(_exit_code())


def _exit_code() -> int:
    try:
        return _program()(standalone_mode=False) or ExitCode.GO
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except SystemExit:  # typer's answer to a reader of our output that went away
        return ExitCode.INTERRUPTED
    except TyperException as mistake:
        from typer import rich_utils

        rich_utils.rich_format_error(mistake)  # type: ignore[arg-type]  # all but Abort and Exit, which are gone, fit
        return ExitCode.USAGE
    except Exception as raised:
        try:
            return _explained(raised)
        except OSError:  # there is no place left to say it
            return ExitCode.INTERNAL


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ROOM = "make room; a run is then gone on with by `signoff continue RUN`"


def _explained(raised: Exception) -> int:
    from checks.errors import SignoffError

    if isinstance(raised, SignoffError):
        sys.stderr.write(f"{raised}\n")
        return ExitCode.USAGE
    if isinstance(raised, OSError) and raised.errno in _FULL:
        what = raised.filename or "what was to be written"
        sys.stderr.write(f"{what}: cannot be written: {raised.strerror}; {_ROOM}\n")
        return ExitCode.HOLD
    import traceback

    traceback.print_exception(raised)
    sys.stderr.write("signoff: this is a defect of signoff, not a verdict; please report it with the lines above\n")
    return ExitCode.INTERNAL
