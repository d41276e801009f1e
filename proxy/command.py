"""The `image-proxy` command line. Heavy imports are inside the commands."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from proxy.errors import StartError

if TYPE_CHECKING:
    from proxy.settings import Settings

application = typer.Typer(
    name="image-proxy",
    help="OpenAI's image endpoints in front of Gemini's image models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cache_commands = typer.Typer(help="Look at or empty the cache of a home.", no_args_is_help=True)
application.add_typer(cache_commands, name="cache")

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The proxy's home (default: IMAGE_PROXY_HOME, else ~/.image-proxy).")
]


def main() -> None:
    """Run the command line; a configuration error exits with code 2 and its message."""
    try:
        application()
    except StartError as error:
        refuse(str(error))


def refuse(message: str) -> NoReturn:
    """Exit with code 2 and the message on stderr."""
    for line in message.splitlines():
        sys.stderr.write(f"image-proxy: {line}\n")
    raise SystemExit(2)


@application.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on (IMAGE_PROXY_HOST).")] = None,
    port: Annotated[str | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    home: HomeOption = None,
    upstream: Annotated[str | None, typer.Option(help="The base URL of the Gemini service.")] = None,
    workers: Annotated[str | None, typer.Option(help="How many processes serve (IMAGE_PROXY_WORKERS).")] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="For drills: let POST /internal/faults make it go wrong. Loopback only.")
    ] = False,
) -> None:
    """Serve the proxy until SIGTERM or Ctrl-C; requests that are under way are finished first."""
    from functools import partial

    from proxy.server import serve as run
    from proxy.settings import read_settings

    read = partial(
        read_settings,
        {
            "IMAGE_PROXY_HOST": host,
            "IMAGE_PROXY_PORT": port,
            "IMAGE_PROXY_HOME": None if home is None else str(home),
            "IMAGE_PROXY_UPSTREAM": upstream,
            "IMAGE_PROXY_WORKERS": workers,
        },
    )
    run(read, faults=faults)


@application.command()
def init(home: HomeOption = None) -> None:
    """Make a home with its configuration, one account for the simulator and a client key, which is printed once.

    The key is the only line on stdout, so that a script can take it.
    """
    from proxy.home import initialise

    path, key = initialise(_settings(home).home)
    sys.stderr.write(f"image-proxy: made {path}; the client key below is not shown again\n")
    sys.stdout.write(f"{key}\n")


@application.command()
def simulate(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8046,
    latency_ms: Annotated[int, typer.Option(min=0, max=600_000, help="How long each answer takes.")] = 250,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal images and equal failures.")] = 0,
    error_rate: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of distinct request bodies that fail.")
    ] = 0.0,
    error_status: Annotated[int, typer.Option(min=400, max=599, help="The status that they fail with.")] = 503,
    quota_per_minute: Annotated[
        int | None, typer.Option(min=0, help="The calls a minute of each project (key PROJECT:REST) and model.")
    ] = None,
    quota_per_day: Annotated[int | None, typer.Option(min=0, help="The same for a day.")] = None,
) -> None:
    """Play the Gemini service, for tests and rehearsals: real images, no network, no costs."""
    from proxy.simulator.command import simulate as run

    run(
        host,
        port,
        latency_ms=latency_ms,
        seed=seed,
        error_rate=error_rate,
        error_status=error_status,
        quota_per_minute=quota_per_minute,
        quota_per_day=quota_per_day,
    )


@application.command(
    epilog="Examples:  image-proxy traffic --url http://127.0.0.1:8045 --requests 50  |  "
    "image-proxy traffic --url http://127.0.0.1:8045 --requests 600 --rate 5 --repeat-share 0.5 --error-share 0.1"
)
def traffic(
    url: Annotated[str, typer.Option(help="The proxy's base URL, for example http://127.0.0.1:8045.")],
    requests: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many requests to send.")],
    repeat_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of requests that repeat an earlier one.")
    ] = 0.4,
    error_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="The share of bad and blocked requests.")] = 0.0,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Requests a second (default: as fast as answered).")] = (
        None
    ),
    seed: Annotated[int, typer.Option(help="Equal seeds send equal requests.")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="How many requests may be under way.")] = 8,
    api_key: Annotated[
        str, typer.Option(envvar="IMAGE_PROXY_API_KEY", help="The client key.", show_envvar=True, show_default=False)
    ] = "",
) -> None:
    """Send a realistic mix of image requests, labelled synthetic, and print what came back as JSON."""
    from proxy.traffic import TargetUnreachable, drive

    if not api_key:
        raise StartError("IMAGE_PROXY_API_KEY is not set; set it to a client key of the proxy")
    try:
        _print_json(drive(url, requests, repeat_share, error_share, rate, seed, concurrency, api_key))
    except (TargetUnreachable, ValueError) as cause:
        raise StartError(str(cause)) from cause


@application.command()
def version(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the version and the build (a digest of the sources)."""
    from proxy.identity import VERSION, build

    if as_json:
        _print_json({"version": VERSION, "build": build()})
    else:
        sys.stdout.write(f"image-proxy {VERSION} ({build()})\n")


@application.command()
def describe() -> None:
    """Print what the documents must name, as JSON: settings, error codes and types, commands, log fields, models."""
    from proxy.description import describe as description

    _print_json(description())


ModelOption = Annotated[str | None, typer.Option("--model", help="Only answers of this model, as clients name it.")]
PromptHashOption = Annotated[
    str | None, typer.Option("--prompt-hash", help="Only answers to the prompt with this hash, as the log has it.")
]
OlderThanOption = Annotated[
    str | None, typer.Option("--older-than", help="Only answers older than this: a whole number and s, m, h or d.")
]


@cache_commands.command("stats")
def cache_stats(
    home: HomeOption = None,
    model: ModelOption = None,
    prompt_hash: PromptHashOption = None,
    older_than: OlderThanOption = None,
) -> None:
    """Print how many answers the cache holds, and their bytes, as JSON."""
    _print_json(_of_cache("stats", home, model, prompt_hash, older_than))


@cache_commands.command("verify")
def cache_verify(
    home: HomeOption = None,
    model: ModelOption = None,
    prompt_hash: PromptHashOption = None,
    older_than: OlderThanOption = None,
) -> None:
    """Hash cached answers again and print the bad ones, as JSON; exit code 1 if there is any."""
    found = _of_cache("verify", home, model, prompt_hash, older_than)
    _print_json(found)
    if found["bad"]:
        raise typer.Exit(1)


@cache_commands.command("purge")
def cache_purge(
    home: HomeOption = None,
    model: ModelOption = None,
    prompt_hash: PromptHashOption = None,
    older_than: OlderThanOption = None,
) -> None:
    """Remove cached answers and print how many there were, as JSON; without a filter, all of them."""
    _print_json(_of_cache("purge", home, model, prompt_hash, older_than))


def _of_cache(
    operation: Literal["stats", "verify", "purge"],
    given: Path | None,
    model: str | None,
    prompt_hash: str | None,
    older_than: str | None,
) -> dict[str, Any]:
    from proxy.cache.maintenance import purge, shelf_of, stats, verify
    from proxy.cache.selection import Selection, read_age
    from proxy.home import Home

    settings = _settings(given)
    try:
        age = None if older_than is None else read_age(older_than)
    except ValueError as error:
        raise StartError(f"--older-than: {error}") from error
    shelf = shelf_of(settings, Home(settings.home).cache)
    work = {"stats": stats, "verify": verify, "purge": purge}[operation]
    try:
        return work(shelf, Selection(model, prompt_hash, age), time.time())
    finally:
        shelf.close()


def _settings(home: Path | None) -> Settings:
    from proxy.settings import read_settings

    return read_settings({"IMAGE_PROXY_HOME": None if home is None else str(home)})


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")
