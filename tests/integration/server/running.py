"""A server that runs in this process, over a cluster with services gone bad, and callers of it.

Used by the tests beside it. The server, its ledger and its HTTP are real; the cluster is emulated.
"""

import http.client
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.acceptance.clusters import Shops

from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.domain.credentials import SECRET_BYTES, Token, compose, fingerprint
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.server.auth import Limits, Rate
from smartspec_rollback.server.process import Process
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.samples import a_person

PEOPLE = """
people:
  vera: {os: "90001"}
  olga: {os: "90002"}
  anna: {os: "90003"}
  adam: {os: "90004"}
  oskar: {os: "90005"}
server:
  roles:
    - {role: viewer, people: [vera]}
    - {role: operator, people: [olga]}
    - {role: approver, people: [anna]}
    - {role: admin, people: [adam]}
    - {role: operator, people: [oskar], services: [search]}
    - {role: approver, people: [oskar], services: [search]}
"""
"""One person of each role everywhere, and oskar, who operates and approves one service alone."""

PATIENCE = 40.0

_MANY = Rate(10_000.0, 1_000_000)
GENEROUS = Limits(
    address=_MANY, identified=_MANY, logins=_MANY, failures=_MANY, refusals_audited=Rate(1.0, 1)
)
"""Nobody asks too much: for tests that send thousands of requests."""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


@dataclass
class Caller:
    """Sends requests to one server."""

    port: int
    tokens: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request: ``by`` somebody who has a token, with ``body`` as JSON."""
        sent = dict(headers or {})
        if by is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens[by]}")
        content = raw if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, got, answer.read())
        finally:
            connection.close()

    def until(self, path: str, true: Callable[[Any], bool], *, by: str) -> Any:
        """Ask again until what is said is ``true``."""
        said: list[Any] = []

        def look() -> bool:
            said[:] = [self("GET", path, by=by).document]
            return true(said[0])

        awaited(look, f"{path} does not come to that: {said}")
        return said[0]


def awaited(true: Callable[[], bool], what: str) -> None:
    """Wait until something is true."""
    deadline = Deadline.after(SystemClock(), PATIENCE)
    while not true():
        assert not deadline.expired, what
        deadline.pause(0.05)


def make_token(
    store: SqliteStore,
    name: str,
    *,
    person: str | None = None,
    scopes: tuple[Action, ...] | None = None,
    reach: Reach | None = None,
) -> str:
    """Make a token that counts, and return its secret."""
    now = SystemClock().now()
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    token_id = "".join(secrets.choice(alphabet) for _ in range(8))
    text = compose(token_id, secrets.token_bytes(SECRET_BYTES))
    token = Token(
        id=token_id,
        name=name,
        person=person,
        scopes=scopes,
        reach=reach or Reach(),
        created_by="a test",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    store.add_token(token, fingerprint=fingerprint(text), by=a_person())
    return text


def configure(folder: Path, *, more: str = "") -> None:
    """Add people, roles and a place to be asked to a folder's smartspec.yaml."""
    path = folder / "smartspec.yaml"
    path.write_text(path.read_text() + PEOPLE + more)


def tokens_for_all(store: SqliteStore) -> dict[str, str]:
    """Make a token for everybody, and for machines with every scope, everywhere and narrowed."""
    people = ("vera", "olga", "anna", "adam", "oskar")
    made = {name: make_token(store, name, person=name) for name in people}
    every = (Action.READ, Action.RECORD, Action.JUDGE, Action.REQUEST)
    narrow = Reach(services=("search",))
    return made | {
        "robot": make_token(store, "robot", scopes=every),
        "reader": make_token(store, "reader", scopes=(Action.READ,)),
        "narrow": make_token(store, "narrow", scopes=every, reach=narrow),
    }


@contextmanager
def serving(
    folder: Path, limits: Limits | None = None, *, port: int = 0
) -> Iterator[tuple[Caller, Opened]]:
    """Run a server over what is in ``folder``."""
    said: list[str] = []
    opened = Opened(folder / "smartspec.yaml", tell=said.append, warn=said.append)
    process = Process(opened, "127.0.0.1", port, limits=limits)
    is_up, over = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=process.run, kwargs={"started": is_up.set, "stopped": over.is_set}, daemon=True
    )
    tokens = tokens_for_all(opened.workspace.store)
    thread.start()
    try:
        assert is_up.wait(PATIENCE), said
        yield Caller(process.listening.port, tokens), opened
    finally:
        over.set()
        thread.join(PATIENCE)
        assert not thread.is_alive(), said


@contextmanager
def a_server(folder: Path, limits: Limits | None = None) -> Iterator[tuple[Caller, Shops]]:
    """Run a cluster with services gone bad, and a server that looks after them."""
    with Cluster(speed=20.0) as cluster:
        shops = Shops(folder, cluster)
        configure(folder)
        with serving(folder, limits) as (call, _):
            yield call, shops
