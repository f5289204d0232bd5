"""Deployments and holds on a terminal. Called by ``cli`` through ``terminal``."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import clean
from smartspec_rollback.views.tables import (
    DEPLOYMENT_HEADINGS,
    HOLD_HEADINGS,
    NO_DEPLOYMENTS,
    NO_HOLDS,
)
from smartspec_rollback.views.terminal import style
from smartspec_rollback.views.units import moment

_UNLIMITED = 10_000


def render_deployments(entries: Sequence[LedgerEntry], console: Console) -> None:
    """Show deployments with what is known of their health."""
    rows = [
        (
            Text(clean(entry.deployment.id)),
            Text(clean(str(entry.deployment.target))),
            style.name(entry.deployment.release.version),
            Text(entry.deployment.phase),
            Text(moment(entry.deployment.at)),
            style.sentence(wording.health(entry)),
        )
        for entry in entries
    ]
    _show(console, DEPLOYMENT_HEADINGS, rows, nothing=NO_DEPLOYMENTS)


def render_holds(holds: Sequence[Hold], console: Console) -> None:
    """Show the holds in force, and how one is lifted."""
    rows = [
        (
            Text(clean(hold.id)),
            Text(clean(str(hold.target))),
            style.name(hold.release.version),
            Text(moment(hold.placed_at)),
            Text(clean(hold.placed_by)),
            style.sentence(hold.reason),
        )
        for hold in holds
    ]
    _show(console, HOLD_HEADINGS, rows, nothing=NO_HOLDS)
    if holds:
        console.print(style.sentence("Lift one with `smartspec hold release ID`."))


def _show(
    console: Console, headings: Sequence[str], rows: Sequence[Sequence[Text]], *, nothing: str
) -> None:
    """Show a table, or where it would not fit, each row as a block: ids are never broken up."""
    if not rows:
        console.print(nothing)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    unlimited = console.options.update(max_width=_UNLIMITED)
    if console.measure(table, options=unlimited).maximum <= console.width:
        console.print(table)
        return
    for row in rows:
        console.print(style.facts(zip(headings, row, strict=True)))
        console.print()
