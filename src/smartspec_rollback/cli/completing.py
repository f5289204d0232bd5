"""What TAB offers for ids, versions and checks. Handed by the commands to their parameters.

Somebody is in the middle of a line: nothing here prints, fails, or makes a ledger. Imports
nothing but click until somebody presses TAB.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from smartspec_rollback.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

_OFFERED = 50

Completes = Callable[[click.Context, click.Parameter, str], list[str]]
"""What click calls with the context, the parameter, and what was typed of it so far."""


def _quietly(find: Callable[[click.Context], Iterable[str]]) -> Completes:
    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            found = dict.fromkeys(word for word in find(ctx) if word.startswith(incomplete))
        except Exception:  # noqa: BLE001 - whatever it is, it must not be printed into the line
            return []
        return list(found)[:_OFFERED]

    return complete


def _configuration(ctx: click.Context) -> "Path":
    from pathlib import Path

    from smartspec_rollback.config.find import find_configuration

    return ctx.ensure_object(Session).config or find_configuration(Path.cwd())


def _checks(_: click.Context) -> Iterable[str]:
    from smartspec_rollback.checks import ALL

    return [check.NAME for check in ALL]


def _deployments(ctx: click.Context) -> Iterable[str]:
    from smartspec_rollback.ledgers import recent_ids
    from smartspec_rollback.store.glance import Ids

    return recent_ids(_configuration(ctx), Ids.DEPLOYMENTS)


def _rollbacks(ctx: click.Context) -> Iterable[str]:
    from smartspec_rollback.ledgers import recent_ids
    from smartspec_rollback.store.glance import Ids

    return recent_ids(_configuration(ctx), Ids.ROLLBACKS)


def _holds(ctx: click.Context) -> Iterable[str]:
    from smartspec_rollback.ledgers import recent_ids
    from smartspec_rollback.store.glance import Ids

    return recent_ids(_configuration(ctx), Ids.HOLDS)


def _tokens(ctx: click.Context) -> Iterable[str]:
    from smartspec_rollback.ledgers import recent_ids
    from smartspec_rollback.store.glance import Ids

    return recent_ids(_configuration(ctx), Ids.TOKENS)


def _versions(ctx: click.Context) -> Iterable[str]:
    from smartspec_rollback.ports.platform import InspectsReleases
    from smartspec_rollback.wiring import Surroundings, open_workspace

    workspace = open_workspace(_configuration(ctx), Surroundings())
    for target in workspace.targets:
        if ctx.params.get("service") not in (None, target.service):
            continue
        if ctx.params.get("environment") not in (None, target.environment):
            continue
        platform = workspace.platform(target)
        if isinstance(platform, InspectsReleases):
            yield from platform.versions(target)


checks = _quietly(_checks)
"""Offers what ``--override`` takes."""
deployments = _quietly(_deployments)
"""Offers ids of deployments, newest first."""
rollbacks = _quietly(_rollbacks)
"""Offers ids of rollbacks, newest first."""
holds = _quietly(_holds)
"""Offers ids of the holds in force, newest first."""
tokens = _quietly(_tokens)
"""Offers ids of the tokens that were not revoked, newest first."""
versions = _quietly(_versions)
"""Offers the versions that a platform could start."""
