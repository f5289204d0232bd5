"""The contract that every Store must pass.

Inherit ``StoreContract`` in a test class and provide the fixture ``make_store``: each call opens
the same, at first empty, ledger once more, as another process would.
"""

from collections.abc import Callable

import pytest

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_decision,
    a_deployment,
    a_person,
    a_release,
    a_verdict,
    later,
)
from smartspec_rollback.testing.store_access_contract import AccessContract
from smartspec_rollback.testing.store_captures_contract import CapturesContract
from smartspec_rollback.testing.store_deliveries_contract import DeliveriesContract
from smartspec_rollback.testing.store_deployments_contract import DeploymentsContract
from smartspec_rollback.testing.store_evidence_contract import EvidenceContract
from smartspec_rollback.testing.store_journal_contract import JournalContract
from smartspec_rollback.testing.store_readiness_contract import ReadinessContract
from smartspec_rollback.testing.store_requests_contract import RequestsContract
from smartspec_rollback.testing.store_rollbacks_contract import RollbacksContract, begin, now
from smartspec_rollback.testing.store_schemas_contract import SchemasContract
from smartspec_rollback.testing.store_series_contract import SeriesContract

MakeStore = Callable[[], Store]
"""Opens the same ledger once more."""


class StoreContract(
    DeploymentsContract,
    EvidenceContract,
    SchemasContract,
    CapturesContract,
    RollbacksContract,
    JournalContract,
    DeliveriesContract,
    RequestsContract,
    SeriesContract,
    AccessContract,
    ReadinessContract,
):
    """What every Store promises. A failure here means that the ledger may lie or lose."""

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """Open the same ledger; overridden by every store's tests."""
        raise LookupError("override the fixture make_store: each call opens the same ledger")

    @pytest.fixture
    def store(self, make_store: MakeStore) -> Store:
        """One handle on an empty ledger."""
        return make_store()

    def test_an_empty_ledger_answers(self, store: Store) -> None:
        """If this fails, somebody's first incident with this tool ends in an error."""
        failed = a_deployment()
        assert store.live(TARGET) is None
        assert store.deployments(limit=5) == ()
        assert store.rollbacks(limit=5) == ()
        assert store.holds() == ()
        assert store.earlier(failed, limit=5) == store.earlier_healthy(failed, limit=5) == ()
        assert store.earlier_of_version(failed, "v1") is None
        assert store.similar_ids("deploy-1", limit=3) == ()
        assert store.baseline(TARGET, a_release()) is None
        assert store.active(TARGET) is None
        assert store.verify_audit() == (0, None)

    def test_what_one_handle_wrote_another_reads(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, two operators see two different incidents."""
        other = make_store()
        mark = other.version_mark()
        assert other.version_mark() == mark
        claim = begin(store)
        assert other.version_mark() != mark
        mark = store.version_mark()
        assert other.decide(a_decision())
        assert store.version_mark() != mark
        assert store.decisions("rb-1") == (a_decision(),)
        store.append(claim, now(Status.APPROVED), at=NOON)
        assert other.rollback("rb-1") == store.rollback("rb-1")

    def test_what_was_written_is_there_after_reopening(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, a crash forgets what was done."""
        entry = store.append(begin(store), now(Status.APPROVED), at=NOON)
        store.close()
        store.close()
        again = make_store()
        assert again.journal("rb-1") == (entry,)
        assert again.holder("rb-1") is None

    def test_every_change_is_audited(self, store: Store) -> None:
        """If this fails, nobody can tell afterwards who did what."""
        store.record_deployment(a_deployment(), by=a_person("carol"))
        store.record_verdict(a_verdict(by="gate"))
        claim = begin(store)
        store.decide(a_decision(answer=Answer.APPROVE))
        store.append(claim, now(Status.APPROVED), at=later(1))
        store.audit(actor="dave", action="doctor.ran", subject="checkout", detail="ok", at=NOON)
        told = [(e.actor, e.action, e.subject) for e in store.audit_log(limit=99)]
        assert told == [
            ("dave", "doctor.ran", "checkout"),
            ("alice on host-1", "journal.status", "rb-1"),
            ("bob", "decision.approve", "rb-1"),
            ("alice on host-1", "rollback.claimed", "rb-1"),
            ("alice", "plan.saved", "rb-1"),
            ("alice", "rollback.opened", "rb-1"),
            ("gate", f"verdict.{VerdictOutcome.FAIL}", "deploy-12345"),
            ("carol", "deployment.recorded", "deploy-12345"),
        ]
        assert [e.seq for e in store.audit_log(limit=2)] == [8, 7]
        assert [e.seq for e in store.audit_since(6, limit=9)] == [7, 8]
        assert [e.seq for e in store.audit_since(2, limit=2)] == [3, 4]
        assert store.audit_since(8, limit=9) == ()
        assert store.verify_audit() == (8, None)

    def test_what_changes_nothing_is_not_audited(self, store: Store) -> None:
        """If this fails, repeated commands bury what happened."""
        store.record_deployment(a_deployment(), by=a_person())
        before = store.audit_log(limit=99)
        store.record_deployment(a_deployment(), by=a_person())
        assert store.audit_log(limit=99) == before

    @pytest.mark.parametrize("text", ["'; DROP TABLE audit; --", "\x00\x1b[31m", "ü" * 3000, ""])
    def test_hostile_text_is_kept_as_text(self, store: Store, text: str) -> None:
        """If this fails, a reason from outside changes the ledger."""
        store.record_verdict(a_verdict(reason=text, by=text))
        newest = store.newest_verdict("deploy-12345")
        assert newest is not None
        assert newest.reason == text
        assert store.verify_audit() == (1, None)
