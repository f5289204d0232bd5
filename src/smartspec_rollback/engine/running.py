"""What every stage of one rollback on its way works with.

Made by ``drive`` under a claim; ``before``, ``drive`` and ``execute`` go on from its status.
"""

from smartspec_rollback.domain.approval import Question
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.engine.approve import question_of
from smartspec_rollback.engine.journal import Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.prewarm import Prewarming
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.platform import Guards
from smartspec_rollback.ports.store import Change


class Stopped(Exception):
    """The run cannot go on; ``status`` is where it stands and ``detail`` says why.

    ``untouched`` is where it stands instead if it is certain that nothing was done.
    """

    def __init__(self, status: Status, detail: str, *, untouched: Status = Status.FAILED) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.untouched = untouched


class Running:
    """One claimed rollback: its parts, journal, plan, and the status it was last moved to."""

    def __init__(self, parts: Parts, journal: Journal, rollback: Rollback, plan: Plan) -> None:
        self.parts = parts
        self.journal = journal
        self.rollback = rollback
        self.plan = plan
        self.status = rollback.status
        self.question: Question = question_of(rollback, plan)
        self.prewarming = Prewarming(parts, journal, plan)

    def move(self, kind: EntryKind, status: Status, text: str) -> None:
        """Journal a change of status."""
        says_it = kind is not EntryKind.STATUS or text.startswith(f"{status} ")
        self.journal.write(
            Change(
                kind=kind,
                text=text if says_it else f"{status}: {text}",
                status=status,
                status_detail=text,
            ),
        )
        self.status = status

    def guard(self) -> None:
        """Take the platform's own guard, where it has one; idempotent. Errors as the port's."""
        if isinstance(self.parts.platform, Guards):
            self.parts.platform.guard(self.plan.target, holder=self.rollback.id)

    def unguard(self) -> None:
        """Let the guard go; idempotent. A failure is told, and planning anew gets over it."""
        if not isinstance(self.parts.platform, Guards):
            return
        try:
            self.parts.platform.unguard(self.plan.target, holder=self.rollback.id)
        except ProviderError as error:
            self.parts.listener.progress("guard", f"the guard was not let go: {error.what}")

    def tidy(self) -> None:
        """Leave nothing behind: neither prewarmed instances nor the guard.

        Always before the rollback is closed: once it is, nobody comes back to do it.
        """
        self.prewarming.discard()
        self.unguard()
