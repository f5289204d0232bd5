"""What people say in a room counts once, for whom it should, and every word is answered."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.unit.operations.telling import Driven, K, S

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, Person, Policy
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.engine import approve
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.engine.report import build, unsaved
from smartspec_rollback.errors import Refused, SmartSpecError
from smartspec_rollback.operations.desk import Desk
from smartspec_rollback.operations.saying import Office
from smartspec_rollback.ports.messenger import Answered, Commanded, Heard
from smartspec_rollback.ports.store import Delivery, Store
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_messenger import FakeMessenger, FakeRoom
from smartspec_rollback.testing.samples import a_deployment, a_plan, a_rollback, a_verdict

DEADLINE = 20.0


class Listening(FakeMessenger):
    """Listens until it is stopped; a test says things by ``desk.hear``."""

    gone: frozenset[str] = frozenset()

    def listen(self, _: Callable[[Heard], None], /, *, stop: Callable[[], bool]) -> None:
        """Wait."""
        while not stop():
            time.sleep(0.002)

    def is_there(self, account: str, /) -> bool:
        """Tell who has left."""
        return account not in self.gone


@dataclass(frozen=True)
class Recorded:
    """What became of an answer."""

    is_new: bool


@dataclass
class Verbs:
    """Stands for the operations: records answers as the engine does, remembers requests."""

    store: Store
    clock: FakeClock
    asked: list[tuple[Principal, Request]] = field(default_factory=list)
    error: SmartSpecError | None = None
    measured: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.measured.set()

    def rollback(self, who: Principal, request: Request, /) -> Report:
        """Remember what was asked."""
        self.asked.append((who, request))
        if self.error is not None:
            raise self.error
        if request.dry_run:
            return unsaved(a_rollback(status=S.DRY_RUN), a_plan())
        return build(self.store, "rb-1")

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
    ) -> Recorded:
        """Record it by the engine's rules."""
        rollback = self.store.rollback(rollback_id)
        assert rollback is not None
        assert rollback.plan_digest == digest
        new = approve.answer(
            self.store,
            rollback,
            given,
            person=who.person,
            at=self.clock.now(),
            reason=reason,
            channel=channel,
        )
        return Recorded(new)

    def gate(self, _: Principal, deployment_id: str, _listener: Listener, /) -> Verdict:
        """Judge, once measuring is over."""
        self.measured.wait(DEADLINE)
        return a_verdict(deployment_id)

    def candidates(self, _: Principal, /) -> tuple[LedgerEntry, ...]:
        """Offer one."""
        return (LedgerEntry(deployment=a_deployment("deploy-7")),)


def identify(account: str) -> Person:
    """Know alice and bob."""
    known = {"fake:@alice": "alice", "fake:@bob": "bob"}
    return Person(name=known.get(account, account), account=account)


@dataclass
class Scene:
    """A desk with its room and ledger."""

    store: SqliteStore
    clock: FakeClock
    room: FakeRoom
    verbs: Verbs = field(init=False)
    messenger: Listening = field(init=False)
    desk: Desk = field(init=False)
    events: int = 0

    def __post_init__(self) -> None:
        self.verbs = Verbs(self.store, self.clock)
        self.messenger = Listening(self.room)
        self.desk = self.another()

    def another(self) -> Desk:
        """Make a desk as the next process would."""
        office = Office(self.verbs, self.store, self.clock, identify)
        return Desk(office, [self.messenger])

    def told(self, count: int = 1) -> list[str]:
        """Wait for so many replies."""
        deadline = time.monotonic() + DEADLINE
        while len(self.room.replies) < count:
            assert time.monotonic() < deadline, self.room.replies
            time.sleep(0.005)
            self.clock.advance(0.5)
        return [post.text.strip() for _, post in self.room.replies]

    def settled(self) -> None:
        """Wait until nothing is open."""
        deadline = time.monotonic() + DEADLINE
        while self.store.unsettled(limit=9):
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def asks(self, rollback_id: str = "rb-1", *, risk: Risk = Risk.LOW, quorum: int = 1) -> Driven:
        """Have a plan stand in the room."""
        policy = Policy(quorum=quorum)
        plan = a_plan(rollback_id, risk=risk, policy=policy, made_at=self.clock.now())
        driven = Driven(self.store, self.clock, rollback_id, made=plan)
        driven.ask()
        self.stands(f"{rollback_id}/plan", f"${rollback_id}")
        return driven

    def stands(self, key: str, ref: str | None) -> None:
        """Say that a message stands in the room, or may."""
        self.store.deliver(
            Delivery(
                place=self.room.place,
                key=key,
                rollback_id=key.partition("/")[0],
                ref=ref,
                digest="",
                at=self.clock.now(),
            )
        )

    def event(self) -> str:
        """Make an event's id."""
        self.events += 1
        return f"${self.events}"

    def answer(
        self,
        answer: Answer = Answer.APPROVE,
        account: str = "fake:@bob",
        *,
        ref: str = "$rb-1",
        digest: str = "",
        event: str = "",
        reason: str = "",
    ) -> None:
        """Answer in the room."""
        said = Answered(
            answer=answer,
            account=account,
            room=self.room.place,
            event=event or self.event(),
            handle="h",
            ref=ref,
            digest=digest,
            reason=reason,
        )
        self.desk.hear(self.room.place, said)

    def command(
        self,
        arguments: str,
        account: str = "fake:@alice",
        *,
        command: str = "smartspec_rollback",
        ago: timedelta = timedelta(0),
    ) -> None:
        """Type a command."""
        said = Commanded(
            command=command,
            arguments=arguments,
            account=account,
            room=self.room.place,
            event=self.event(),
            handle="h",
            said_at=self.clock.now() - ago,
        )
        self.desk.hear(self.room.place, said)


@pytest.fixture
def scene(store: SqliteStore, clock: FakeClock, room: FakeRoom) -> Iterator[Scene]:
    """Supply a desk that listens."""
    made = Scene(store, clock, room)
    made.desk.start()
    yield made
    made.desk.stop()


def test_an_approval_counts(scene: Scene) -> None:
    """If it fails, nobody can approve in the incident channel."""
    scene.asks()
    scene.answer(reason="looks  good")
    assert scene.told() == ["Counted: bob's approval of rb-1."]
    (decision,) = scene.store.decisions("rb-1")
    assert decision.person == Person(name="bob", account="fake:@bob")
    assert decision.channel == "fake"
    assert decision.reason == "looks good"


def test_a_denial_counts_and_needs_no_digest(scene: Scene) -> None:
    """If it fails, somebody who sees the danger cannot stop it in time."""
    scene.asks(risk=Risk.HIGH)
    scene.answer(Answer.DENY)
    assert scene.told() == ["Counted: bob's denial of rb-1. Nothing is carried out."]


def test_an_event_counts_once(scene: Scene) -> None:
    """If it fails, a replayed message is answered and counted again."""
    scene.asks()
    for _ in range(3):
        scene.answer(event="$same")
    scene.told()
    scene.settled()
    scene.answer(event="$same")
    scene.answer(event="$other")
    assert scene.told(2)[1] == "bob's approval of rb-1 is counted already."


def test_high_risk_needs_the_digest(scene: Scene) -> None:
    """If it fails, a thoughtless reaction approves what may break production."""
    driven = scene.asks(risk=Risk.HIGH)
    whole = driven.plan.digest
    short = whole.removeprefix("sha256:")[:8]
    scene.answer()
    assert scene.told()[0] == (
        f"Not counted: the risk is high. Read the plan, then reply approve {short}."
    )
    scene.answer(digest=whole)
    scene.told(2)
    scene.answer(digest="0" * 8)
    assert "names another plan" in scene.told(3)[2]
    scene.answer(digest=short[:7])
    scene.told(4)
    assert not scene.store.decisions("rb-1")
    scene.answer(digest=short.upper())
    assert scene.told(5)[4].startswith("Counted")


def test_strangers_and_those_who_left_do_not_count(scene: Scene) -> None:
    """If it fails, somebody who is nobody here approves a rollback."""
    scene.asks()
    scene.answer(account="fake:@eve")
    assert scene.told()[0] == ("Not counted: fake:@eve is nobody in people of smartspec.yaml.")
    scene.messenger.gone = frozenset({"fake:@bob"})
    scene.answer()
    assert scene.told(2)[1] == "Not counted: fake:@bob is not in this room any more."
    scene.command("--failed-deployment-id deploy-1", "fake:@eve")
    assert "Not done: fake:@eve is nobody" in scene.told(3)[2]
    assert not scene.store.decisions("rb-1")
    assert not scene.verbs.asked


def test_a_missing_approval_is_told(scene: Scene) -> None:
    """If it fails, everybody waits for somebody else."""
    scene.asks(quorum=2)
    scene.answer()
    assert scene.told()[0] == "Counted: bob's approval of rb-1. 1 more approval is needed."
    scene.answer(account="fake:@alice")
    assert scene.told(2)[1] == "Counted: alice's approval of rb-1."


def test_what_comes_too_late_is_said(scene: Scene) -> None:
    """If it fails, people believe their answer counted when it did not."""
    driven = scene.asks()
    scene.clock.advance(901.0)
    scene.answer()
    assert "expired" in scene.told()[0]
    driven.write(K.STATUS, "expired", S.EXPIRED, detail="nobody approved in time")
    scene.asks("rb-2")
    scene.answer()
    late = scene.told(2)[1]
    assert late.startswith("Not counted:")
    assert "The plan that stands now is rb-2." in late


def test_what_is_no_plan_of_ours_is_left_alone(scene: Scene) -> None:
    """If it fails, the bot answers every thumb that goes up in the room."""
    scene.asks()
    scene.stands("rb-1/report", "$report")
    scene.answer(ref="$something")
    scene.answer(ref="$report")
    scene.answer(ref="", account="fake:@bob")
    scene.answer()
    assert len(scene.told()) == 1
    scene.settled()
    assert len(scene.room.replies) == 1


def test_an_answer_before_the_message_is_known_waits(scene: Scene) -> None:
    """If it fails, an approval is lost because the server's answer to the post was."""
    driven = Driven(scene.store, scene.clock)
    driven.ask()
    scene.stands("rb-1/plan", None)
    scene.answer(ref="$rb-1")
    assert scene.store.unsettled(limit=9)
    scene.stands("rb-1/plan", "$rb-1")
    assert scene.told() == ["Counted: bob's approval of rb-1."]


def test_commands_are_carried_out(scene: Scene) -> None:
    """If it fails, the guide's first use does not work."""
    scene.asks()
    scene.command("\u2014failed\u2011deployment-id deploy-12345 --reason p99 is high")
    told = scene.told()[0]
    assert "rb-1 takes checkout/production back from v1.2.1 to v1.2.0." in told
    assert "posted where the service is looked after" in told
    ((who, request),) = scene.verbs.asked
    assert who.person.name == "alice"
    assert not who.is_machine
    assert request == Request(failed_deployment_id="deploy-12345", reason="p99 is high")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "smartspec_rollback --failed-deployment-id deploy-7"),
        ("--failed-deployment-id deploy-1 --dry-run", "Rollback Plan: deploy-12345"),
        ("--failed-deployment-id d-1 --failed-deployment-id d-2", "one at a time"),
        ("--faild-deployment-id d-1", "Did you mean --failed-deployment-id?"),
        ("--help", "without an id"),
        ("help", "without an id"),
        ("x" * 60_000, "4000 characters at most"),
    ],
)
def test_commands_are_answered(scene: Scene, arguments: str, says: str) -> None:
    """If it fails, a responder gets no answer to what they typed."""
    scene.command(arguments)
    assert says.lower() in scene.told()[0].lower()


def test_a_gate_is_answered_by_its_verdict(scene: Scene) -> None:
    """If it fails, nobody can judge a deployment from the room."""
    scene.command("--deployment-id deploy-1", command="smartspec_quality_gate")
    assert "p99 latency > 200ms" in scene.told()[0]
    scene.command("", command="smartspec_quality_gate")
    assert "smartspec_quality_gate --deployment-id deploy-7" in scene.told(2)[1]


def test_gates_keep_no_rollback_waiting(scene: Scene) -> None:
    """If it fails, a few gates that measure for minutes keep a rollback from being begun."""
    scene.asks()
    scene.verbs.measured.clear()
    for _ in range(9):
        scene.command("--deployment-id deploy-1", command="smartspec_quality_gate")
    scene.command("--failed-deployment-id deploy-1", "fake:@bob")
    assert "takes checkout/production back" in scene.told()[0]
    scene.verbs.measured.set()
    scene.told(10)


def test_a_refusal_is_said(scene: Scene) -> None:
    """If it fails, people wait for a plan that never comes."""
    scene.verbs.error = Refused("another rollback runs", remedy="wait for it")
    scene.command("--failed-deployment-id deploy-1")
    assert scene.told()[0] == "Not done: Another rollback runs.\n\nTo do: wait for it."


def test_an_old_command_is_not_carried_out(scene: Scene) -> None:
    """If it fails, a bot that comes back rolls back what was mended hours ago."""
    scene.command("--failed-deployment-id deploy-1", ago=timedelta(hours=3))
    assert "this was said 3h ago, while nobody listened" in scene.told()[0]
    assert not scene.verbs.asked


def test_what_was_heard_survives_the_process(
    store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, a kill loses an approval that the chat system was told is taken."""
    scene = Scene(store, clock, room)
    scene.asks()
    scene.answer()
    scene.command("--failed-deployment-id deploy-1")
    assert len(store.unsettled(limit=9)) == 2
    assert not store.decisions("rb-1")
    again = scene.another()
    again.start()
    try:
        told = scene.told(2)
    finally:
        again.stop()
    assert any(text.startswith("Counted") for text in told)
    assert len(store.decisions("rb-1")) == 1


def test_a_reply_waits_for_the_room_and_the_decision_does_not(scene: Scene) -> None:
    """If it fails, an outage loses what people are to be told, or delays an approval."""
    scene.asks()
    scene.answer()
    scene.told(1)
    scene.settled()
    scene.room.down = True
    scene.answer(Answer.DENY, event="$deny")
    deadline = time.monotonic() + DEADLINE
    while len(scene.store.decisions("rb-1")) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert len(scene.store.unsettled(limit=9)) == 1
    scene.room.down = False
    assert scene.told(2)[1].startswith("Counted: bob's denial")
    scene.settled()


def test_one_process_listens(
    open_store: Callable[[], SqliteStore], clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, two processes answer everything, or nobody does after one ended."""
    first, second = Scene(open_store(), clock, room), Scene(open_store(), clock, room)
    first.desk.start()
    waiting = threading.Event()
    deadline = time.monotonic() + DEADLINE
    while not first.desk.is_listening and time.monotonic() < deadline:
        waiting.wait(0.005)
    second.desk.start()
    first.asks()
    first.answer()
    first.told()
    assert not second.desk.is_listening
    first.desk.stop()
    while not second.desk.is_listening and time.monotonic() < deadline:
        waiting.wait(0.005)
    second.events = 99
    second.answer(Answer.DENY)
    assert second.told(2)
    second.desk.stop()


def test_nobody_floods_the_desk(store: SqliteStore, clock: FakeClock, room: FakeRoom) -> None:
    """If it fails, one person's thousand commands keep everybody else waiting."""
    scene = Scene(store, clock, room)
    for _ in range(50):
        scene.command("--failed-deployment-id deploy-1")
    scene.command("--help", "fake:@bob")
    assert len(store.unsettled(limit=99)) == 11
    scene.asks()
    scene.answer(Answer.DENY, "fake:@alice")
    assert len(store.unsettled(limit=99)) == 12
