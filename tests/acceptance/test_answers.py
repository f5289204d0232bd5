"""Answers from another process, and plans shown again."""

from datetime import UTC, datetime

from tests.acceptance.commands import Typed, installed, seed

from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.views import markdown


def test_show_prints_the_plan_byte_for_byte(typed: Typed) -> None:
    """If this failed, people would consent to something else than what they look up again."""
    _, plan = seed(typed.ledger)
    shown = installed("smartspec", "show", "rb-waiting", folder=typed.folder)
    assert shown.out == markdown.plan(plan)
    assert typed("show", "rb-waiting").out == shown.out
    assert typed("show", "rb-waiting", "--format", "json").document["plan"]["digest"] == plan.digest


def test_approve(typed: Typed) -> None:
    """If this failed, an approval would be lost, counted twice, or leave people waiting."""
    seed(typed.ledger)
    done = installed("smartspec", "approve", "rb-waiting", folder=typed.folder)
    assert done.code == 0
    assert "Approved rb-waiting as" in done.out
    assert "smartspec resume rb-waiting" in done.err
    again = typed("approve", "rb-waiting", "--format", "json")
    assert again.code == 0
    assert again.document["is_new"] is False
    with SqliteStore.open(typed.ledger) as store:
        assert len(store.decisions("rb-waiting")) == 1


def test_approval_that_somebody_waits_for(typed: Typed) -> None:
    """If this failed, people would be told to resume what a living process is carrying out."""
    seed(typed.ledger)
    with SqliteStore.open(typed.ledger) as store:
        assert store.claim("rb-waiting", holder="alice@host:1", at=datetime.now(UTC))
        done = typed("approve", "rb-waiting")
        assert done.code == 0
        assert "resume" not in done.err
        as_json = typed("approve", "rb-waiting", "--format", "json")
        assert as_json.document["driven_by"] == "alice@host:1"


def test_approving_again_what_is_over(typed: Typed) -> None:
    """If this failed, people would be sent to resume a rollback that has ended."""
    seed(typed.ledger)
    assert typed("approve", "rb-waiting").code == 0
    with SqliteStore.open(typed.ledger) as store:
        now = datetime.now(UTC)
        claim = store.claim("rb-waiting", holder="alice@host:1", at=now)
        assert claim is not None
        over = Change(kind=EntryKind.STATUS, text="over", status=Status.STALE)
        store.append(claim, over, at=now)
    again = typed("approve", "rb-waiting", "--format", "json")
    assert (again.code, again.document["status"]) == (0, "stale")
    assert "resume" not in again.err


def test_deny_closes_what_nobody_drives(typed: Typed) -> None:
    """If this failed, a denied rollback would go on holding its Target."""
    seed(typed.ledger)
    done = typed("deny", "rb-waiting", "--reason", "we roll forward")
    assert done.code == 0
    report = typed("show", "rb-waiting", "--report", "--format", "json").document
    assert report["status"] == "denied"
    assert "we roll forward" in report["status_detail"]
    late = typed("approve", "rb-waiting")
    assert late.code == 3
    assert "rb-waiting is over (denied); the answer was not recorded" in late.err
    again = typed("deny", "rb-waiting")
    assert again.code == 0
    assert "It is over (denied)" in again.err


def test_not_an_approver(typed: Typed) -> None:
    """If this failed, anybody with a shell could approve."""
    seed(typed.ledger, approvers=("somebody-else",))
    for answer in ("approve", "deny"):
        done = typed(answer, "rb-waiting")
        assert done.code == 3
        assert "not an approver" in done.err
    with SqliteStore.open(typed.ledger) as store:
        assert store.decisions("rb-waiting") == ()


def test_history(typed: Typed) -> None:
    """If this failed, nobody could find the id of the rollback that waits for them."""
    seed(typed.ledger)
    assert "rb-waiting" in typed("history").out
    found = typed("history", "--format", "json").document["rollbacks"]
    assert [r["id"] for r in found] == ["rb-waiting"]
