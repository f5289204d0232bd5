"""One Target on this host, with everything the verbs need to work on it.

Made by ``platform``; handed to every verb. It holds no state: what it offers is read anew.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.platforms.local.addresses import Address, listen_address
from smartspec_rollback.providers.platforms.local.files import remove
from smartspec_rollback.providers.platforms.local.parts import check_private
from smartspec_rollback.providers.platforms.local.proxy import Proxy
from smartspec_rollback.providers.platforms.local.proxy_config import Route, read_route
from smartspec_rollback.providers.platforms.local.records import Identity, Record, Records
from smartspec_rollback.providers.platforms.local.releases import Releases
from smartspec_rollback.providers.platforms.local.settings import DEFAULT_STATE, LocalSettings
from smartspec_rollback.providers.platforms.local.supervision import Supervisord
from smartspec_rollback.providers.platforms.local.unix_http import UP_REMEDY

_SUPERVISOR = "supervisor.sock"
_PROXY = "envoy.sock"


@dataclass(frozen=True)
class Site:
    """A Target, its settings, and its folder on this host."""

    target: Target
    settings: LocalSettings
    clock: Clock
    state: Path
    releases: Releases

    @classmethod
    def of(cls, target: Target, settings: LocalSettings, clock: Clock) -> "Site":
        """Find a Target's place; UsageError if its names cannot be parts of a path."""
        checked_name("service", target.service)
        checked_name("environment", target.environment)
        releases = settings.releases.resolve()
        state = settings.state or releases.parent / DEFAULT_STATE
        return cls(
            target=target,
            settings=settings,
            clock=clock,
            state=state.resolve(),
            releases=Releases(releases),
        )

    @property
    def records(self) -> Records:
        """The Target's own folder."""
        return Records(self.state / f"{self.target.service}-{self.target.environment}")

    @property
    def identity(self) -> Identity:
        """Who this Target is; ProviderUnavailable before its first start."""
        found = self.records.identity(self.target)
        if found is None:
            raise ProviderUnavailable(
                f"{self.target} was never started here",
                where=str(self.records.root),
                remedy=UP_REMEDY,
            )
        return found

    @property
    def route(self) -> Route:
        """Where traffic goes."""
        return read_route(self.records.routes)

    @property
    def front(self) -> Address:
        """Where the proxy listens: where it was started, or else as the settings say."""
        found = self.records.identity(self.target)
        return listen_address(found.listen if found else self.settings.listen)

    @property
    def supervisor_socket(self) -> Path:
        """Supervisor's socket, in a folder that is ours alone."""
        return self._sockets / _SUPERVISOR

    @property
    def admin_socket(self) -> Path:
        """The proxy's private socket, in a folder that is ours alone."""
        return self._sockets / _PROXY

    @property
    def supervisor(self) -> Supervisord:
        """The Target's supervisor."""
        return Supervisord(self.supervisor_socket)

    @property
    def proxy(self) -> Proxy:
        """The Target's proxy."""
        return Proxy(self.admin_socket)

    def remove_sockets(self) -> None:
        """Remove the sockets and their folder, once nobody answers on them any more."""
        runtime = Path(self.identity.runtime)
        for name in (_SUPERVISOR, _PROXY):
            remove(runtime / name)
        with contextlib.suppress(OSError):
            runtime.rmdir()

    def record(self, revision: str | None) -> Record | None:
        """Read a revision by its id."""
        return None if revision is None else self.records.record(revision)

    @property
    def _sockets(self) -> Path:
        runtime = Path(self.identity.runtime)
        check_private(runtime.parent)
        check_private(runtime)
        return runtime
