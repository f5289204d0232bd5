"""What the proxy is told, as pure functions: its own configuration, clusters, and routes.

Called by ``running`` and ``traffic``. The route file is where the truth about traffic stands, so
it can be read back too: it says which revision has it, since when, and by which operation.
"""

from datetime import datetime
from pathlib import Path

import msgspec

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.local.addresses import LOOPBACK, Address
from smartspec_rollback.providers.platforms.local.files import DAMAGED, read_bytes
from smartspec_rollback.providers.platforms.local.records import Record, Records

PROBE_PATH = "/.smartspec/revision"
PROBE_HEADER = "x-smartspec-probe"

_TYPES = "type.googleapis.com/envoy"
_NAME = "smartspec"
_PLENTY = 65536


class Route(Value):
    """Where traffic goes: ``generation`` counts the changes, ``operation`` made this one."""

    generation: int
    revision: str | None = None
    operation: str | None = None
    deployed_at: datetime | None = None
    deployment_id: str | None = None

    @property
    def answer(self) -> str:
        """What a proxy worker that serves this route answers to the private probe."""
        return f"{self.generation} {self.revision}"


def bootstrap(records: Records, *, admin: Path, listen: Address) -> bytes:
    """Write the proxy's own configuration; routes and clusters are watched files."""
    connections = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "front",
        "use_remote_address": True,
        "server_header_transformation": "PASS_THROUGH",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "rds": {"route_config_name": _NAME, "config_source": _watched(records.routes)},
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    listener = {
        "name": "front",
        "address": _socket_address(listen.host, listen.port),
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": connections,
                    }
                ]
            }
        ],
    }
    return _json(
        {
            "node": {"id": _NAME, "cluster": _NAME},
            "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}},
            "dynamic_resources": {"cds_config": _watched(records.clusters)},
            "static_resources": {"listeners": [listener]},
        }
    )


def clusters(running: tuple[Record, ...]) -> bytes:
    """Write a cluster for each revision that runs."""
    resources = [
        {
            "@type": f"{_TYPES}.config.cluster.v3.Cluster",
            "name": record.id,
            "type": "STATIC",
            "connect_timeout": "2s",
            "circuit_breakers": {
                "thresholds": [
                    {
                        "max_connections": _PLENTY,
                        "max_pending_requests": _PLENTY,
                        "max_requests": _PLENTY,
                        "max_retries": 1024,
                    }
                ]
            },
            "load_assignment": {
                "cluster_name": record.id,
                "endpoints": [
                    {
                        "lb_endpoints": [
                            {"endpoint": {"address": _socket_address(LOOPBACK, port)}}
                            for port in record.ports
                        ]
                    }
                ],
            },
        }
        for record in sorted(running, key=lambda record: record.number)
    ]
    version = " ".join(str(resource["name"]) for resource in resources) or "none"
    return _json({"version_info": version, "resources": resources})


def routes(route: Route, *, token: str) -> bytes:
    """Write the routes: everything to one revision, and the private probe, answered by itself."""
    probe = {
        "match": {
            "path": PROBE_PATH,
            "headers": [{"name": PROBE_HEADER, "string_match": {"exact": token}}],
        },
        "direct_response": {"status": 200, "body": {"inline_string": route.answer}},
    }
    configuration = {
        "@type": f"{_TYPES}.config.route.v3.RouteConfiguration",
        "name": _NAME,
        "metadata": {"filter_metadata": {_NAME: msgspec.to_builtins(route)}},
        "virtual_hosts": [
            {"name": _NAME, "domains": ["*"], "routes": [probe, _everything_to(route.revision)]}
        ],
    }
    return _json({"version_info": str(route.generation), "resources": [configuration]})


def _everything_to(revision: str | None) -> dict[str, object]:
    """Route every request to one revision.

    Tried again elsewhere only where the instance certainly did not see the request. The waits
    between are far shorter than those of ``traffic.drained`` between its looks.
    """
    everything = {"prefix": "/"}
    if revision is None:
        nothing = {"status": 503, "body": {"inline_string": "no release is deployed\n"}}
        return {"match": everything, "direct_response": nothing}
    retry = {
        "retry_on": "connect-failure,refused-stream,reset-before-request",
        "num_retries": 4,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.retry.host.previous_hosts.v3"
                    ".PreviousHostsPredicate"
                },
            }
        ],
        "host_selection_retry_max_attempts": 5,
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.020s"},
    }
    return {
        "match": everything,
        "route": {"cluster": revision, "timeout": "0s", "retry_policy": retry},
    }


class _Metadata(msgspec.Struct):
    filter_metadata: dict[str, Route]


class _Configuration(msgspec.Struct):
    metadata: _Metadata


class _Routes(msgspec.Struct):
    resources: tuple[_Configuration, ...]


def read_route(path: Path) -> Route:
    """Read back where traffic goes; generation 0 before the first route was written."""
    content = read_bytes(path)
    if content is None:
        return Route(generation=0)
    try:
        found = msgspec.json.decode(content, type=_Routes)
        return found.resources[0].metadata.filter_metadata[_NAME]
    except (msgspec.DecodeError, LookupError) as error:
        raise ProviderError(
            f"damaged route file: {error}",
            where=str(path),
            remedy=DAMAGED,
        ) from error


def _watched(path: Path) -> dict[str, object]:
    return {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": str(path),
            "watched_directory": {"path": str(path.parent)},
        },
    }


def _socket_address(host: str, port: int) -> dict[str, object]:
    return {"socket_address": {"address": host, "port_value": port}}


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
