"""What is known of one Target on this host: its identity, its revisions, its folder.

Called by every verb of this package. The files here and the route file are the truth; what
supervisor and the proxy are told is derived from them (``running``), so a crash between two
writes is mended by deriving again.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.local.files import (
    private_folder,
    read_value,
    remove,
    write_private,
)
from smartspec_rollback.providers.platforms.local.release_file import Readiness

_SHORT = 12
_KEPT = 100
_ID = re.compile(r"r[0-9]+-[0-9a-f]{12}")


class Identity(Value):
    """Who a Target is, and where it was started.

    ``uid`` and ``token``, which opens the proxy's private probe, are made once. ``listen`` and
    ``runtime``, the folder of its sockets, are those of the last start.
    """

    uid: str
    target: Target
    token: str
    listen: str
    runtime: str


class Drain(Value):
    """Which operation stops a revision, and since when its last requests are waited for.

    ``since`` is monotonic, so that no jump of the wall clock cuts requests off.
    """

    operation: str
    since: float


class Record(Value):
    """One revision: a release that was started here.

    ``wanted`` says whether its instances should run, ``prewarmed`` whether it was started without
    a promise of traffic, ``operation`` who started it and ``started`` when, on the monotonic clock.
    ``deployed_at`` is set once it had traffic, together with the ``generation`` of the route that
    gave it to it last; ``drain`` once it is being stopped.
    """

    id: str
    number: int
    release: Release
    readiness: Readiness
    ports: tuple[int, ...]
    prewarmed: bool
    operation: str
    started: float
    wanted: bool = True
    deployed_at: datetime | None = None
    deployment_id: str | None = None
    generation: int = 0
    drain: Drain | None = None


def short(release: Release) -> str:
    """Shorten a release's identity; the end of the id of each of its revisions."""
    return release.identity.removeprefix("sha256:")[:_SHORT]


def revision_of(number: int, release: Release) -> str:
    """Name a revision: its number on this Target, and which release it runs."""
    return f"r{number}-{short(release)}"


def runs(revision: str, release: Release) -> bool:
    """Tell by its id whether a revision runs just this release."""
    return revision.endswith(f"-{short(release)}")


@dataclass(frozen=True)
class Records:
    """The folder of one Target; reading never changes it."""

    root: Path

    @property
    def lock(self) -> Path:
        """The lock that every change is made under."""
        return self.root / "lock"

    @property
    def guard(self) -> Path:
        """The lock of a whole deployment or rollback."""
        return self.root / "guard"

    @property
    def supervisor(self) -> Path:
        """Supervisor's configuration."""
        return self.root / "supervisord.conf"

    @property
    def groups(self) -> Path:
        """The folder of supervisor's groups, one file per running revision."""
        return self.root / "conf.d"

    @property
    def launches(self) -> Path:
        """The folder of launch files, one per program."""
        return self.root / "launch"

    @property
    def processes(self) -> Path:
        """The folder in which programs write down who they are."""
        return self.root / "processes"

    @property
    def logs(self) -> Path:
        """The folder of the programs' output."""
        return self.root / "logs"

    @property
    def bootstrap(self) -> Path:
        """The proxy's own configuration."""
        return self.root / "envoy.json"

    @property
    def clusters(self) -> Path:
        """The proxy's clusters, alone in a folder that it watches."""
        return self.root / "clusters" / "clusters.json"

    @property
    def routes(self) -> Path:
        """The proxy's routes, alone in a folder that it watches: the truth about traffic."""
        return self.root / "routes" / "routes.json"

    @property
    def _revisions(self) -> Path:
        return self.root / "revisions"

    @property
    def _identity(self) -> Path:
        return self.root / "target.json"

    def identity(self, target: Target) -> Identity | None:
        """Read who this is, None before the first start."""
        found = read_value(self._identity, Identity)
        if found is not None and found.target != target:
            raise ProviderError(
                f"this folder belongs to {found.target}, not to {target}",
                where=str(self.root),
                remedy="give one of the two another `state` folder",
            )
        return found

    def create(self, identity: Identity) -> None:
        """Make the folders, and write down who this is."""
        for folder in (
            self._revisions,
            self.groups,
            self.launches,
            self.processes,
            self.logs,
            self.clusters.parent,
            self.routes.parent,
        ):
            private_folder(folder)
        write_private(self._identity, msgspec.json.encode(identity))

    def all(self) -> tuple[Record, ...]:
        """Read every revision, the newest first."""
        found = [read_value(path, Record) for path in self._revisions.glob("r*.json")]
        present = [record for record in found if record is not None]
        return tuple(sorted(present, key=lambda record: record.number, reverse=True))

    def record(self, revision: str) -> Record | None:
        """Read one revision, None if there is none such."""
        if not _ID.fullmatch(revision):
            return None
        return read_value(self._revisions / f"{revision}.json", Record)

    def wanted(self) -> tuple[Record, ...]:
        """Read the revisions whose instances should run, the newest first."""
        return tuple(record for record in self.all() if record.wanted)

    def next_number(self) -> int:
        """Return the number for the next revision."""
        return max((record.number for record in self.all()), default=0) + 1

    def save(self, record: Record) -> None:
        """Write a revision down."""
        write_private(self._revisions / f"{record.id}.json", msgspec.json.encode(record))

    def forget(self, record: Record) -> None:
        """Remove a revision."""
        remove(self._revisions / f"{record.id}.json")

    def forget_old(self, live: str | None) -> None:
        """Remove all but the newest revisions, with their logs; never one that runs or is live."""
        for record in self.all()[_KEPT:]:
            if not record.wanted and record.id != live:
                self.forget(record)
                for log in self.logs.glob(f"{record.id}-*"):
                    remove(log)
