"""The part of the store contract about captures of releases.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import (
    TARGET,
    a_capture,
    a_deployment,
    a_person,
    a_release,
    later,
)

MakeStore = Callable[[], Store]


def recorded(store: Store, deployment_id: str, version: str, **more: str) -> Capture:
    """Record a deployment and a capture of it."""
    store.record_deployment(a_deployment(deployment_id, version), by=a_person())
    capture = a_capture(deployment_id, version, **more)
    assert store.record_capture(capture, by=a_person("pipeline"))
    return capture


class CapturesContract:
    """What every Store promises about captures."""

    def test_a_capture_is_given_back_as_it_was_taken(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, another release comes back than the one that ran."""
        capture = recorded(store, "deploy-1", "v1", document='{"text":"' + "ü" * 200_000 + '"}')
        store.close()
        again = make_store()
        assert again.captures(TARGET, limit=9) == (capture,)
        told = again.audit_log(limit=1)[0]
        assert (told.actor, told.action, told.subject) == (
            "pipeline",
            "capture.recorded",
            "deploy-1",
        )
        assert again.verify_audit() == (2, None)

    def test_the_same_capture_twice_changes_nothing(self, store: Store) -> None:
        """If this fails, a pipeline that repeats its step fills the ledger."""
        capture = recorded(store, "deploy-1", "v1")
        again = replace(capture, at=later(60))
        assert not store.record_capture(again, by=a_person())
        assert store.captures(TARGET, limit=9) == (capture,)
        assert store.verify_audit() == (2, None)

    def test_the_newest_capture_of_each_release_counts(self, store: Store) -> None:
        """If this fails, an outdated copy comes back, or one release hides another."""
        recorded(store, "deploy-1", "v1", document='{"was":1}')
        second = recorded(store, "deploy-2", "v2")
        first = replace(a_capture("deploy-1", "v1"), document='{"was":2}')
        assert store.record_capture(first, by=a_person())
        assert store.captures(TARGET, limit=9) == (first, second)
        assert store.captures(TARGET, limit=1) == (first,)
        elsewhere = Target(service="payments", environment="production")
        assert store.captures(elsewhere, limit=9) == ()

    def test_a_capture_belongs_to_its_deployment(self, store: Store) -> None:
        """If this fails, a release is brought back that no deployment ever put there."""
        with pytest.raises(UnknownName):
            store.record_capture(a_capture("deploy-1", "v1"), by=a_person())
        store.record_deployment(a_deployment("deploy-1", "v1"), by=a_person())
        elsewhere = Target(service="payments", environment="production")
        with pytest.raises(UsageError):
            store.record_capture(
                replace(a_capture("deploy-1", "v1"), target=elsewhere), by=a_person()
            )
        assert store.verify_audit() == (1, None)
        assert store.captures(TARGET, limit=9) == ()
        assert a_capture("deploy-1", "v1").release == a_release("v1")

    def test_the_key_is_random_and_stays(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, secrets look changed after a restart, or can be guessed from hashes."""
        key = store.secret_key()
        assert len(key) >= 32
        assert make_store().secret_key() == store.secret_key() == key
        store.close()
        assert make_store().secret_key() == key
