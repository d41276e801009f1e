"""`signoff export`: the rollback criteria for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.exit_code import ExitCode

if TYPE_CHECKING:
    from checks.checklist import RollbackCriterion

export = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Checklist = Annotated[
    Path | None, typer.Argument(help="Whose criteria. [default: ./checklist.yaml, else built-in ones]")
]
Profile = Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A profile value, or target.FIELD.")
]


@export.command()
def prometheus(checklist: Checklist = None, profile: Profile = None, set_: Settings = None) -> None:
    """Write the criteria as Prometheus' alerting rules: the same decision, by the proxy's metrics.

    Example:

      signoff export prometheus --profile production > rollback.rules.yml

    Exit codes: 0; 2 usage error.
    """
    from checks.metrics.prometheus.mapping import built_in_mapping
    from checks.rollback.export.rules import prometheus_rules

    typer.echo(prometheus_rules(_criteria(checklist, profile, set_), built_in_mapping()), nl=False)


@export.command()
def argo(checklist: Checklist = None, profile: Profile = None, set_: Settings = None) -> None:
    """Write the criteria as an Argo AnalysisTemplate, which asks the rules of `signoff export prometheus`.

    Example:

      signoff export argo --profile production > rollback.analysis.yml

    Exit codes: 0; 2 usage error, or no criterion that decides can be expressed.
    """
    from checks.metrics.prometheus.mapping import built_in_mapping
    from checks.rollback.export.argo import analysis_template
    from checks.rollback.export.rules import InexpressibleError

    try:
        written = analysis_template(_criteria(checklist, profile, set_), built_in_mapping())
    except InexpressibleError as cause:
        typer.echo(f"signoff export argo: {cause}", err=True)
        raise typer.Exit(ExitCode.USAGE) from cause
    typer.echo(written, nl=False)


def _criteria(
    checklist: Path | None, profile: str | None, settings: list[str] | None
) -> "tuple[RollbackCriterion, ...]":
    import os

    from signoff.commands.rollback.asked import criteria_of
    from signoff.setting import read_settings

    return criteria_of(checklist, profile, read_settings(settings or []), os.environ)
