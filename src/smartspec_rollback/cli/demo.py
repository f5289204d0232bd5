"""``smartspec demo``: tell the story of one bad release on this machine, with real parts."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from smartspec_rollback.demo.story import Summary

NAMES = ("slow-release", "breaking-schema")
"""The stories; ``demo.story`` tells them."""

_WIDTH = 78


@click.command()
@click.option(
    "--story",
    type=click.Choice(NAMES),
    default=NAMES[0],
    show_default=True,
    help="What goes wrong: a release is slow; or it is slow, and changed the database so that the "
    "version before does not work any more.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Where the demo keeps its configuration, releases and report; made anew each time.",
)
@click.option("--keep", is_flag=True, help="Leave everything running, and say what to try.")
@click.option("--stop", is_flag=True, help="Only end what an earlier demo left running.")
def demo(story: str, folder: Path, *, keep: bool, stop: bool) -> None:
    """Roll a bad release back on this machine, for real, under constant load.

    \b
    Examples:
      smartspec demo
      smartspec demo --story breaking-schema
      smartspec demo --keep
      smartspec demo --stop
    """  # noqa: D301 - click's mark for lines it must not rewrap
    from smartspec_rollback.demo.stage import Stage, stop_earlier
    from smartspec_rollback.demo.story import STORIES

    if keep and stop:
        raise click.UsageError("--keep and --stop exclude each other.")
    place = folder.absolute()
    if stop:
        if not stop_earlier(place, _Teller()):
            click.echo(f"No demo has played in {folder}.")
        return
    with Stage(place, _Teller()) as stage:
        _tell_summary(STORIES[story](stage))
        if keep:
            stage.leave()
            _tell_what_to_try(place, stage.url)


class _Teller:
    """Tells the story on the terminal, so that a reader sees what was typed and what answered."""

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        click.echo()
        click.secho(f"── {title} ".ljust(_WIDTH, "─"), bold=True)

    def command(self, words: Sequence[str]) -> None:
        """Show a command as somebody would type it."""
        click.secho(f"\n$ {shlex.join(words)}", fg="cyan")


def _tell_summary(summary: "Summary") -> None:
    taken = summary.approval_to_switch
    shares = ", ".join(f"{count:,} by {v}" for v, count in sorted(summary.by_version.items()))
    _Teller().chapter("Summary")
    if summary.exit_code != 0:
        click.echo("You did not approve, so nothing was changed: v1.2.1 is still live.")
    if summary.refused:
        click.echo("Refused unattended:        exit code 3, nothing was changed")
    click.echo(f"Requests sent:             {summary.requests:,} ({shares})")
    click.echo(f"Requests failed:           {summary.failed:,}")
    if taken is not None:
        click.echo(f"Approval to traffic moved: {taken * 1000:,.0f} ms")
    click.echo(f"Report:                    {summary.report}")


def _tell_what_to_try(folder: Path, url: str) -> None:
    from smartspec_rollback.demo.stage import PROGRAM

    click.echo(f"\nEverything is still running; the shop answers at {url}/cart. Try:")
    click.echo(f"  cd {shlex.quote(str(folder))}")
    program = shlex.quote(PROGRAM)
    for words in (
        "history",
        "hold list",
        "deployment list",
        "rollback --failed-deployment-id deploy-12345   # it was rolled back already",
        "audit verify",
        f"demo --folder {shlex.quote(str(folder))} --stop   # ends everything",
    ):
        click.echo(f"  {program} {words}")
