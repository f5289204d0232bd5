"""Where schemas are: databases by URL, recorded snapshots by file, scratch copies by kind.

The only place that knows which kind of database a URL or a snapshot belongs to.
"""

import codecs
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.schema_record import Mark, SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.database import Database, Laboratory, Reverses
from smartspec_rollback.providers import registry

KINDS = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
"""The scheme of a URL to the kind of database."""

_REMEDY = f"write {'://…, '.join(KINDS)}://…, or env:NAME or file:PATH of what holds such a URL"
_ENV, _FILE = "env:", "file:"
_NO_SNAPSHOT = "name a snapshot's file, or a database by its URL"
_NO_URL = "name a file that holds the database's URL, and nothing else"
_LIKE_A_SECRET = re.compile(r"@|\bpassword\b", re.IGNORECASE)
_SHADOW = "--shadow"
_DOCUMENT = "smartspec.schema-snapshot/1"
_MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Look:
    """How a database is looked at: as which role, and what is recorded of its values."""

    role: str | None = None
    remembered: bool = True
    values: bool = False
    samples: int = 0


def laboratory(kind: str) -> Laboratory:
    """Make the laboratory of a kind of database; UnknownName lists the known kinds."""
    made: Laboratory = registry.provider("databases", kind).laboratory()
    return made


def laboratory_on(
    shadow: str, kind: str, *, apart: Sequence[tuple[str, str | SchemaSnapshot]], clock: Clock
) -> Laboratory:
    """Make the laboratory whose copies are made on the server of the URL ``shadow``.

    ``apart`` are the options that name the databases compared, each with its place or recording.
    UsageError where this kind of database has no such laboratory.
    """
    provider = registry.provider("databases", kind)
    if not hasattr(provider, "laboratory_on"):
        raise UsageError(f"{_SHADOW} is for PostgreSQL; this is a schema of {kind}")
    others: list[tuple[str, Sensitive | Mark]] = []
    for option, place in apart:
        if not isinstance(place, SchemaSnapshot):
            others.append((option, _url(place)))
        elif place.mark is not None:
            others.append((f"what {option} was recorded from", place.mark))
    made: Laboratory = provider.laboratory_on(
        _url(shadow), setting=_SHADOW, apart=tuple(others), clock=clock
    )
    return made


def reverses(kind: str) -> Reverses:
    """Make the laboratory of a kind that can try reversals out; UsageError where it cannot."""
    made = laboratory(kind)
    if not isinstance(made, Reverses):
        raise UsageError(f"reversals of {kind} cannot be tried out")
    return made


def database(place: str, *, clock: Clock, look: Look) -> Database:
    """Make the database a person named by URL, ``env:NAME`` or ``file:PATH``."""
    url = _url(place)
    scheme, is_url, _ = url.reveal().partition("://")
    scheme = scheme.partition("+")[0].lower()
    if not is_url or (scheme not in KINDS and place.startswith((_ENV, _FILE))):
        # What is kept elsewhere is a secret, whatever it is, and is never quoted.
        raise UsageError("this is not the URL of a known kind of database", remedy=_REMEDY)
    if scheme not in KINDS:
        raise UnknownName(
            "scheme of a database's URL",
            scheme[:20],
            nearest=nearest(scheme, KINDS),
            remedy=_REMEDY,
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
        found = msgspec.json.decode(content.removeprefix(codecs.BOM_UTF8), type=SchemaSnapshot)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise UsageError(
            f"this is no schema snapshot: {error}",
            where=where,
            remedy="write one with `smartspec schema snapshot URL > a.json`, or name a database "
            "by its URL",
        ) from None
    if found.document != _DOCUMENT:
        raise UsageError(
            f"this is another kind of document: {found.document[:80]!r}",
            where=where,
            remedy=f"{_DOCUMENT} is read, as `smartspec schema snapshot` of this release writes it",
        )
    return found


def _url(place: str) -> Sensitive:
    if place.startswith(_ENV):
        name = place.removeprefix(_ENV)
        if not (text := os.environ.get(name, "")):
            raise UsageError(
                f"the environment variable {name[:80]!r} is not set", remedy=f"set {name[:80]}"
            )
        return Sensitive(text)
    if place.startswith(_FILE):
        return Sensitive(
            _bytes(Path(place.removeprefix(_FILE)), _NO_URL).decode(errors="replace").strip()
        )
    return Sensitive(place)


def _bytes(path: Path, remedy: str = _NO_SNAPSHOT) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"the file cannot be read: {error.strerror}",
            where=_shown(path),
            remedy=remedy,
        ) from None


def _shown(path: Path) -> str:
    """Name a file; what may be a mistyped URL with its password is not repeated."""
    return "a name that is not repeated" if _LIKE_A_SECRET.search(str(path)) else str(path)
