"""One process that tells and hears a chat, and may kill itself at one of its writes.

Run by ``test_chat_kills`` and ``test_slack_kills``; the environment says which chat it is:
``chat_runner.py FOLDER URL ROOM COUNT [WRITE]``. It ends once all was told and COUNT answers are
recorded; before its write number WRITE it kills itself.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.matrix_room import Kept

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.engine import approve
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.operations.courier import Courier
from smartspec_rollback.operations.desk import Desk
from smartspec_rollback.operations.place import Outlet
from smartspec_rollback.operations.saying import Office
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.store import Store
from smartspec_rollback.providers.channels.matrix import MatrixMessenger, MatrixSettings
from smartspec_rollback.providers.channels.slack import SlackMessenger, SlackSettings
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import TARGET
from smartspec_rollback.testing.store_rollbacks_contract import OTHER

WRITES = ("deliver", "hear", "decide", "settle")
PATIENCE = 40.0


class Answers:
    """The verbs of somebody who only takes answers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(
        self,
        who: Principal,
        rollback_id: str,
        given: Answer,
        /,
        *,
        digest: str,
        channel: str,
        reason: str = "",
    ) -> Any:
        """Record an answer as the engine does."""
        rollback = self._store.rollback(rollback_id)
        assert rollback is not None
        assert rollback.plan_digest == digest
        now = SystemClock().now()
        is_new = approve.answer(
            self._store,
            rollback,
            given,
            person=who.person,
            at=now,
            reason=reason,
            channel=channel,
        )
        return type("Given", (), {"is_new": is_new})

    def rollback(self, who: Principal, request: Request, /) -> Report:
        """Nobody asks for one here."""
        raise LookupError(f"{who}: {request}")

    def gate(self, who: Principal, deployment_id: str, listener: Listener, /) -> Verdict:
        """Nobody asks for one here."""
        raise LookupError(f"{who}: {deployment_id}, {listener}")

    def candidates(self, _: Principal, /) -> tuple[LedgerEntry, ...]:
        """Offer none."""
        return ()


def deadly(store: SqliteStore, at: int) -> None:
    """Kill this process before its write number ``at``."""
    done = 0

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **more: Any) -> Any:
            nonlocal done
            done += 1
            if done == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*arguments, **more)

        return wrapped

    for name in WRITES:
        setattr(store, name, counted(getattr(store, name)))


def messenger_of(url: str, room: str) -> MatrixMessenger | SlackMessenger:
    """Make the Messenger of the chat whose token is in the environment."""
    if "SLACK_BOT_TOKEN" in os.environ:
        bot, app = (Kept(os.environ[f"SLACK_{name}_TOKEN"]) for name in ("BOT", "APP"))
        return SlackMessenger(
            SlackSettings(channel=room, bot_token=bot, app_token=app, api_url=url)
        )
    token = os.environ["MATRIX_TOKEN"]
    return MatrixMessenger(
        MatrixSettings(homeserver=url, room=room, access_token=Kept(token), timeout=30)
    )


def main(folder: str, url: str, room: str, count: str, write: str = "0") -> int:
    """Tell and hear until all is told and the answers are there."""
    messenger, clock = messenger_of(url, room), SystemClock()
    store = SqliteStore.open(Path(folder) / "smartspec.db")
    deadly(store, int(write))
    outlet = Outlet(messenger, frozenset({TARGET, OTHER}))
    courier = Courier(store, (outlet,), clock=clock)
    office = Office(
        Answers(store), store, clock, lambda account: Person(name="bob", account=account)
    )
    desk = Desk(office, (messenger,))
    courier.start()
    desk.start()
    deadline = Deadline.after(clock, PATIENCE)
    while len(store.decisions("rb-2")) < int(count) or store.unsettled(limit=1):
        if deadline.expired:
            return 3
        deadline.pause(0.02)
    told = courier.drain(within=PATIENCE)
    os._exit(0 if told else 4)  # threads that listen need not be waited for


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
