"""The part of the store contract about deployments.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.errors import UsageError
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_deployment,
    a_person,
    a_release,
    a_verdict,
    later,
)

OTHER = Target(service="payments", environment="production")


def put(
    store: Store,
    deployment_id: str,
    at: float,
    *outcomes: VerdictOutcome,
    target: Target = TARGET,
    version: str | None = None,
) -> Deployment:
    """Record a live deployment ``at`` seconds after noon, then verdicts on it in this order."""
    deployed = a_deployment(
        deployment_id, version or f"v-{deployment_id}", target=target, at=later(at)
    )
    store.record_deployment(deployed, by=a_person())
    for outcome in outcomes:
        store.record_verdict(a_verdict(deployment_id, outcome, at=later(at)))
    return deployed


class DeploymentsContract:
    """What every Store promises about deployments."""

    def test_a_recorded_deployment_is_found_as_it_was(self, store: Store) -> None:
        """If this fails, the ledger does not keep what it is told."""
        deployed = a_deployment(commit="0ff1ce", revision="7", rollback_of="deploy-1")
        assert store.record_deployment(deployed, by=a_person())
        entry = store.deployment(deployed.id)
        assert entry is not None
        assert entry.deployment == deployed
        assert (entry.conclusive, entry.superseded_at, entry.hold) == (None, None, None)
        assert store.deployment("deploy-0") is None

    def test_a_commit_may_be_told_later(self, store: Store) -> None:
        """If this fails, the commit of a deployment is dropped, or one is put for another."""
        store.record_deployment(a_deployment(revision="7"), by=a_person())
        assert store.record_deployment(a_deployment(commit="0ff1ce", at=later(5)), by=a_person())
        assert not store.record_deployment(a_deployment(commit="0FF1CE00"), by=a_person())
        entry = store.deployment("deploy-12345")
        assert entry is not None
        assert entry.deployment == a_deployment(commit="0ff1ce", revision="7")
        with pytest.raises(UsageError, match="commit"):
            store.record_deployment(a_deployment(commit="bad"), by=a_person())
        assert [e.action for e in store.audit_log(limit=1)] == ["deployment.commit-added"]
        assert store.verify_audit() == (2, None)

    def test_a_commit_told_later_changes_no_order(self, store: Store) -> None:
        """If this fails, an older deployment becomes the live one."""
        store.record_deployment(a_deployment("d1"), by=a_person())
        store.record_deployment(a_deployment("d2"), by=a_person())
        with pytest.raises(UsageError, match="d2 has the very same time"):
            store.record_deployment(a_deployment("d1", commit="0ff1ce"), by=a_person())
        live = store.live(TARGET)
        assert live is not None
        assert live.deployment.id == "d2"

    def test_recording_twice_is_recording_once(self, store: Store) -> None:
        """If this fails, a pipeline that runs a job again is refused or counted twice."""
        assert store.record_deployment(a_deployment(), by=a_person())
        assert not store.record_deployment(a_deployment(), by=a_person())
        assert not store.record_deployment(a_deployment(at=later(5)), by=a_person())
        assert len(store.deployments(limit=10)) == 1

    @pytest.mark.parametrize(
        "other",
        [
            a_deployment(target=OTHER),
            a_deployment(version="v9"),
            a_deployment(release=a_release("v1.2.1", configuration="other")),
        ],
    )
    def test_one_id_for_two_things_is_refused(self, store: Store, other: Deployment) -> None:
        """If this fails, one id means two releases, and the wrong one is rolled back."""
        store.record_deployment(a_deployment(), by=a_person())
        with pytest.raises(UsageError, match="deploy-12345 is recorded with"):
            store.record_deployment(other, by=a_person())
        entry = store.deployment("deploy-12345")
        assert entry is not None
        assert entry.deployment == a_deployment()

    def test_only_the_phase_live_is_live(self, store: Store) -> None:
        """If this fails, a release that never got traffic is taken for production."""
        put(store, "old", 0)
        for seconds, phase in enumerate(Phase):
            live = store.live(TARGET)
            assert live is not None
            assert live.deployment.id == "old"
            new = a_deployment("new", at=later(10 + seconds), phase=phase)
            assert store.record_deployment(new, by=a_person())
        live = store.live(TARGET)
        assert live is not None
        assert live.deployment == a_deployment("new", at=later(12))

    def test_a_phase_never_goes_back(self, store: Store) -> None:
        """If this fails, a late message takes a live release out of the record."""
        put(store, "d", 0)
        late = a_deployment("d", "v-d", at=later(9), phase=Phase.BEFORE_MIGRATIONS)
        assert not store.record_deployment(late, by=a_person())
        assert store.live(TARGET) is not None

    def test_lists_are_newest_first_and_ties_go_by_order_of_writing(self, store: Store) -> None:
        """If this fails, "the deployment before" is another one on every look."""
        for deployment_id, at in (("c", 30), ("a", 10), ("b2", 20), ("b1", 20)):
            put(store, deployment_id, at)
        put(store, "elsewhere", 15, target=OTHER)
        listed = [e.deployment.id for e in store.deployments(TARGET, limit=10)]
        assert listed == ["c", "b1", "b2", "a"]
        assert len(store.deployments(limit=10)) == 5
        assert [e.deployment.id for e in store.deployments(limit=2)] == ["c", "b1"]

    def test_earlier_names_what_was_live_before(self, store: Store) -> None:
        """If this fails, the candidates to go back to are the wrong ones."""
        put(store, "a", 10)
        put(store, "b", 20)
        before = put(store, "c", 20)
        put(store, "d", 30)
        put(store, "elsewhere", 15, target=OTHER)
        never = a_deployment("never", at=later(12), phase=Phase.AFTER_MIGRATIONS)
        store.record_deployment(never, by=a_person())
        assert [e.deployment.id for e in store.earlier(before, limit=10)] == ["b", "a"]
        assert [e.deployment.id for e in store.earlier(before, limit=1)] == ["b"]
        unknown = a_deployment("unknown", at=later(25))
        assert [e.deployment.id for e in store.earlier(unknown, limit=10)] == ["c", "b", "a"]

    def test_an_entry_says_when_it_was_superseded(self, store: Store) -> None:
        """If this fails, soak times are measured wrongly."""
        put(store, "a", 10)
        put(store, "elsewhere", 15, target=OTHER)
        last = put(store, "b", 20)
        (entry,) = store.earlier(last, limit=10)
        assert entry.superseded_at == later(20)
        newest = store.live(TARGET)
        assert newest is not None
        assert newest.superseded_at is None

    def test_the_newest_earlier_deployment_of_a_version(self, store: Store) -> None:
        """If this fails, ``--target-version`` finds another release of that name."""
        put(store, "a", 1, version="v1")
        put(store, "b", 2, version="v1")
        put(store, "elsewhere", 3, version="v1", target=OTHER)
        before = put(store, "c", 4, version="v2")
        put(store, "d", 5, version="v1")
        entry = store.earlier_of_version(before, "v1")
        assert entry is not None
        assert entry.deployment.id == "b"
        assert store.earlier_of_version(before, "v3") is None

    def test_what_went_live_since(self, store: Store) -> None:
        """If this fails, dependents that need the new version are overlooked."""
        for number in range(60):
            put(store, f"a{number}", number)
            put(store, f"b{number}", number, target=OTHER)
        found = store.since((TARGET, OTHER), later(5))
        assert len(found) == 100
        assert [d.id for d in found[:3]] == ["a6", "b6", "a7"]
        assert store.since((), NOON) == ()

    def test_similar_ids_are_found(self, store: Store) -> None:
        """If this fails, a typing error in an incident is answered with silence."""
        for number in range(200):
            put(store, f"deploy-{10000 + number * 7}", number)
        assert "deploy-10700" in store.similar_ids("deploy-1070", limit=3)
        assert "deploy-10700" in store.similar_ids("deploy-16700", limit=5)
        assert store.similar_ids("delpoy-10700", limit=1) == ("deploy-10700",)
        assert store.similar_ids("DEPLOY-10700", limit=1) == ("deploy-10700",)
        assert store.similar_ids("%'; --\x00", limit=3) == ()

    def test_a_later_phase_may_know_more_of_the_release(self, store: Store) -> None:
        """If this fails, what the platform tells once it is live is refused, or is not found."""
        known = a_release("v1")
        unsure = Release(version=known.version, artifact=known.artifact)
        early = a_deployment(release=unsure, phase=Phase.BEFORE_MIGRATIONS)
        store.record_deployment(early, by=a_person())
        assert store.record_deployment(a_deployment(release=known, at=later(1)), by=a_person())
        entry = store.live(TARGET)
        assert entry is not None
        assert entry.deployment.release == known
        other = replace(known, artifact_digest="sha256:" + "0" * 64)
        with pytest.raises(UsageError, match="artifact digest"):
            store.record_deployment(a_deployment(release=other, at=later(1)), by=a_person())
        assert not store.record_deployment(a_deployment(release=known), by=a_person())
        assert store.verify_audit() == (2, None)
