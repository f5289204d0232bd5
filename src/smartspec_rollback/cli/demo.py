"""``smartspec demo``: tell the story of one bad release on this machine, with real parts."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from smartspec_rollback.demo.story import Summary

_WIDTH = 78


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Where the demo keeps its configuration, releases and report; made anew each time.",
)
@click.option("--keep", is_flag=True, help="Leave everything running, and say what to try.")
def demo(folder: Path, *, keep: bool) -> None:
    """Roll a bad release back on this machine, for real, under constant load.

    \b
    Examples:
      smartspec demo
      smartspec demo --keep
    """  # noqa: D301 - click's mark for lines it must not rewrap
    from smartspec_rollback.demo.story import Story

    story = Story(folder.absolute(), _Teller())
    try:
        summary = story.tell()
    except BaseException:
        story.stop()
        raise
    _tell_summary(summary)
    if keep:
        _tell_what_to_try(folder, story.url)
    else:
        story.stop()


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
    click.echo(f"Requests sent:             {summary.requests:,} ({shares})")
    click.echo(f"Requests failed:           {summary.failed:,}")
    if taken is not None:
        click.echo(f"Approval to traffic moved: {taken * 1000:,.0f} ms")
    click.echo(f"Report:                    {summary.report}")


def _tell_what_to_try(folder: Path, url: str) -> None:
    from smartspec_rollback.demo.story import PROGRAM

    click.echo(f"\nEverything is still running; the shop answers at {url}/cart. Try:")
    click.echo(f"  cd {shlex.quote(str(folder))}")
    program = shlex.quote(PROGRAM)
    for words in (
        "history",
        "hold list",
        "deployment list",
        "rollback --failed-deployment-id deploy-12345   # it was rolled back already",
        "audit verify",
        "local down                                     # stops everything",
    ):
        click.echo(f"  {program} {words}")
