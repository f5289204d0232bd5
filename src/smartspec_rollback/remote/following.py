"""Following a rollback that a server carries out, and answering its question at this terminal.

Called by ``rollbacks``. A thread reads the stream of events (``streaming``); this one shows them,
and asks. A server that is away is waited for, but not for ever: then what was last
known is told, with an exit code that promises nothing about production.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from queue import Empty

import msgspec
from msgspec.structs import replace

from smartspec_rollback.domain.approval import Question
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, STOPPED, EntryKind, JournalEntry, Status
from smartspec_rollback.domain.values import Parameter
from smartspec_rollback.engine.parts import Listener
from smartspec_rollback.errors import ProviderError, SmartSpecError
from smartspec_rollback.ports.channel import AnswerableChannel, Notice, NoticeKind, Reply
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.remote.asking import Server, segment
from smartspec_rollback.remote.http import Event
from smartspec_rollback.remote.streaming import Stream
from smartspec_rollback.views.json_documents import EntryDocument

PATIENCE = 300.0
"""For how many seconds a server that is away is waited for."""

LOST = {Status.EXECUTING: 5, Status.INTERRUPTED: 5, Status.VERIFYING: 7}
"""Exit codes where the server was last heard of then; otherwise nobody knows what it did since."""

_UNKNOWN = 6
_TICK = 0.05
_AGAIN = 1.0
_SETTLED = 2.0
_NOTHING_HAPPENS = 30.0
_OVERDUE = timedelta(seconds=60)
Give = Callable[[Report, Reply], str]
"""Hands an answer in; says why it does not count, nothing where it does."""


class Following:
    """What a follower has seen of one rollback."""

    def __init__(
        self,
        server: Server,
        listener: Listener,
        clock: Clock,
        *,
        stop: Callable[[], bool],
        give: Give,
        terminal: AnswerableChannel | None = None,
        patience: float = PATIENCE,
        again: float = _AGAIN,
    ) -> None:
        """Tell ``listener``; ``terminal`` is asked where there is one, answers go to ``give``."""
        self._server = server
        self._listener = listener
        self._clock = clock
        self._stop = stop
        self._give = give
        self._terminal = terminal
        self._patience = patience
        self._again = again
        self._asked: str | None = None
        self._moved = clock.monotonic()
        self._has_moved = False
        self._told_away = False
        self._is_stale = False
        self._refused = ""
        self._why = ""

    def to_the_end(self, report: Report, *, after: int) -> Report:
        """Follow from the entry ``after`` until the rollback ends, or this process is to stop."""
        stream = Stream(
            self._server, report.rollback.id, after=after, clock=self._clock, again=self._again
        )
        stream.start()
        try:
            while True:
                is_over = self._hear(stream, report.rollback.id)
                if self._is_stale and not is_over:
                    report = self._fresh(report)
                stopped = self._stop()
                if is_over or stopped or self._at_rest(report):
                    report = self._fresh(report)
                    return (
                        _lost(report, self._refused or self._why)
                        if self._is_stale
                        else _left(report)
                    )
                if refused := self._refused or stream.refused:
                    return _lost(report, refused)
                if self._is_lost(stream):
                    return _lost(report, stream.away)
                self._ask(report)
        finally:
            stream.stop()
            self._withdraw()

    def _hear(self, stream: Stream, rollback_id: str) -> bool:
        """Pass on what came; True once the rollback is over."""
        is_over = False
        with suppress(Empty):
            event = stream.news.get(timeout=_TICK)
            while True:
                self._moved, self._has_moved = self._clock.monotonic(), True
                with suppress(msgspec.DecodeError):  # of another version; the record has it
                    self._pass_on(event, rollback_id)
                self._is_stale = self._is_stale or event.kind == "entry"
                is_over = is_over or event.kind == "end"
                event = stream.news.get_nowait()
        return is_over

    def _pass_on(self, event: Event, rollback_id: str) -> None:
        match event.kind:
            case "entry":
                self._listener.entry(_entry(rollback_id, event.data))
            case "progress":
                self._listener.progress(*_progress(event.data))

    def _fresh(self, report: Report) -> Report:
        """Fetch how it stands; as it was last known where that fails."""
        self._is_stale = True
        try:
            found = record(self._server, report.rollback.id)
        except ProviderError as error:
            self._why = error.what
            return report
        except SmartSpecError as error:
            self._refused = error.what
            return report
        self._is_stale = False
        return found

    def _at_rest(self, report: Report) -> bool:
        """Whether nothing more happens by itself, although the rollback is not over."""
        quiet = self._clock.monotonic() - self._moved
        rollback = report.rollback
        if rollback.status in STOPPED:
            return quiet > (_SETTLED if self._has_moved else _NOTHING_HAPPENS)
        overdue = self._clock.now() > rollback.expires_at + _OVERDUE
        return rollback.status is Status.AWAITING_APPROVAL and overdue and quiet > _SETTLED

    def _is_lost(self, stream: Stream) -> bool:
        if not stream.away:
            if self._told_away:
                self._say("The server answers again.")
                self._told_away = False
            return False
        silent = self._clock.monotonic() - stream.heard
        if not self._told_away and silent > _SETTLED:
            self._told_away = True
            self._say(f"{stream.away}; waiting for the server for {self._patience:g}s")
        return silent > self._patience

    def _say(self, text: str) -> None:
        self._listener.progress("server", text)

    def _ask(self, report: Report) -> None:
        """Put the question while it stands, and hand the answer in."""
        terminal = self._terminal
        if terminal is None:
            return
        if report.rollback.status is not Status.AWAITING_APPROVAL:
            self._withdraw()
            return
        try:
            if self._asked is None:
                self._asked = report.digest
                terminal.ask(question_of(report))
            reply = terminal.poll()
        except ProviderError:
            return
        if reply is None:
            return
        refusal = self._give(report, reply)
        if refusal:
            self._asked = None  # it is asked again
            with suppress(ProviderError):
                terminal.post(
                    Notice(
                        kind=NoticeKind.PROGRESS,
                        rollback_id=report.rollback.id,
                        text=f"Not counted: {refusal}.",
                    )
                )

    def _withdraw(self) -> None:
        if self._terminal is not None and self._asked is not None:
            self._asked = None
            with suppress(ProviderError):
                self._terminal.withdraw()


def record(server: Server, rollback_id: str) -> Report:
    """Fetch everything of a rollback; paths of the server's machine are left out."""
    report = server.get(Report, f"/v1/rollbacks/{segment(rollback_id)}/record")
    journal = tuple(
        replace(entry, data=()) if entry.kind is EntryKind.REPORTED else entry
        for entry in report.journal
    )
    return replace(report, journal=journal)


def question_of(report: Report) -> Question:
    """Say what is asked about a rollback."""
    rollback, plan = report.rollback, report.plan
    return Question(
        rollback_id=rollback.id,
        digest=report.digest,
        target=plan.target,
        requested_by=plan.requested_by,
        asked_at=rollback.requested_at,
        expires_at=rollback.expires_at,
        policy=plan.policy,
        overridden=bool(plan.overrides),
    )


def _left(report: Report) -> Report:
    """Say of what is not over that it goes on without this command."""
    if report.rollback.status not in ACTIVE or report.rollback.status in STOPPED:
        return report
    advice = (
        f"The server goes on with it. `smartspec show {report.rollback.id} --report` tells how it "
        f"stands, `smartspec deny {report.rollback.id}` closes it before its first step."
    )
    return replace(report, advice=(advice, *report.advice))


def _lost(report: Report, why: str) -> Report:
    """Say what was last known; where it was not over then, that it is not known how it went on."""
    status = report.rollback.status
    if status not in ACTIVE:
        return report
    advice = (
        f"The server was lost ({why}), and goes on by itself where it can. This is how it stood "
        f"then. Look once it answers again: `smartspec show {report.rollback.id} --report`."
    )
    return replace(report, exit_code=LOST.get(status, _UNKNOWN), advice=(advice, *report.advice))


def _entry(rollback_id: str, data: str) -> JournalEntry:
    said = msgspec.json.decode(data, type=EntryDocument)
    return JournalEntry(
        rollback_id=rollback_id,
        seq=said.seq,
        at=said.at,
        token=0,
        kind=said.kind,
        text=said.text,
        step=said.step,
        operation=said.operation,
        data=tuple(Parameter(name=name, value=value) for name, value in said.data.items()),
    )


class _Progress(msgspec.Struct):
    step: str = ""
    text: str = ""


def _progress(data: str) -> tuple[str, str]:
    said = msgspec.json.decode(data, type=_Progress)
    return said.step, said.text
