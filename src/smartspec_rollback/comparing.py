"""Puts together what compares schemas: databases by URL, recorded snapshots, laboratories, rules.

Called by ``cli`` and ``wiring``. The only place that knows which kind of database a URL or a
snapshot belongs to; nothing here judges.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from smartspec_rollback.domain.comparison import Comparison
from smartspec_rollback.domain.migration import MigrationSet
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.reversal import Reversal
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.engine import compare as comparing
from smartspec_rollback.engine import snapshot as snapshots
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database, Laboratory
from smartspec_rollback.providers import migrations, registry, statements
from smartspec_rollback.providers.migrations.files import OneFile
from smartspec_rollback.schema import compare as schema
from smartspec_rollback.schema.rules import migrations as migration_rules

KINDS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
"""The scheme of a URL to the kind of database."""

_ENV, _FILE = "env:", "file:"
_MOST_BYTES = 512 * 2**20

RULES = comparing.Rules(
    compare=schema.compare, questions=schema.questions, unread=migration_rules.unread
)


@dataclass(frozen=True)
class Look:
    """How a database is looked at: as which role, and what is recorded of its values."""

    role: str | None = None
    remembered: bool = True
    values: bool = False
    samples: int = 0


@dataclass(frozen=True)
class Sources:
    """Files beside a database: the old version's statements, and the migrations in between."""

    statements: tuple[Path, ...] = ()
    migrations: tuple[Path, ...] = ()


_NOTHING = Sources()


def laboratory(kind: str) -> Laboratory:
    """Make the laboratory of a kind of database; UnknownName lists the known kinds."""
    made: Laboratory = registry.provider("databases", kind).laboratory()
    return made


def database(place: str, *, clock: Clock, look: Look) -> Database:
    """Make the database a person named by URL, ``env:NAME`` or ``file:PATH``."""
    url = _url(place)
    scheme = urlsplit(url.reveal()).scheme.partition("+")[0]
    if scheme not in KINDS:
        raise UnknownName(
            "scheme of a database's URL",
            scheme[:20],
            nearest=nearest(scheme, KINDS),
            remedy=f"known are: {', '.join(KINDS)}",
        )
    kind: Any = registry.provider("databases", KINDS[scheme])
    made: Database = kind.at(url, clock=clock, role=look.role)
    return made


def is_recorded(place: str) -> bool:
    """Tell a recorded snapshot's file (or ``-``) from a database."""
    return place == "-" or not (place.startswith((_ENV, _FILE)) or "://" in place)


def load(place: str) -> SchemaSnapshot:
    """Read a recorded snapshot; UsageError says what is wrong with the file."""
    where = "standard input" if place == "-" else place
    try:
        content = sys.stdin.buffer.read(_MOST_BYTES + 1) if place == "-" else _bytes(Path(place))
        if len(content) > _MOST_BYTES:
            raise UsageError("this snapshot is too large to be one", where=where)
        return msgspec.json.decode(content, type=SchemaSnapshot)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"this is no schema snapshot: {error}",
            where=where,
            remedy="write one with `smartspec schema snapshot URL > a.json`, or name a database "
            "by its URL",
        ) from None


def snapshot(
    place: str, *, clock: Clock, look: Look, sources: Sources, within: float
) -> snapshots.Taken:
    """Record a database as it is now."""
    collected = statements.read(sources.statements)
    wanted = snapshots.Wanted(remembered=look.remembered, values=look.values, samples=look.samples)
    return snapshots.take(
        database(place, clock=clock, look=look),
        wanted,
        texts=collected.texts,
        gaps=collected.gaps,
        at=clock.now(),
        deadline=Deadline.after(clock, within),
    )


def compare(
    before: str, after: str, *, clock: Clock, look: Look, sources: Sources, within: float
) -> Comparison:
    """Compare two schemas, each a recorded snapshot or a live database."""
    if is_recorded(before):
        old = load(before)
    else:
        alone = Sources(statements=sources.statements)
        taken = snapshot(before, clock=clock, look=look, sources=alone, within=within)
        old = taken.snapshot
    new = load(after) if is_recorded(after) else database(after, clock=clock, look=look)
    return judge(old, new, sources=sources, clock=clock, within=within)


def judge(
    before: SchemaSnapshot,
    after: Database | SchemaSnapshot,
    *,
    sources: Sources = _NOTHING,
    clock: Clock,
    within: float,
) -> Comparison:
    """Compare what was recorded with a schema, by every layer that can look."""
    with laboratory(before.catalog.kind) as scratch:
        return judge_in(scratch, before, after, sources=sources, clock=clock, within=within)


def judge_in(
    scratch: Laboratory,
    before: SchemaSnapshot,
    after: Database | SchemaSnapshot,
    *,
    sources: Sources = _NOTHING,
    clock: Clock,
    within: float,
) -> Comparison:
    """Compare as ``judge``, in a laboratory that is used for more than one comparison."""
    collected = statements.read(sources.statements)
    read, unread = scripts(sources.migrations)
    return comparing.compare(
        comparing.Compared(
            before=before,
            after=after,
            texts=collected.texts,
            gaps=collected.gaps,
            migrations=read,
            unread=unread,
            since=before.mark,
        ),
        rules=RULES,
        laboratory=scratch,
        deadline=Deadline.after(clock, within),
    )


def reverse(
    *,
    before: Path,
    up: Sequence[Path],
    down: Sequence[Path],
    writes: Sequence[Path],
    clock: Clock,
    within: float,
) -> Reversal:
    """Go up, write, and go down in a scratch database, and say what was lost."""
    ups, unread = scripts(up)
    downs = tuple((str(path), _text(path)) for path in down)
    found = _reverses().reverse(
        before=_text(before),
        up=ups,
        down=downs,
        writes=tuple((str(path), _text(path)) for path in writes),
        deadline=Deadline.after(clock, within),
    )
    return found


def scripts(paths: Sequence[Path]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Read migrations as (name, SQL), in the order given; and what of them could not be read.

    A folder is read as its tool would; of a file with sections only what goes up is taken.
    """
    found: list[tuple[str, str]] = []
    unread: list[str] = []
    for path in paths:
        read = migrations.read(None, path) if path.is_dir() else _one_migration(path)
        unread += read.problems
        for each in read.migrations:
            name = str(path / each.path) if path.is_dir() else str(path)
            if each.up is not None:
                found.append((name, each.up))
            if each.dynamic is not None:
                unread.append(f"{name}: {each.dynamic}")
    return tuple(found), tuple(unread)


def _one_migration(path: Path) -> MigrationSet:
    file = OneFile(path)
    try:
        return migrations.read(None, file)
    except UsageError:
        return migrations.read("plain", file)


def _url(place: str) -> Sensitive:
    if place.startswith(_ENV):
        name = place.removeprefix(_ENV)
        if not (text := os.environ.get(name, "")):
            raise UsageError(
                f"the environment variable {name[:80]!r} is not set", remedy=f"set {name[:80]}"
            )
        return Sensitive(text)
    if place.startswith(_FILE):
        return Sensitive(_bytes(Path(place.removeprefix(_FILE))).decode(errors="replace").strip())
    return Sensitive(place)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
