"""The part of the store contract about claims and journals.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from datetime import timedelta

import pytest

from smartspec_rollback.domain.rollback import NEXT, EntryKind, Status
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.errors import (
    ClaimLost,
    StoreError,
    UnknownName,
    UsageError,
)
from smartspec_rollback.ports.store import Change, Store
from smartspec_rollback.testing.samples import (
    GOOD,
    NOON,
    TARGET,
    a_deployment,
    a_hold,
    a_person,
    a_release,
    a_verdict,
    later,
)
from smartspec_rollback.testing.store_rollbacks_contract import (
    WAY,
    MakeStore,
    begin,
    claimed,
    note,
    now,
    open_one,
)


class JournalContract:
    """What every Store promises about claims and journals."""

    def test_one_driver_at_a_time(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, two processes execute one rollback."""
        claim = begin(store)
        other = make_store()
        assert store.claim("rb-1", holder="myself again", at=NOON) is None
        assert other.claim("rb-1", holder="bob", at=NOON) is None
        assert store.holder("rb-1") == other.holder("rb-1") == "alice on host-1"
        store.release(claim)
        store.release(claim)
        assert store.holder("rb-1") is None
        second = claimed(other, holder="bob")
        assert second.token > claim.token
        store.release(claim)
        assert store.holder("rb-1") == "bob"
        other.close()
        assert store.holder("rb-1") is None

    def test_nobody_drives_what_does_not_exist(self, store: Store) -> None:
        """If this fails, a mistyped id looks like a rollback that runs."""
        open_one(store)
        with pytest.raises(UnknownName, match="unknown rollback: 'rb-2'"):
            store.claim("rb-2", holder="alice", at=NOON)
        assert store.holder("rb-2") is None
        assert store.holder("../rb-1") is None

    def test_an_older_claim_writes_nothing_more(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, a process taken for dead goes on writing beside its successor."""
        old = begin(store)
        store.release(old)
        new = claimed(make_store(), holder="bob")
        with pytest.raises(ClaimLost, match="taken over by bob"):
            store.append(old, now(Status.APPROVED), at=NOON)
        assert store.journal("rb-1") == ()
        assert make_store().append(new, note(), at=NOON).token == new.token

    def test_the_journal_keeps_what_was_written_in_order(self, store: Store) -> None:
        """If this fails, resuming after a crash starts from the wrong place."""
        claim = begin(store)
        first = store.append(
            claim,
            Change(
                kind=EntryKind.STEP_INTENT,
                text="switch",
                step="1-switch",
                operation="rb-1/1-switch",
                data=parameters(fence="abc"),
            ),
            at=later(5),
        )
        second = store.append(claim, note("clock went back"), at=later(-5))
        assert (first.seq, second.seq) == (1, 2)
        assert store.journal("rb-1") == (first, second)
        assert store.journal("rb-1", after=1) == (second,)
        assert first.data == parameters(fence="abc")
        assert store.journal("rb-2") == ()

    def test_status_follows_the_journal(self, store: Store) -> None:
        """If this fails, a rollback stands where nothing says it went."""
        claim = begin(store)
        for number, status in enumerate(WAY, start=1):
            store.append(claim, now(status), at=later(number))
            rollback = store.rollback("rb-1")
            assert rollback is not None
            assert (rollback.status, rollback.status_detail) == (status, f"it is {status}")
            assert rollback.updated_at == later(number)

    @pytest.mark.parametrize("start", sorted(Status))
    def test_only_the_changes_in_the_table_are_made(self, store: Store, start: Status) -> None:
        """If this fails, a finished rollback can come back to life, or skip its approval."""
        claim = begin(store, status=start)
        for status in set(Status) - NEXT[start] - {start}:
            with pytest.raises(StoreError, match=f"{start} cannot become {status}"):
                store.append(claim, now(status), at=NOON)
        assert store.journal("rb-1") == ()
        for status in sorted(NEXT[start])[:1]:
            store.append(claim, now(status), at=NOON)

    def test_a_change_is_written_together(self, store: Store) -> None:
        """If this fails, a crash leaves a hold without its journal entry, or the reverse."""
        claim = begin(store)
        hold = a_hold(rollback_id="rb-1")
        deployed = a_deployment("rb-1-deploy", GOOD, at=later(1), rollback_of="deploy-12345")
        verdict = a_verdict(deployed.id, VerdictOutcome.PASS)
        store.append(
            claim,
            Change(
                kind=EntryKind.STEP_DONE,
                text="switched",
                place_hold=hold,
                deployment=deployed,
                verdict=verdict,
            ),
            at=NOON,
        )
        live = store.live(TARGET)
        assert live is not None
        assert (live.deployment, live.conclusive) == (deployed, verdict)
        assert store.hold_on(TARGET, hold.release) == hold

    def test_a_refused_change_leaves_nothing(self, store: Store) -> None:
        """If this fails, half of a change is believed."""
        store.record_deployment(a_deployment(), by=a_person())
        claim = begin(store)
        contradiction = a_deployment(version="v9")
        before = store.audit_log(limit=99)
        with pytest.raises(UsageError):
            store.append(
                claim,
                Change(
                    kind=EntryKind.STEP_DONE,
                    text="switched",
                    status=Status.APPROVED,
                    place_hold=a_hold(),
                    deployment=contradiction,
                ),
                at=NOON,
            )
        assert store.journal("rb-1") == ()
        assert store.holds() == ()
        assert store.audit_log(limit=99) == before
        rollback = store.rollback("rb-1")
        assert rollback is not None
        assert rollback.status is Status.PLANNED

    def test_a_rollback_places_and_lifts_its_hold_once(self, store: Store) -> None:
        """If this fails, resuming a rollback fails on a hold that is there, or gone, already."""
        claim = begin(store)
        place = Change(kind=EntryKind.HOLD_PLACED, text="held", place_hold=a_hold())
        lift = Change(kind=EntryKind.HOLD_LIFTED, text="nothing was applied", lift_hold="hold-1")
        store.append(claim, place, at=NOON)
        store.append(claim, place, at=NOON)
        assert len(store.holds()) == 1
        store.append(claim, lift, at=NOON)
        store.append(claim, lift, at=NOON)
        assert store.holds() == ()
        other = Change(
            kind=EntryKind.HOLD_PLACED, text="x", place_hold=a_hold(release=a_release("v7"))
        )
        with pytest.raises(StoreError, match="another hold is called hold-1"):
            store.append(claim, other, at=NOON)

    def test_times_are_kept_to_the_microsecond(self, store: Store) -> None:
        """If this fails, what is read back is not what was written."""
        at = NOON + timedelta(microseconds=123457)
        claim = begin(store)
        store.append(claim, note(), at=at)
        rollback = store.rollback("rb-1")
        assert rollback is not None
        assert rollback.updated_at == at
        assert store.journal("rb-1")[0].at == at
