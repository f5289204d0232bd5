"""A served ledger over a cluster whose services have a bad version live after a good one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.acceptance.clusters import Shops

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes.cluster import Cluster

_SERVER = """\
people:
  alice: {oidc: alice@example.org}
  bob: {oidc: bob@example.org}
  carol: {oidc: carol@example.org}
server:
  roles:
    - {role: operator, people: [alice]}
    - {role: approver, people: [bob]}
    - {role: viewer, people: [carol], services: [search]}
    - {role: admin, groups: [platform]}
"""


def person(name: str, *groups: str) -> Principal:
    """Make a person who proved who they are by chat."""
    return Principal(person=Person(name=name, account=f"oidc:{name}@example.org"), groups=groups)


ALICE, BOB, CAROL = person("alice"), person("bob"), person("carol")
ADMIN = person("dora", "platform")
MACHINE = Principal(
    person=Person(name="ci", account="token:t1"), scopes=(Action.REQUEST, Action.RECORD)
)
BAD = "basket-v2"


@dataclass
class Served:
    """A served ledger, and what its runner said."""

    shops: Shops
    opened: Opened
    told: list[str] = field(default_factory=list)

    @property
    def operations(self) -> Operations:
        """What may be asked for."""
        return self.opened.operations

    def begin(self, who: Principal = ALICE, failed: str = BAD) -> str:
        """Begin a rollback that waits for approval; its id comes back."""
        report = self.operations.rollback(
            who, Request(failed_deployment_id=failed, reason="p99 latency > 200ms")
        )
        return report.rollback.id

    def status(self, rollback_id: str) -> Status:
        """Tell where a rollback stands."""
        return self.opened.workspace.report(rollback_id).rollback.status

    def comes_to(self, rollback_id: str, *wanted: Status) -> Status:
        """Wait until a rollback stands where it should."""
        self.until(lambda: self.status(rollback_id) in wanted, f"{rollback_id} is not {wanted}")
        return self.status(rollback_id)

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something is true."""
        deadline = Deadline.after(SystemClock(), 30.0)
        while not true():
            assert not deadline.expired, (what, self.told)
            deadline.pause(0.02)


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[Shops]:
    """Supply a cluster, and a configuration that says who may do what."""
    with Cluster(speed=20.0) as cluster:
        shops = Shops(tmp_path, cluster)
        path = tmp_path / "smartspec.yaml"
        path.write_text(path.read_text() + _SERVER)
        yield shops


@pytest.fixture
def served(shops: Shops) -> Iterator[Served]:
    """Supply the ledger, served."""
    told: list[str] = []
    opened = Opened(shops.folder / "smartspec.yaml", tell=told.append, warn=told.append)
    opened.start()
    yield Served(shops, opened, told)
    opened.stop()
