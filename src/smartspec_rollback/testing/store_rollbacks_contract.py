"""The part of the store contract about rollbacks and decisions.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

import pytest

from smartspec_rollback.domain.approval import UNATTENDED, Answer
from smartspec_rollback.domain.rollback import ACTIVE, Claim, EntryKind, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
    Refused,
    StoreError,
    UnknownName,
    UsageError,
)
from smartspec_rollback.ports.store import Change, Store
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_decision,
    a_digest,
    a_person,
    a_plan,
    a_rollback,
    later,
)

MakeStore = Callable[[], Store]

OTHER = Target(service="payments", environment="production")
WAY = (
    Status.AWAITING_APPROVAL,
    Status.APPROVED,
    Status.EXECUTING,
    Status.VERIFYING,
    Status.SUCCEEDED,
)
"""From planned to the good end."""


def open_one(
    store: Store,
    rollback_id: str = "rb-1",
    status: Status = Status.PLANNED,
    *,
    target: Target = TARGET,
    failed: str = "deploy-12345",
) -> None:
    """Open a rollback with its plan."""
    plan = a_plan(rollback_id, target=target, failed_deployment_id=failed)
    store.open_rollback(a_rollback(plan=plan, status=status), plan)


def begin(store: Store, rollback_id: str = "rb-1", status: Status = Status.PLANNED) -> Claim:
    """Open a rollback and claim it."""
    open_one(store, rollback_id, status)
    return claimed(store, rollback_id)


def claimed(store: Store, rollback_id: str = "rb-1", holder: str = "alice on host-1") -> Claim:
    """Claim a rollback that nobody drives."""
    claim = store.claim(rollback_id, holder=holder, at=NOON)
    assert claim is not None
    return claim


def now(status: Status, *, unless_denied: bool = False) -> Change:
    """Make a change of status."""
    return Change(
        kind=EntryKind.STATUS,
        text=f"now {status}",
        status=status,
        status_detail=f"it is {status}",
        unless_denied=unless_denied,
    )


def note(text: str = "noted") -> Change:
    """Make a change that only writes a line."""
    return Change(kind=EntryKind.ASKED, text=text)


class RollbacksContract:
    """What every Store promises about rollbacks and decisions."""

    def test_an_opened_rollback_is_found_with_its_plan(self, store: Store) -> None:
        """If this fails, what was approved is not what will be executed."""
        plan = a_plan()
        rollback = a_rollback(plan=plan)
        store.open_rollback(rollback, plan)
        kept = store.plan("rb-1")
        assert kept is not None
        assert (kept, kept.digest) == (plan, rollback.plan_digest)
        assert store.rollback("rb-1") == rollback
        assert store.active(TARGET) == rollback
        assert store.active(OTHER) is None
        assert store.rollback("rb-2") is None
        assert store.plan("rb-2") is None

    @pytest.mark.parametrize("status", sorted(ACTIVE))
    def test_one_active_rollback_of_a_target(self, store: Store, status: Status) -> None:
        """If this fails, two rollbacks fight over one Target."""
        open_one(store, "rb-1", status)
        with pytest.raises(AnotherRunning, match=r"rb-1 of deploy-12345, requested by alice") as e:
            open_one(store, "rb-2")
        assert e.value.rollback_id == "rb-1"
        assert store.rollback("rb-2") is None
        assert store.plan("rb-2") is None
        open_one(store, "rb-3", Status.DRY_RUN)
        open_one(store, "rb-4", target=OTHER)

    def test_a_closed_rollback_lets_the_next_one_in(self, store: Store) -> None:
        """If this fails, a denied rollback blocks its Target for ever."""
        store.append(begin(store), now(Status.CANCELLED), at=NOON)
        assert store.active(TARGET) is None
        open_one(store, "rb-2")
        active = store.active(TARGET)
        assert active is not None
        assert active.id == "rb-2"

    def test_an_unstable_one_returns_only_while_nobody_else_is_active(self, store: Store) -> None:
        """If this fails, verifying again runs beside another rollback of the Target."""
        first = begin(store, "rb-1", Status.UNSTABLE)
        open_one(store, "rb-2")
        with pytest.raises(AnotherRunning, match="rb-2"):
            store.append(first, now(Status.VERIFYING), at=NOON)
        store.append(claimed(store, "rb-2"), now(Status.CANCELLED), at=NOON)
        store.append(first, now(Status.VERIFYING), at=NOON)
        active = store.active(TARGET)
        assert active is not None
        assert active.id == "rb-1"

    def test_an_id_is_used_once_and_a_digest_is_the_plans(self, store: Store) -> None:
        """If this fails, people consent to another plan than the one kept."""
        open_one(store)
        with pytest.raises(StoreError, match="rb-1 is recorded already"):
            open_one(store, status=Status.REFUSED)
        with pytest.raises(StoreError, match="the plan's digest is"):
            store.open_rollback(
                a_rollback("rb-2"), a_plan("rb-2", risk=a_plan().risk, prewarm=True)
            )
        with pytest.raises(UsageError, match="cannot be a rollback id"):
            open_one(store, "../../etc")

    def test_rollbacks_are_listed_newest_first(self, store: Store) -> None:
        """If this fails, history shows the wrong rollbacks."""
        open_one(store, "rb-1", Status.SUCCEEDED)
        open_one(store, "rb-2", Status.DENIED, failed="deploy-2")
        open_one(store, "rb-3", Status.SUCCEEDED, target=OTHER)
        assert [r.id for r in store.rollbacks(limit=9)] == ["rb-3", "rb-2", "rb-1"]
        assert [r.id for r in store.rollbacks(limit=1)] == ["rb-3"]
        assert [r.id for r in store.rollbacks(TARGET, limit=9)] == ["rb-2", "rb-1"]
        assert [r.id for r in store.rollbacks(status=Status.SUCCEEDED, limit=9)] == ["rb-3", "rb-1"]
        found = store.rollbacks(
            TARGET, failed_deployment_id="deploy-2", status=Status.DENIED, limit=9
        )
        assert [r.id for r in found] == ["rb-2"]

    def test_an_answer_counts_once(self, store: Store) -> None:
        """If this fails, a replayed request makes a quorum, or --auto-approve hides a person."""
        open_one(store)
        assert store.decide(a_decision(channel=UNATTENDED))
        assert store.decide(a_decision())
        assert not store.decide(a_decision(at=later(5), channel="slack"))
        assert store.decide(a_decision(person=a_person("carol")))
        assert store.decide(a_decision(answer=Answer.DENY, reason="wait"))
        assert store.decisions("rb-1") == (
            a_decision(channel=UNATTENDED),
            a_decision(),
            a_decision(person=a_person("carol")),
            a_decision(answer=Answer.DENY, reason="wait"),
        )

    @pytest.mark.parametrize(
        "stray", [a_decision(digest=a_digest("other")), a_decision(target=OTHER)]
    )
    def test_an_answer_to_another_plan_is_refused(self, store: Store, stray: object) -> None:
        """If this fails, consent to one plan executes another."""
        open_one(store)
        with pytest.raises(Refused, match="superseded"):
            store.decide(stray)  # type: ignore[arg-type] # parametrize loses the type
        assert store.decisions("rb-1") == ()

    def test_answers_end_where_execution_begins(self, store: Store) -> None:
        """If this fails, people believe that a late deny stopped something."""
        claim = begin(store)
        store.append(claim, now(Status.APPROVED), at=NOON)
        assert store.decide(a_decision())
        store.append(claim, now(Status.EXECUTING), at=NOON)
        assert not store.decide(a_decision())
        with pytest.raises(Refused, match=r"under way already \(executing: it is executing\)"):
            store.decide(a_decision(answer=Answer.DENY))
        with pytest.raises(UnknownName):
            store.decide(a_decision(a_plan("rb-9")))

    def test_a_deny_before_the_first_step_wins(self, store: Store) -> None:
        """If this fails, a rollback executes although somebody said no in time."""
        claim = begin(store, status=Status.APPROVED)
        store.decide(a_decision())
        store.decide(a_decision(answer=Answer.DENY, reason="not now"))
        with pytest.raises(ApprovalMissing, match="bob denied this rollback: not now"):
            store.append(claim, now(Status.EXECUTING, unless_denied=True), at=NOON)
        rollback = store.rollback("rb-1")
        assert rollback is not None
        assert rollback.status is Status.APPROVED
        assert store.journal("rb-1") == ()
