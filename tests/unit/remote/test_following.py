"""Following a rollback: nothing is shown twice, and a lost server promises nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from tests.golden import cases
from tests.unit.remote.stub import Heard, Says, Stub, listening, problem

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EXIT, EntryKind, JournalEntry, Status
from smartspec_rollback.domain.values import canonical
from smartspec_rollback.ports.channel import Reply
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.remote.asking import Server
from smartspec_rollback.remote.following import Following
from smartspec_rollback.remote.place import Place
from smartspec_rollback.testing.engine_parts import Recorder
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.samples import later
from smartspec_rollback.views.json import entry_document

STREAM = "text/event-stream"


def standing(status: Status) -> Report:
    """Tell of a rollback in a status."""
    report = cases.interrupted()
    far = SystemClock().now().replace(year=2999)
    rollback = replace(report.rollback, status=status, expires_at=far)
    return replace(report, rollback=rollback, exit_code=EXIT[status])


def an_entry(seq: int, text: str = "done") -> JournalEntry:
    """Make a journal entry."""
    return JournalEntry(
        rollback_id="rb-1", seq=seq, at=later(seq), token=1, kind=EntryKind.STEP_DONE, text=text
    )


def frame(entry: JournalEntry) -> bytes:
    """Write an entry as the server streams it."""
    said = canonical(entry_document(entry)).decode()
    return f"id: {entry.seq}\nevent: entry\ndata: {said}\n\n".encode()


END = b'event: end\ndata: {"status": "succeeded"}\n\n'


@dataclass
class Served:
    """A server with one rollback: a record, and what each stream says, one after the other."""

    record: Says
    streams: list[Says]
    other: Callable[[Heard], Says] = lambda _: problem(404, "unknown")
    asked_from: list[str] = field(default_factory=list)

    def __call__(self, heard: Heard) -> Says:
        """Answer."""
        if heard.path.endswith("/record"):
            return self.record
        if heard.path.endswith("/events"):
            self.asked_from.append(heard.headers.get("last-event-id", ""))
            return self.streams.pop(0) if len(self.streams) > 1 else self.streams[0]
        return self.other(heard)


def kept(report: Report) -> Says:
    """Hand a report out."""
    return Says(200, canonical(report))


def following(
    place: Place,
    listener: Recorder,
    *,
    stop: Callable[[], bool] = lambda: False,
    give: Callable[[Report, Reply], str] = lambda _, __: "",
    terminal: FakeChannel | None = None,
) -> Following:
    """Follow with little patience."""
    return Following(
        Server(place, patience=0.1),
        listener,
        SystemClock(),
        stop=stop,
        give=give,
        terminal=terminal,
        patience=0.3,
        again=0.02,
    )


def test_every_entry_is_heard_once_across_broken_streams() -> None:
    """After a broken connection a person sees steps twice, or never."""
    ended = standing(Status.SUCCEEDED)
    one, two, three = an_entry(1), an_entry(2), an_entry(3)
    broken = Says(200, frame(one) + frame(two), STREAM)
    rest = Says(200, b"retry: 1000\n\n: still here\n\n" + frame(three) + END, STREAM)
    served = Served(kept(ended), [broken, rest])
    listener = Recorder()
    with listening(Stub(served)) as place:
        report = following(place, listener).to_the_end(standing(Status.EXECUTING), after=0)
    assert [entry.seq for entry in listener.entries] == [1, 2, 3]
    assert served.asked_from == ["", "2"]
    assert report.exit_code == 0
    assert report.rollback.status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.PLANNED, 6),
        (Status.AWAITING_APPROVAL, 6),
        (Status.APPROVED, 6),
        (Status.EXECUTING, 5),
        (Status.VERIFYING, 7),
    ],
)
def test_a_server_that_is_lost_promises_nothing(status: Status, code: int) -> None:
    """A pipeline reads "nothing was changed" while the server goes on executing."""
    with listening(Stub(Served(kept(standing(status)), [Says()]))) as place:
        pass
    listener = Recorder()
    report = following(place, listener).to_the_end(standing(status), after=0)
    assert report.exit_code == code
    assert report.advice[0].startswith("The server was lost (")


@pytest.mark.parametrize(
    "says", [problem(401, "unidentified", "revoked"), problem(403, "forbidden")]
)
def test_who_may_no_longer_look_is_not_told_that_nothing_happened(says: Says) -> None:
    """A token expires in the middle, and the exit code says that nothing was changed."""
    with listening(Stub(Served(says, [says]))) as place:
        report = following(place, Recorder()).to_the_end(standing(Status.EXECUTING), after=0)
    assert report.exit_code == 5
    assert "lost" in report.advice[0]


def test_what_was_over_is_over_even_if_the_server_is_lost_then() -> None:
    """A rollback that succeeded is reported as unknown."""
    ended = standing(Status.SUCCEEDED)
    with listening(Stub(Served(kept(ended), [Says()]))) as place:
        pass
    assert following(place, Recorder()).to_the_end(ended, after=0).exit_code == 0


def test_events_of_another_version_stop_nobody() -> None:
    """A field that this version does not know ends a command in the middle of a rollback."""
    strange = b'id: 1\nevent: entry\ndata: {"seq": 1, "colour": "red"}\n\n'
    odd = b"event: progress\ndata: [1]\n\nevent: dance\ndata: {}\n\n"
    served = Served(kept(standing(Status.SUCCEEDED)), [Says(200, strange + odd + END, STREAM)])
    listener = Recorder()
    with listening(Stub(served)) as place:
        report = following(place, listener).to_the_end(standing(Status.EXECUTING), after=0)
    assert listener.entries == []
    assert report.exit_code == 0


def test_progress_is_passed_on() -> None:
    """People stare at a step that takes minutes, and see nothing move."""
    told = json.dumps({"at": "2026-03-02T12:00:00Z", "step": "start", "text": "2 of 3"})
    says = Says(200, f"event: progress\ndata: {told}\n\n".encode() + END, STREAM)
    listener = Recorder()
    with listening(Stub(Served(kept(standing(Status.SUCCEEDED)), [says]))) as place:
        following(place, listener).to_the_end(standing(Status.EXECUTING), after=0)
    assert ("start", "2 of 3") in listener.told


def test_who_leaves_is_told_that_it_goes_on() -> None:
    """Ctrl-C reads as if the rollback had been stopped."""
    waiting = standing(Status.AWAITING_APPROVAL)
    served = Served(kept(waiting), [Says(200, frame(an_entry(1)), STREAM)])
    with listening(Stub(served)) as place:
        report = following(place, Recorder(), stop=lambda: True).to_the_end(waiting, after=0)
    assert report.exit_code == 3
    assert report.advice[0].startswith("The server goes on with it.")


def test_the_answer_typed_here_is_handed_in_with_the_digest() -> None:
    """Somebody approves another plan than the one they read."""
    waiting, over = standing(Status.AWAITING_APPROVAL), standing(Status.DENIED)
    terminal = FakeChannel(Reply(answer=Answer.DENY, account="os:whoever"))
    given: list[tuple[str, Answer]] = []
    served = Served(kept(waiting), [Says(200, frame(an_entry(1)), STREAM)])

    def give(report: Report, reply: Reply) -> str:
        given.append((report.digest, reply.answer))
        served.record = kept(over)
        served.streams = [Says(200, frame(an_entry(2)) + END, STREAM)]
        return ""

    with listening(Stub(served)) as place:
        follower = following(place, Recorder(), give=give, terminal=terminal)
        report = follower.to_the_end(waiting, after=0)
    assert given == [(waiting.digest, Answer.DENY)]
    assert report.rollback.status is Status.DENIED
    assert [question.digest for question in terminal.questions] == [waiting.digest]


def test_an_answer_that_does_not_count_is_said_and_asked_again() -> None:
    """Somebody believes that they approved, and nobody carries it out."""
    waiting = standing(Status.AWAITING_APPROVAL)
    approve = Reply(answer=Answer.APPROVE, account="os:whoever")
    terminal = FakeChannel(approve, approve)
    tries: list[int] = []
    served = Served(kept(waiting), [Says(200, frame(an_entry(1)), STREAM)])

    def give(_: Report, __: Reply) -> str:
        tries.append(1)
        if len(tries) == 1:
            return "bob is not an approver"
        served.record = kept(standing(Status.SUCCEEDED))
        served.streams = [Says(200, END, STREAM)]
        return ""

    with listening(Stub(served)) as place:
        follower = following(place, Recorder(), give=give, terminal=terminal)
        assert follower.to_the_end(waiting, after=0).exit_code == 0
    assert len(terminal.questions) == 2
    assert "bob is not an approver" in str(terminal.notices)
