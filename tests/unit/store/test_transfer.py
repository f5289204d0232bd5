"""Importing what a break-glass rollback wrote to a ledger of its own."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.rollback import Claim, EntryKind, Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.errors import AnotherRunning, StoreCorrupt, StoreError, UsageError
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.store.transfer import IMPORT
from smartspec_rollback.testing.database_samples import a_snapshot
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_capture,
    a_decision,
    a_deployment,
    a_hold,
    a_person,
    a_plan,
    a_rollback,
    a_verdict,
    later,
)
from smartspec_rollback.testing.series_samples import a_series

PASS, FAIL, UNSURE = VerdictOutcome.PASS, VerdictOutcome.FAIL, VerdictOutcome.INCONCLUSIVE


@pytest.fixture
def glass(tmp_path: Path) -> Iterator[SqliteStore]:
    """Open the ledger beside the operator."""
    with SqliteStore.open(tmp_path / "glass" / "local.db") as opened:
        yield opened


def _claim(store: SqliteStore) -> Claim:
    claim = store.claim("rb-1", holder="alice", at=NOON)
    assert claim is not None
    return claim


def _move(store: SqliteStore, claim: Claim, *way: Status, at: datetime = NOON) -> None:
    for status in way:
        change = Change(kind=EntryKind.STATUS, text="on", status=status, status_detail="so far")
        store.append(claim, change, at=at)


def _run(store: SqliteStore) -> Claim:
    """Roll back as far as verifying, with everything that is written on the way."""
    store.record_deployment(a_deployment(), by=a_person())
    store.record_verdict(a_verdict())
    store.open_rollback(a_rollback(break_glass=True), a_plan())
    claim = _claim(store)
    store.decide(a_decision(answer=Answer.APPROVE))
    _move(store, claim, Status.APPROVED, Status.EXECUTING)
    hold = Change(kind=EntryKind.HOLD_PLACED, text="held", place_hold=a_hold())
    store.append(claim, hold, at=later(1))
    _move(store, claim, Status.VERIFYING, at=later(2))
    return claim


def test_everything_is_imported_once(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, the audit trail of the worst incidents is lost, or counted twice."""
    _run(glass)
    glass.add_series("rb-1", a_series())
    assert store.absorb(glass) == ("rb-1",)
    assert store.series("rb-1") == (a_series(),)
    assert store.rollback("rb-1") == glass.rollback("rb-1")
    assert store.plan("rb-1") == glass.plan("rb-1")
    assert store.journal("rb-1") == glass.journal("rb-1")
    assert store.decisions("rb-1") == glass.decisions("rb-1")
    assert store.holds() == glass.holds()
    assert store.live(TARGET) == glass.live(TARGET)
    before = store.audit_log(limit=99)
    assert {entry.actor for entry in before} == {IMPORT}
    assert store.verify_audit() == (len(before), None)
    assert store.absorb(glass) == ()
    assert store.absorb(store) == ()
    assert store.series("rb-1") == (a_series(),)
    assert store.audit_log(limit=99) == before


def test_what_was_written_since_follows(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, an import made too early hides how the rollback ended."""
    claim = _run(glass)
    store.absorb(glass)
    _move(glass, claim, Status.SUCCEEDED, at=later(9))
    glass.release_hold("hold-1", by=a_person(), reason="fixed", at=later(10))
    assert store.absorb(glass) == ("rb-1",)
    assert store.rollback("rb-1") == glass.rollback("rb-1")
    assert store.holds() == ()
    assert store.verify_audit()[1] is None


def test_a_finished_rollback_is_imported_beside_a_running_one(
    store: SqliteStore, glass: SqliteStore
) -> None:
    """If this fails, a request left open here keeps the break-glass journal out for ever."""
    _move(glass, _run(glass), Status.SUCCEEDED)
    store.open_rollback(a_rollback("rb-2"), a_plan("rb-2"))
    assert store.absorb(glass) == ("rb-1",)
    active = store.active(TARGET)
    assert active is not None
    assert active.id == "rb-2"


def test_two_running_rollbacks_are_not_put_together(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, one Target has two active rollbacks."""
    _run(glass)
    store.open_rollback(a_rollback("rb-2"), a_plan("rb-2"))
    before = store.audit_log(limit=99)
    with pytest.raises(AnotherRunning, match="rb-2"):
        store.absorb(glass)
    assert store.audit_log(limit=99) == before
    assert store.rollback("rb-1") is None


def test_an_imported_rollback_may_go_on_here(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, an interrupted break-glass rollback cannot be resumed from the ledger."""
    old = _run(glass)
    store.absorb(glass)
    new = _claim(store)
    assert new.token > old.token
    _move(store, new, Status.UNSTABLE)
    assert store.absorb(glass) == ()
    _move(glass, old, Status.SUCCEEDED)
    with pytest.raises(StoreError, match="went on differently"):
        store.absorb(glass)


def test_a_contradiction_imports_nothing(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, half of a journal is imported."""
    store.record_deployment(a_deployment(version="v9"), by=a_person())
    _run(glass)
    with pytest.raises(UsageError, match="is recorded with"):
        store.absorb(glass)
    assert store.verify_audit() == (1, None)


@pytest.mark.parametrize("ours", [(FAIL,), (FAIL, UNSURE), (UNSURE,)])
def test_an_old_verdict_does_not_become_the_newest(
    store: SqliteStore, glass: SqliteStore, ours: tuple[VerdictOutcome, ...]
) -> None:
    """If this fails, importing an old pass makes a failed release look good."""
    for number, outcome in enumerate(ours):
        store.record_verdict(a_verdict(outcome=outcome, at=later(60 + number)))
    said = store.newest_verdict("deploy-12345")
    glass.record_deployment(a_deployment(), by=a_person())
    glass.record_verdict(a_verdict(outcome=PASS, at=NOON))
    store.absorb(glass)
    assert store.newest_verdict("deploy-12345") == said
    entry = store.deployment("deploy-12345")
    assert entry is not None
    assert entry.conclusive is not None
    assert entry.conclusive.outcome is (FAIL if FAIL in ours else PASS)
    assert store.verify_audit()[1] is None


def test_a_forged_journal_is_not_imported(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, break-glass is a way to put anything into the ledger."""
    _run(glass)
    with closing(sqlite3.connect(glass.path)) as db:
        db.execute("DROP TRIGGER audit_unchanged")
        db.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 3")
        db.commit()
    with pytest.raises(StoreCorrupt, match="was changed") as caught:
        store.absorb(glass)
    assert "audit entry 3" in caught.value.where
    assert store.verify_audit() == (0, None)


def test_recorded_schemas_are_taken_in_once(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, what is known of a database is lost with the journal it was written to."""
    glass.record_deployment(a_deployment(), by=a_person())
    seen = glass.record_schema("deploy-12345", Phase.LIVE, a_snapshot(), by=a_person())
    store.absorb(glass)
    store.absorb(glass)
    assert store.schema_of("deploy-12345") == (seen,)
    assert [e.action for e in store.audit_log(limit=9)] == [
        "schema.recorded",
        "deployment.recorded",
    ]
    assert store.verify_audit()[1] is None


def test_captures_are_taken_in_once(store: SqliteStore, glass: SqliteStore) -> None:
    """If this fails, a release that was captured beside the ledger cannot come back."""
    glass.record_deployment(a_deployment(), by=a_person())
    glass.record_capture(a_capture(), by=a_person())
    key = store.secret_key()
    assert glass.secret_key() != key
    store.absorb(glass)
    store.absorb(glass)
    assert store.captures(a_capture().target, limit=9) == (a_capture(),)
    assert store.secret_key() == key
    assert store.verify_audit() == (2, None)
