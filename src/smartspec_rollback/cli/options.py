"""Options that several commands have, and how help is laid out. Imports nothing but click.

Not even pathlib: with what that imports it is a tenth of the time that ``--help`` takes.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from smartspec_rollback.cli.session import Session

_Command = TypeVar("_Command", bound=Callable[..., Any])

_NARROWEST, _USUAL, _WIDEST = 40, 80, 100


def _width() -> int:
    """Tell how wide help may be; click would import an archiver's library to find out."""
    told = os.environ.get("COLUMNS", "")
    try:
        columns = int(told) if told.isdecimal() else os.get_terminal_size().columns
    except (OSError, ValueError):  # no terminal; more digits than Python reads
        columns = _USUAL
    return max(_NARROWEST, min(columns, _WIDEST))


SETTINGS = {"help_option_names": ["-h", "--help"], "terminal_width": _width()}
"""The click context settings of every command."""

FORMATS = ("text", "markdown", "json")

pass_session = click.make_pass_decorator(Session, ensure=True)
"""Hands a command its Session as the first argument."""


def examples(*lines: str) -> str:
    """Lay out examples for the end of a help text."""
    return "\n\n".join(("\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines),))


def _keep_config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    from pathlib import Path

    ctx.ensure_object(Session).config = None if value is None else Path(value)


def _keep_format(ctx: click.Context, _: click.Parameter, value: str) -> None:
    ctx.ensure_object(Session).output.format = value


def _keep_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    ctx.ensure_object(Session).output.quiet = value


def _keep_verbose(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    ctx.ensure_object(Session).verbose = value


_config = click.option(
    "--config",
    type=click.Path(),
    expose_value=False,
    callback=_keep_config,
    help="The configuration; default: the smartspec.yaml found from here upwards.",
)
_format = click.option(
    "--format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    expose_value=False,
    is_eager=True,
    callback=_keep_format,
    help="How the result is printed; piped text is Markdown, json is one document.",
)
_quiet = click.option(
    "--quiet",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_keep_quiet,
    help="Say nothing but the result, questions and errors.",
)
_verbose = click.option(
    "--verbose",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_keep_verbose,
    help="Show the log, and the traceback of an unexpected error.",
)


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    ctx.ensure_object(Session).output.result(f"{version('smartspec-rollback')}\n")
    ctx.exit()


def _keep_server(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    ctx.ensure_object(Session).server = value or os.environ.get("SMARTSPEC_SERVER") or None


_server = click.option(
    "--server",
    metavar="URL",
    expose_value=False,
    callback=_keep_server,
    help="The server that has the ledger (or SMARTSPEC_SERVER); SMARTSPEC_TOKEN says who asks.",
)


def reaches(command: _Command) -> _Command:
    """Give a command --server, and what ``works`` gives."""
    return _server(works(command))


version_option = click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print the version and exit.",
)


def talks(command: _Command) -> _Command:
    """Give a command --format, --quiet and --verbose."""
    return _format(_quiet(_verbose(command)))


def works(command: _Command) -> _Command:
    """Give a command --config, and what ``talks`` gives."""
    return _config(talks(command))


def narrowed(command: _Command) -> _Command:
    """Give a command --service and --environment, to name one Target."""
    service = click.option("--service", metavar="NAME", help="Which service.")
    environment = click.option("--environment", metavar="NAME", help="Which environment.")
    return service(environment(command))


def limited(command: _Command) -> _Command:
    """Give a listing --limit."""
    return click.option(
        "--limit",
        type=click.IntRange(1, 10_000),
        default=20,
        show_default=True,
        help="How many to list.",
    )(command)
