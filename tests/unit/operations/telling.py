"""A ledger with a rollback on its way, as a driving process writes it. Used by tests here."""

from dataclasses import dataclass, field

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Claim, EntryKind, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.store import Change, Store
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.samples import TARGET, a_decision, a_person, a_plan, a_rollback

K, S = EntryKind, Status


@dataclass
class Driven:
    """One rollback whose journal a test writes step by step."""

    store: Store
    clock: FakeClock
    rollback_id: str = "rb-1"
    target: Target = TARGET
    made: Plan | None = None
    plan: Plan = field(init=False)
    claim: Claim = field(init=False)

    def __post_init__(self) -> None:
        self.plan = self.made or a_plan(
            self.rollback_id, target=self.target, made_at=self.clock.now()
        )
        self.store.open_rollback(a_rollback(plan=self.plan), self.plan)
        claim = self.store.claim(self.rollback_id, holder="test", at=self.clock.now())
        assert claim is not None
        self.claim = claim

    def write(
        self,
        kind: EntryKind,
        text: str,
        status: Status | None = None,
        *,
        step: str | None = None,
        detail: str = "",
    ) -> None:
        """Write one entry a moment later."""
        self.clock.advance(0.01)
        change = Change(kind=kind, text=text, status=status, status_detail=detail, step=step)
        self.store.append(self.claim, change, at=self.clock.now())

    def ask(self) -> None:
        """Ask people."""
        self.write(K.ASKED, "Asking any identified person for 1 approval", S.AWAITING_APPROVAL)

    def answer(self, answer: Answer = Answer.APPROVE, person: str = "bob") -> None:
        """Let somebody answer."""
        self.store.decide(
            a_decision(self.plan, answer, person=a_person(person), at=self.clock.now())
        )

    def approve(self) -> None:
        """Approve it."""
        self.answer()
        self.write(K.DECIDED, "Approved by bob (terminal)", S.APPROVED)

    def execute(self) -> None:
        """Begin the first step."""
        self.write(K.STATUS, "Executing", S.EXECUTING)
        self.write(K.STEP_INTENT, "Switch production traffic.", step="1-switch")

    def succeed(self) -> None:
        """End it well."""
        self.write(K.STEP_DONE, "switched", step="1-switch")
        self.write(K.STATUS, "Verifying", S.VERIFYING)
        self.write(K.VERDICT, "v1.2.0 verified: pass", S.SUCCEEDED)
        self.write(K.REPORTED, "Report written to rb-1.md")

    def whole(self) -> None:
        """Go all the way."""
        self.ask()
        self.approve()
        self.execute()
        self.succeed()
