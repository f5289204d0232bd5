"""The part of the store contract about what speaks for a release and against it: verdicts, holds.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

import pytest

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.ports.store import Change, Store
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_deployment,
    a_hold,
    a_person,
    a_plan,
    a_release,
    a_rollback,
    a_summary,
    a_verdict,
    later,
)
from smartspec_rollback.testing.store_deployments_contract import OTHER, put

PASS, FAIL, UNSURE = VerdictOutcome.PASS, VerdictOutcome.FAIL, VerdictOutcome.INCONCLUSIVE


def judged(store: Store, *outcomes: VerdictOutcome) -> tuple[Verdict, ...]:
    """Record verdicts on one deployment, each a second before the last: the clock runs back."""
    made = tuple(
        a_verdict("d", outcome, reason=f"number {number}", at=later(-number))
        for number, outcome in enumerate(outcomes)
    )
    for verdict in made:
        store.record_verdict(verdict)
    return made


def ban(store: Store, deployment_id: str) -> Hold:
    """Place a hold on what a deployment released, as the journal of a rollback does."""
    entry = store.deployment(deployment_id)
    assert entry is not None
    hold = a_hold("hold-1", entry.deployment.release, rollback_id="rb-ban")
    plan = a_plan("rb-ban")
    store.open_rollback(a_rollback(plan=plan, status=Status.REFUSED), plan)
    claim = store.claim("rb-ban", holder="alice", at=NOON)
    assert claim is not None
    store.append(claim, Change(kind=EntryKind.HOLD_PLACED, text="held", place_hold=hold), at=NOON)
    store.release(claim)
    return hold


class EvidenceContract:
    """What every Store promises about verdicts and holds."""

    def test_only_a_newest_pass_without_hold_is_healthy(self, store: Store) -> None:
        """If this fails, a rollback goes to a release that is known to be bad."""
        put(store, "good", 1, FAIL, PASS)
        put(store, "held", 2, PASS)
        put(store, "mended", 3, PASS, UNSURE)
        put(store, "failed-later", 4, PASS, FAIL)
        put(store, "unproven", 5)
        put(store, "unsure", 6, UNSURE)
        before = put(store, "bad", 7, PASS)
        ban(store, "held")
        found = [e.deployment.id for e in store.earlier_healthy(before, limit=10)]
        assert found == ["mended", "good"]

    def test_a_listing_of_healthy_ones_continues(self, store: Store) -> None:
        """If this fails, resolving misses candidates or sees one twice."""
        for number in range(5):
            put(store, f"d{number}", number // 2, PASS)
        before = put(store, "bad", 9)
        seen: list[str] = []
        older_than: Deployment | None = None
        while page := store.earlier_healthy(before, limit=2, older_than=older_than):
            seen += [entry.deployment.id for entry in page]
            older_than = page[-1].deployment
        assert seen == ["d4", "d3", "d2", "d1", "d0"]

    def test_a_verdict_may_come_before_its_deployment(self, store: Store) -> None:
        """If this fails, evidence about an id that only the platform knew is lost."""
        store.record_verdict(a_verdict("early", PASS))
        put(store, "early", 1)
        before = put(store, "bad", 2)
        assert [e.deployment.id for e in store.earlier_healthy(before, limit=9)] == ["early"]

    def test_the_newest_verdict_is_the_one_written_last(self, store: Store) -> None:
        """If this fails, a clock that jumps lets an old verdict decide."""
        made = judged(store, FAIL, PASS, UNSURE)
        assert store.newest_verdict("d") == made[2]
        assert store.newest_verdict("e") is None

    @pytest.mark.parametrize(
        ("outcomes", "first"),
        [
            ((FAIL, FAIL), 0),
            ((FAIL, PASS, FAIL, UNSURE, FAIL), 2),
            ((UNSURE, FAIL), 1),
            ((FAIL, PASS), None),
            ((PASS, UNSURE), None),
            ((), None),
        ],
    )
    def test_the_first_failure_begins_the_newest_run(
        self, store: Store, outcomes: tuple[VerdictOutcome, ...], first: int | None
    ) -> None:
        """If this fails, "detected at" in the report is wrong."""
        made = judged(store, *outcomes)
        assert store.first_failure("d") == (None if first is None else made[first])

    def test_the_baseline_is_of_this_very_release(self, store: Store) -> None:
        """If this fails, a release is compared with another one's measurements."""
        old, new = a_summary(p99=0.1), a_summary(p99=0.2)
        put(store, "a", 1, version="v1")
        put(store, "b", 2, version="v1")
        other = a_deployment("c", release=a_release("v1", configuration="x"), at=later(3))
        store.record_deployment(other, by=a_person())
        store.record_verdict(a_verdict("b", PASS, measured=old))
        store.record_verdict(a_verdict("a", PASS, measured=new))
        store.record_verdict(a_verdict("a", FAIL, measured=a_summary(p99=9)))
        store.record_verdict(a_verdict("a", PASS))
        assert store.baseline(TARGET, a_release("v1")) == new
        assert store.baseline(OTHER, a_release("v1")) is None
        assert store.baseline(TARGET, other.release) is None

    def test_a_hold_is_on_one_release_of_one_target_until_lifted(self, store: Store) -> None:
        """If this fails, a bad release is deployed again, or a good one is banned."""
        put(store, "d", 1, PASS, version="v1.2.1")
        before = put(store, "e", 2)
        hold = ban(store, "d")
        assert store.hold_on(TARGET, hold.release) == hold
        assert store.hold_on(OTHER, hold.release) is None
        assert store.hold_on(TARGET, a_release("v1.2.1", configuration="fixed")) is None
        assert store.holds() == store.holds(TARGET) == (hold,)
        assert store.holds(OTHER) == ()
        assert not store.earlier_healthy(before, limit=9)
        lifted = store.release_hold(hold.id, by=a_person(), reason="fixed", at=NOON)
        assert lifted == hold
        assert store.holds() == ()
        assert [e.deployment.id for e in store.earlier_healthy(before, limit=9)] == ["d"]

    def test_lifting_what_is_not_held_names_what_is(self, store: Store) -> None:
        """If this fails, a mistyped hold id looks lifted."""
        put(store, "d", 1)
        hold = ban(store, "d")
        with pytest.raises(UnknownName, match="unknown hold in force") as caught:
            store.release_hold(hold.id + "x", by=a_person(), reason="r", at=NOON)
        assert caught.value.nearest == (hold.id,)

    def test_lifting_twice_says_who_did_it_first(self, store: Store) -> None:
        """If this fails, people lift another hold instead of learning that theirs is gone."""
        put(store, "d", 1)
        hold = ban(store, "d")
        store.release_hold(hold.id, by=a_person("carol"), reason="fixed", at=NOON)
        with pytest.raises(
            UsageError, match="already released at 2026-03-02 12:00:00 UTC by carol"
        ):
            store.release_hold(hold.id, by=a_person(), reason="again", at=later(9))
        assert store.verify_audit()[1] is None
