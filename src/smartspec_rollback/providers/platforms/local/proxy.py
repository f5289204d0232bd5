"""Talking to the running proxy over its private socket.

Called by ``looking``, ``traffic`` and ``running``. It only asks; the proxy is told things by files.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.providers.platforms.local.unix_http import get

_T = TypeVar("_T")


class _Versioned(msgspec.Struct):
    version_info: str = ""


class _Routes(msgspec.Struct):
    configs: tuple[_Versioned, ...] = ()


class _Named(msgspec.Struct):
    name: str


class _Cluster(msgspec.Struct):
    cluster: _Named


class _Clusters(msgspec.Struct):
    configs: tuple[_Cluster, ...] = ()


class _Stat(msgspec.Struct):
    name: str = ""
    value: int = 0


class _Stats(msgspec.Struct):
    stats: tuple[_Stat, ...]


@dataclass(frozen=True)
class Proxy:
    """The proxy of one Target; every method raises ProviderUnavailable where it is down."""

    socket: Path

    def check(self) -> None:
        """Insist that it serves; cheap."""
        get(self.socket, "/ready")

    @property
    def serves(self) -> bool:
        """Whether it serves."""
        try:
            self.check()
        except ProviderUnavailable:
            return False
        return True

    def workers(self) -> int:
        """Tell how many workers it really has, whatever the settings say by now."""
        body = get(self.socket, r"/stats?format=json&filter=^server\.concurrency$")
        count = sum(stat.value for stat in _decoded(body, _Stats).stats)
        if count < 1:
            raise ProviderError("the proxy does not say how many workers it has")
        return count

    def route_version(self) -> str:
        """Tell which version of the routes it has taken over; not yet what each worker serves."""
        dump = get(self.socket, "/config_dump?resource=dynamic_route_configs&mask=version_info")
        configs = _decoded(dump, _Routes).configs
        return configs[0].version_info if configs else ""

    def knows(self, revision: str) -> bool:
        """Tell whether it has a revision's cluster."""
        dump = get(self.socket, "/config_dump?resource=dynamic_active_clusters&mask=cluster.name")
        return any(found.cluster.name == revision for found in _decoded(dump, _Clusters).configs)

    def active_requests(self, revision: str) -> int:
        """Count a revision's requests that run or wait; 0 where it has no such cluster."""
        wanted = rf"^cluster\.{re.escape(revision)}\.upstream_rq_(active|pending_active)$"
        body = get(self.socket, f"/stats?format=json&filter={wanted}")
        return sum(stat.value for stat in _decoded(body, _Stats).stats)


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise ProviderError(f"the proxy answered oddly: {error}") from error
