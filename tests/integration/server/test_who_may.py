"""Who may do what: every role and machine, at every route of the table, on every service."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.server.running import GENEROUS, Answer, Caller, configure, serving

from smartspec_rollback.domain.access import EVERYWHERE, Action, Principal, Reach, permits
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.target import Target
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.server.api.route import Route
from smartspec_rollback.server.api.table import ROUTES
from smartspec_rollback.testing.kubernetes.cluster import Cluster

SERVICES = ("search", "basket")
"""oskar and the token ``narrow`` are about the first; the other is none of their business."""

Served = tuple[Caller, Opened, list["Known"]]

_EVERY = (Action.READ, Action.RECORD, Action.JUDGE, Action.REQUEST)
WHO: Mapping[str, Principal] = {
    **{
        name: Principal(person=Person(name=name, account=f"token:{name}"))
        for name in ("vera", "olga", "anna", "adam", "oskar")
    },
    "robot": Principal(person=Person(name="robot", account="token:robot"), scopes=_EVERY),
    "reader": Principal(person=Person(name="reader", account="token:reader"), scopes=(_EVERY[0],)),
    "narrow": Principal(
        person=Person(name="narrow", account="token:narrow"),
        scopes=_EVERY,
        reach=Reach(services=("search",)),
    ),
}


@dataclass(frozen=True)
class Known:
    """What there is of one service."""

    service: str
    rollback_id: str
    gate_id: str

    @property
    def deployment_id(self) -> str:
        """The deployment that is live."""
        return f"{self.service}-v2"

    @property
    def token_id(self) -> str:
        """A token that nobody made."""
        return f"token-of-{self.service}"

    @property
    def hold_id(self) -> str:
        """A hold that nobody placed."""
        return f"hold-of-{self.service}"


def _event(service: str) -> dict[str, Any]:
    context = {"id": f"event-{service}", "source": "ci", "type": _DEPLOYED}
    content = {"environment": {"id": "production"}, "artifactId": "pkg:oci/app@v3"}
    subject = {"id": service, "type": "service", "content": content}
    told = {"context": {**context, "timestamp": "2026-03-02T12:00:00Z"}, "subject": subject}
    return {"specversion": "1.0", **context, "data": told}


_DEPLOYED = "dev.cdevents.service.deployed.0.2.0"
_DIGEST = {"digest": "0" * 64}
_WHY = {"reason": "because"}
BODIES: Mapping[str, Callable[[Known], dict[str, Any]]] = {
    "askForRollback": lambda k: {"failed_deployment_id": k.deployment_id, "dry_run": True},
    "approveRollback": lambda _: _DIGEST,
    "denyRollback": lambda _: _DIGEST,
    "resumeRollback": lambda _: {},
    "abandonRollback": lambda _: _WHY,
    "recordDeployment": lambda k: {
        "deployment_id": f"new-{k.service}",
        "service": k.service,
        "environment": "production",
        "version": "v3",
        "phase": "before-migrations",
    },
    "markDeployment": lambda _: {"health": "healthy"},
    "judgeDeployment": lambda k: {"deployment_id": k.deployment_id},
    "releaseHold": lambda _: _WHY,
    "makeToken": lambda k: {"name": "ci", "scopes": ["read"], "services": [k.service]},
    "revokeToken": lambda _: {},
    "takeEvents": lambda k: _event(k.service),
    "takeAlerts": lambda k: {
        "version": "4",
        "alerts": [
            {
                "status": "firing",
                "labels": {"service": k.service, "environment": "production"},
                "startsAt": "2026-03-02T12:00:00Z",
            }
        ],
    },
}
"""What is sent to each route that writes; a new one has to be added, or the test below fails."""

WHOLE = frozenset(
    {
        "listRollbacks",
        "listDeployments",
        "listServices",
        "listHolds",
        "listAudit",
        "listReadiness",
        "listTokens",
        "proveAudit",
        "whoAmI",
    }
)
"""Routes about no one service: listings, which show what may be seen, and the whole ledger."""

BY_ID = frozenset({"releaseHold", "makeToken", "revokeToken"})
"""Routes that are asked about the whole ledger here: what they name is nobody's, or everybody's."""


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """Run a server that knows something of each service."""
    folder: Path = tmp_path_factory.mktemp("permitted")
    with Cluster(speed=20.0) as cluster:
        Shops(folder, cluster)
        configure(folder)
        with serving(folder, GENEROUS) as (call, opened):
            yield call, opened, [_known(call, service) for service in SERVICES]


def _known(call: Caller, service: str) -> Known:
    asked = {"failed_deployment_id": f"{service}-v2", "dry_run": True}
    dry = call("POST", "/v1/rollbacks", asked, by="adam").document
    gate = call("POST", "/v1/gates", {"deployment_id": f"{service}-v2"}, by="adam").document
    return Known(service, dry["rollback_id"], gate["gate_id"])


def _send(call: Caller, route: Route, known: Known, *, by: str | None) -> Answer:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", getattr(known, name))
    if route.method == "GET":
        return call("GET", path, by=by)
    headers = {"Content-Type": next(iter(route.takes))} if route.takes else {}
    return call(route.method, path, BODIES[route.name](known), by=by, headers=headers)


GUARDED = [route for route in ROUTES if route.action is not None]


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_each_may_what_the_role_says_and_nothing_more(route: Route, served: Served) -> None:
    """Somebody does to a service what no role of theirs allows, or may not do what one does."""
    call, opened, services = served
    grants = opened.workspace.configuration.grants
    assert route.action is not None
    for known in services:
        target = Target(service=known.service, environment="production")
        asked_about = None if route.name in WHOLE | BY_ID else target
        assert _send(call, route, known, by=None).status == 401
        for name, who in WHO.items():
            answer = _send(call, route, known, by=name)
            may = permits(grants, who, route.action, asked_about)
            said = (route.name, name, known.service, answer.status, answer.content[:300])
            assert (answer.status == 403) is not may, said
            assert answer.status != 401, said
            assert answer.status < 500, said


def test_listings_show_what_may_be_seen(served: Served) -> None:
    """A list tells of a service that whoever asks has nothing to do with."""
    call, _, _ = served
    for name, path in (
        ("rollbacks", "/v1/rollbacks?limit=1000"),
        ("deployments", "/v1/deployments?limit=1000"),
        ("services", "/v1/services"),
        ("holds", "/v1/holds"),
    ):
        for who, seen in (("adam", set(SERVICES)), ("oskar", {"search"}), ("narrow", {"search"})):
            answer = call("GET", path, by=who)
            assert answer.status == 200, answer.content
            told = {_service(each) for each in answer.document[name]}
            assert told <= seen | ({"checkout"} if who == "adam" else set()), (who, path)


def _service(listed: dict[str, Any]) -> str:
    inner = listed.get("deployment", listed)
    service: str = inner["target"]["service"]
    return service


def test_no_route_is_left_out() -> None:
    """A route is added, and nobody says who may use it."""
    writing = {route.name for route in GUARDED if route.method != "GET"}
    assert writing == set(BODIES)
    for route in GUARDED:
        about_all = not route.parameters and route.method == "GET"
        assert (route.name in WHOLE) is about_all, route.name
        assert route.action not in EVERYWHERE or route.name in WHOLE | BY_ID, route.name
    open_to_all = {route.path for route in ROUTES if route.action is None}
    signed = {route.path for route in ROUTES if route.signed}
    assert open_to_all - signed == {"/healthz", "/readyz", "/openapi.json"}
    assert {path for path in signed if not path.startswith("/v1/slack/")} == set()
