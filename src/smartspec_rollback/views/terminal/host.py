"""What runs on this host, and what the doctor looked at, on a terminal. Called by ``cli``."""

from rich.console import Console
from rich.text import Text

from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.views import host, wording
from smartspec_rollback.views.escape import clean
from smartspec_rollback.views.terminal import style


def render_host(seen: Snapshot | Target, console: Console) -> None:
    """Show what is live on a Target and what runs; a Target without a Snapshot is down."""
    console.print(Text(clean(str(host.target_of(seen))), style=style.STRONG))
    for said in host.sentences(seen):
        console.print(style.inset(style.sentence(said)))
    for said in host.workloads(seen):
        console.print(style.bullet(wording.NOTED, style.sentence(said)))


def render_looked(mark: str, said: str, remedy: str, console: Console) -> None:
    """Show one thing that was looked at, and what to do about it."""
    console.print(style.bullet(mark, style.sentence(said)))
    if remedy:
        console.print(style.about(style.labelled("to do", remedy, style=style.STRONG)))
