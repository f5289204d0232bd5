"""Puts together what the engine works with for one Target. Called by ``workspace`` alone."""

import base64
import hashlib
import os
from typing import TYPE_CHECKING

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.channel import Channel
from smartspec_rollback.ports.metrics import WatchesLightly
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers.system import holder_name
from smartspec_rollback.wiring import providers

if TYPE_CHECKING:
    from smartspec_rollback.engine.parts import DatabaseParts, Listener, Parts, Watcher
    from smartspec_rollback.wiring.workspace import Workspace


_ID_BYTES = 5


def short_id(prefix: str, *, of: str | None = None) -> str:
    """Make an id that people can type: ``prefix-`` and eight letters and digits.

    The same ``of`` makes the same id; without it, it is like no other.
    """
    drawn = os.urandom(_ID_BYTES) if of is None else hashlib.sha256(of.encode()).digest()
    return f"{prefix}-{base64.b32encode(drawn[:_ID_BYTES]).decode().lower()}"


def parts_of(
    workspace: "Workspace",
    target: Target,
    listener: "Listener",
    *,
    break_glass: bool,
    by: Person | None,
) -> "Parts":
    """Give the engine everything of one Target; ``by`` is for whom, else this process's operator.

    Under break-glass the ledger and every place but the terminal are left out.
    """
    from smartspec_rollback import judging
    from smartspec_rollback.checks import assess
    from smartspec_rollback.engine.parts import Parts
    from smartspec_rollback.providers.smoke import SmokeRunner
    from smartspec_rollback.reporting import WrittenReports

    configured = workspace.configured(target)
    store = workspace.break_glass.store if break_glass else workspace.store
    return Parts(
        target=target,
        settings=configured.settings,
        store=store,
        platform=workspace.platform(target, store=store),
        metrics=workspace.metrics(target),
        smoke=SmokeRunner(workspace.configuration.path.parent),
        channels=workspace.channels(target, break_glass=break_glass),
        notified=() if break_glass else _notified(workspace, target),
        clock=workspace.clock,
        assess=assess,
        judges=judging,
        reports=WrittenReports(workspace.folder / "reports"),
        listener=listener,
        operator=by or workspace.operator,
        identify=workspace.configuration.identify,
        holder=holder_name(),
        new_id=lambda: short_id("rb"),
        stop=workspace.surroundings.stop,
        database=_database(workspace, target),
        watcher=lambda: _watcher(workspace, target, store),
    )


def _notified(workspace: "Workspace", target: Target) -> tuple[Channel, ...]:
    configured = providers.notified(workspace.configured(target))
    return (*configured, *workspace.surroundings.notified(target))


def _watcher(workspace: "Workspace", target: Target, store: Store) -> "Watcher | None":
    """Make what watches beside a rollback, apart from what drives it; None where nothing can."""
    from smartspec_rollback.engine.parts import Watcher

    metrics = workspace.metrics(target)
    if not isinstance(metrics, WatchesLightly):
        return None
    return Watcher(platform=workspace.platform(target, store=store), metrics=metrics)


def _database(workspace: "Workspace", target: Target) -> "DatabaseParts | None":
    configured = workspace.configured(target).database
    if configured is None:
        return None
    from smartspec_rollback import databases

    return databases.parts(configured, clock=workspace.clock)
