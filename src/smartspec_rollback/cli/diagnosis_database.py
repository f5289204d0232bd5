"""The part of ``doctor`` that looks at a Target's database. Called by ``diagnosis``.

Read-only, like everything that looks at a database. Yields what was found as plain tuples of
outcome, what it is about, what is said and what to do.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smartspec_rollback.config.model import DatabaseConfiguration
from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError, SmartSpecError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.views.units import counted
from smartspec_rollback.wiring import Workspace

if TYPE_CHECKING:
    from smartspec_rollback.ports.database import Database

Said = tuple[Outcome, str, str, str]

_WITHIN = 10.0
_GOOD, _LOOK, _BAD, _OPEN = Outcome.PASSED, Outcome.ATTENTION, Outcome.BLOCKING, Outcome.UNKNOWN


def look(workspace: Workspace, target: Target) -> Iterator[Said]:
    """Look whether a rollback's questions about the database could be answered."""
    about = f"{target} database"
    configured = workspace.configured(target).database
    declared = workspace.configured(target).settings.database
    if configured is None:
        if declared is None:
            remedy = "declare `database: none`, or say which there is"
            said = "none is configured: whether the schema allows a rollback stays unknown"
            yield _LOOK, about, said, remedy
        else:
            yield _GOOD, about, "declared that there is none", ""
        return
    from smartspec_rollback import databases

    about = f"{about} {configured.kind}"
    try:
        live = databases.connect(configured, clock=workspace.clock)
        catalog = live.catalog(deadline=Deadline.after(workspace.clock, _WITHIN))
    except SmartSpecError as error:
        yield _BAD, about, _said(error), error.remedy
    else:
        yield from _reached(about, live, catalog)
        yield from _remembered(workspace, about, live, configured)
        yield from _shadow(workspace, about, live)
    yield from _files(about, configured)
    yield from _recorded(workspace, target, about)


def _said(error: SmartSpecError) -> str:
    return f"{error.what} ({error.where})" if error.where else error.what


def _reached(about: str, live: "Database", catalog: Catalog) -> Iterator[Said]:
    count = len(catalog.relations)
    tables = counted(count, "table or view", "tables and views")
    role = f" as {catalog.role}" if catalog.role else ""
    said = f"reachable, read-only{role}: {tables} of {live.identity}"
    if count:
        yield _GOOD, about, said, ""
    else:
        yield _LOOK, about, said, "is it the right database, and may this role read its schema?"
    if catalog.superuser:
        said = "this role may do everything, so missing privileges are not seen"
        yield _LOOK, about, said, "`role:` names the one the service works as"
    for note in catalog.notes:
        yield _OPEN, about, note, ""


def _remembered(
    workspace: Workspace, about: str, live: "Database", configured: DatabaseConfiguration
) -> Iterator[Said]:
    """Look whether the server tells which statements it gets."""
    if not configured.remembered:
        return
    try:
        texts, gaps = live.statements(deadline=Deadline.after(workspace.clock, _WITHIN))
    except ProviderError as error:
        texts, gaps = (), (error.what,)
    if texts:
        yield _GOOD, about, f"the server remembers {counted(len(texts), 'statement')}", ""
    for gap in gaps:
        remedy = "`remembered: false` where the files under `statements:` hold them all"
        yield _LOOK, about, gap, remedy


def _shadow(workspace: Workspace, about: str, live: "Database") -> Iterator[Said]:
    """Look whether scratch copies can be made on the shadow database, where there is one."""
    from smartspec_rollback.ports.database import Beside, OnShadow

    if not isinstance(live, Beside):
        return
    about = f"{about} shadow"
    with live.laboratory_beside() as laboratory:
        if not isinstance(laboratory, OnShadow):
            return
        try:
            named = laboratory.shadow(deadline=Deadline.after(workspace.clock, _WITHIN))
        except SmartSpecError as error:
            yield _BAD, about, _said(error), error.remedy
            return
        if named is not None:
            yield _GOOD, about, f"scratch copies can be made on {named}", ""


def _files(about: str, configured: DatabaseConfiguration) -> Iterator[Said]:
    """Look whether the committed statements and migrations can be read."""
    from smartspec_rollback import databases

    if configured.statements:
        texts, gaps = databases.texts(configured)
        if texts:
            yield _GOOD, about, f"{counted(len(texts), 'statement')} in its files", ""
        for gap in gaps:
            yield _LOOK, about, gap, "mend the file, or the paths under `statements:`"
    try:
        held = databases.migration_set(configured)
    except SmartSpecError as error:
        yield _BAD, f"{about} migrations", _said(error), error.remedy
        return
    if held is not None:
        said = f"{counted(len(held.migrations), 'migration')} of {held.tool} can be read"
        yield _GOOD if held.migrations else _LOOK, f"{about} migrations", said, ""
        for problem in held.problems:
            yield _LOOK, f"{about} migrations", problem, ""


def _recorded(workspace: Workspace, target: Target, about: str) -> Iterator[Said]:
    """Look whether the live release could be come back to: whether its schema is recorded."""
    live = workspace.store.live(target)
    if live is None:
        yield _OPEN, about, "nothing is recorded as live yet", ""
        return
    version = live.deployment.release.version
    known = workspace.store.schema_of_release(target, live.deployment.release)
    if known is None:
        said = f"nothing of it is recorded with {version}, which is live: coming back to {version} "
        remedy = f"record {live.deployment.id} again with `smartspec deployment record`"
        yield _LOOK, about, f"{said}later cannot be judged", remedy
        return
    count = counted(len(known.snapshot.workload.statements), "statement")
    said = f"recorded with {version}, which is live, at {known.snapshot.at:%Y-%m-%d %H:%M} UTC"
    yield _GOOD, about, f"{said}: {count}", ""
