"""The part of the store contract about recorded schemas.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

import pytest

from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import UnknownName
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.database_samples import a_catalog, a_mark, a_relation, a_snapshot
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_deployment,
    a_person,
    a_release,
    later,
)

MakeStore = Callable[[], Store]

BEFORE, AFTER, LIVE = Phase.BEFORE_MIGRATIONS, Phase.AFTER_MIGRATIONS, Phase.LIVE


def large() -> SchemaSnapshot:
    """Make a snapshot of some megabytes, as a large catalog is."""
    columns = tuple(f"column_{number}" for number in range(50))
    tables = (a_relation(f"table_{number}", *columns) for number in range(300))
    return a_snapshot(a_catalog(*tables))


class SchemasContract:
    """What every Store promises about recorded schemas."""

    def test_a_schema_is_given_back_as_it_was_recorded(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, the old version is judged by a schema that never was."""
        store.record_deployment(a_deployment("deploy-1", "v1"), by=a_person())
        recorded = store.record_schema("deploy-1", LIVE, large(), by=a_person("pipeline"))
        assert recorded.snapshot == large()
        assert recorded.release == a_release("v1")
        store.close()
        again = make_store()
        assert again.schema_of("deploy-1") == (recorded,)
        assert again.schema_of_release(TARGET, a_release("v1")) == recorded
        told = again.audit_log(limit=1)[0]
        assert (told.actor, told.action, told.subject) == (
            "pipeline",
            "schema.recorded",
            "deploy-1",
        )
        assert again.verify_audit() == (2, None)

    def test_nothing_recorded_is_nothing(self, store: Store) -> None:
        """If this fails, a rollback is judged by another release's schema."""
        store.record_deployment(a_deployment("deploy-1", "v1"), by=a_person())
        assert store.schema_of("deploy-1") == store.schema_of("deploy-2") == ()
        assert store.schema_of_release(TARGET, a_release("v1")) is None

    def test_the_deployment_has_to_be_known(self, store: Store) -> None:
        """If this fails, a schema belongs to nothing."""
        with pytest.raises(UnknownName):
            store.record_schema("deploy-1", LIVE, a_snapshot(), by=a_person())
        assert store.verify_audit() == (0, None)

    def test_what_stood_before_the_migrations_is_the_old_releases(self, store: Store) -> None:
        """If this fails, the schema a migration made is taken for what the old version knew."""
        store.record_deployment(a_deployment("deploy-1", "v1"), by=a_person())
        store.record_schema("deploy-1", LIVE, a_snapshot(), by=a_person())
        for number, phase in enumerate((BEFORE, AFTER, LIVE), start=1):
            second = a_deployment("deploy-2", "v2", at=later(number), phase=phase)
            store.record_deployment(second, by=a_person())
            seen = a_snapshot(at=later(number), mark=a_mark(transaction=str(number)))
            store.record_schema("deploy-2", phase, seen, by=a_person())
        old = store.schema_of_release(TARGET, a_release("v1"))
        new = store.schema_of_release(TARGET, a_release("v2"))
        assert old is not None
        assert (old.deployment_id, old.phase) == ("deploy-2", BEFORE)
        assert new is not None
        assert (new.deployment_id, new.phase) == ("deploy-2", LIVE)
        phases = store.schema_of("deploy-2")
        assert [each.phase for each in phases] == [BEFORE, AFTER, LIVE]
        assert phases[1].release is None
        assert phases[1].snapshot.mark == a_mark(transaction="2")

    def test_the_newest_of_a_phase_counts_and_the_older_ones_stay(self, store: Store) -> None:
        """If this fails, statements that were learnt later are forgotten."""
        store.record_deployment(a_deployment("deploy-1", "v1"), by=a_person())
        for seconds in (0, 60):
            newest = store.record_schema(
                "deploy-1", LIVE, a_snapshot(at=later(seconds)), by=a_person()
            )
        assert store.schema_of("deploy-1") == (newest,)
        assert store.schema_of_release(TARGET, a_release("v1")) == newest
        assert store.verify_audit() == (3, None)

    def test_a_first_deployment_has_nothing_before_it(self, store: Store) -> None:
        """If this fails, an empty database is some release's schema."""
        first = a_deployment("deploy-1", "v1", phase=BEFORE)
        store.record_deployment(first, by=a_person())
        recorded = store.record_schema("deploy-1", BEFORE, a_snapshot(), by=a_person())
        assert recorded.release is None

    def test_releases_are_kept_apart(self, store: Store) -> None:
        """If this fails, one service is judged by another's schema, or by a namesake's."""
        store.record_deployment(a_deployment("deploy-1", "v1"), by=a_person())
        recorded = store.record_schema("deploy-1", LIVE, a_snapshot(), by=a_person())
        elsewhere = Target(service="payments", environment="production")
        assert store.schema_of_release(elsewhere, a_release("v1")) is None
        assert store.schema_of_release(TARGET, a_release("v1", configuration="new")) is None
        unsure = a_release("v1")
        less = type(unsure)(version="v1", artifact=unsure.artifact)
        assert store.schema_of_release(TARGET, less) == recorded
        assert recorded.snapshot.at == NOON
