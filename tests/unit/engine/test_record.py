"""Recording a database with a deployment: the right schema for the right release, or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.engine.small_database import SmallDatabase, Telling

from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.engine.record import (
    AT_ITS_START,
    Collected,
    Recording,
    SchemaRecorded,
    needless,
    record_schema,
)
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.database_samples import a_catalog, a_mark
from smartspec_rollback.testing.samples import TARGET, a_deployment, a_person, a_release, later

OLD = StatementText(text="SELECT 1", source="old.sql")
NEW = StatementText(text="SELECT 2", source="new.sql")
SEEN = StatementText(text="SELECT 3", source="pg_stat_statements", calls=7)
BEFORE, AFTER, LIVE = Phase.BEFORE_MIGRATIONS, Phase.AFTER_MIGRATIONS, Phase.LIVE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Supply an empty ledger."""
    with SqliteStore.open(tmp_path / "smartspec.db") as opened:
        yield opened


def how(
    store: SqliteStore, database: SmallDatabase, files: Collected = ((), ()), **more: object
) -> Recording:
    """Put together what recording takes."""
    fields = {"remembered": True, "values": False, "samples": 0} | more
    return Recording(
        store=store,
        clock=FakeClock(),
        connect=lambda: database,
        texts=lambda: files,
        **fields,  # type: ignore[arg-type] # a test's own words
    )


def put(
    store: SqliteStore, deployment_id: str, version: str, phase: Phase = LIVE, at: float = 0
) -> Deployment:
    """Record a deployment."""
    made = a_deployment(deployment_id, version, at=later(at), phase=phase)
    store.record_deployment(made, by=a_person())
    return made


def texts_of(found: SchemaRecorded) -> list[str]:
    """List the statements' texts."""
    return [statement.text for statement in found.recorded.snapshot.workload.statements]


def test_a_live_release_is_recorded_with_its_files_and_what_the_server_remembers(
    store: SqliteStore,
) -> None:
    """If this fails, later nobody knows what the old version asks of its database."""
    deployment = put(store, "deploy-1", "v1")
    known = StatementText(text="SELECT  1", source="pg_stat_statements", calls=40)
    database = SmallDatabase(remembered=(SEEN, known), gaps=("12 entries were evicted",))
    done = record_schema(
        how(store, database, ((OLD,), ("x.sql: binary",))), deployment, by=a_person()
    )
    seen = done.recorded.snapshot
    assert texts_of(done) == ["SELECT 1", "SELECT 3"]
    assert [s.calls for s in seen.workload.statements] == [40, 7]
    assert seen.workload.gaps == ("x.sql: binary", "12 entries were evicted")
    assert (seen.catalog, seen.mark) == (a_catalog(), a_mark())
    assert done.missing == ()
    assert store.schema_of_release(TARGET, a_release("v1")) == done.recorded
    assert database.asked.index("mark") < database.asked.index("catalog")


def test_what_only_the_server_remembered_at_the_start_is_not_enough(store: SqliteStore) -> None:
    """If this fails, the last version's statements pass for all that this version will send."""
    deployment = put(store, "deploy-1", "v1")
    done = record_schema(how(store, SmallDatabase(remembered=(SEEN,))), deployment, by=a_person())
    assert done.recorded.snapshot.workload.gaps == (AT_ITS_START,)


def test_before_migrations_the_statements_are_the_live_versions(store: SqliteStore) -> None:
    """If this fails, the new version's query files are taken for what the old one asks."""
    first = put(store, "deploy-1", "v1")
    record_schema(how(store, SmallDatabase(), ((OLD,), ())), first, by=a_person())
    second = put(store, "deploy-2", "v2", BEFORE, at=60)
    database = SmallDatabase(remembered=(SEEN,))
    done = record_schema(how(store, database, ((NEW,), ())), second, by=a_person())
    assert texts_of(done) == ["SELECT 1", "SELECT 3"]
    assert done.recorded.release == a_release("v1")
    assert done.recorded.snapshot.workload.gaps == ()


def test_after_migrations_the_schema_is_no_releases(store: SqliteStore) -> None:
    """If this fails, the mark carries statements of a version that does not run."""
    put(store, "deploy-1", "v1")
    second = put(store, "deploy-2", "v2", AFTER, at=60)
    database = Telling(remembered=(SEEN,))
    wanted = how(store, database, ((NEW,), ()), values=True, samples=3)
    done = record_schema(wanted, second, by=a_person())
    assert texts_of(done) == []
    assert done.recorded.release is None
    assert done.recorded.snapshot.mark == a_mark()
    assert database.asked == ["mark", "catalog", "applied_migrations"]


def test_values_and_rows_are_recorded_only_where_that_is_switched_on(store: SqliteStore) -> None:
    """If this fails, personal data is kept that nobody asked for."""
    deployment = put(store, "deploy-1", "v1")
    plain = record_schema(how(store, Telling()), deployment, by=a_person()).recorded.snapshot
    assert (plain.profiles, plain.samples) == ((), ())
    wanted = how(store, Telling(), values=True, samples=3)
    full = record_schema(wanted, deployment, by=a_person()).recorded.snapshot
    assert len(full.profiles) == 1
    assert len(full.samples[0].rows) == 3
    unable = record_schema(how(store, SmallDatabase(), values=True), deployment, by=a_person())
    assert "no figures" in unable.missing[0]


@pytest.mark.parametrize("broken", ["mark", "applied_migrations", "statements"])
def test_what_is_worth_less_may_be_missing(store: SqliteStore, broken: str) -> None:
    """If this fails, one missing privilege costs the whole record, or nobody hears of it."""
    deployment = put(store, "deploy-1", "v1")
    database = SmallDatabase(broken={broken: ProviderError("may not")})
    done = record_schema(how(store, database, ((OLD,), ())), deployment, by=a_person())
    assert len(done.missing) == 1
    assert "may not" in done.missing[0]
    if broken == "statements":
        assert done.recorded.snapshot.workload.gaps == done.missing


@pytest.mark.parametrize("broken", ["catalog", "describe"])
def test_without_the_schema_nothing_is_kept(store: SqliteStore, broken: str) -> None:
    """If this fails, half a record is taken for a whole one."""
    deployment = put(store, "deploy-1", "v1")
    database = SmallDatabase(broken={broken: ProviderUnavailable("away")})
    with pytest.raises(ProviderUnavailable):
        record_schema(how(store, database, ((OLD,), ())), deployment, by=a_person())
    assert store.schema_of("deploy-1") == ()


def test_a_phase_said_again_takes_no_newer_schema_for_an_older_one(store: SqliteStore) -> None:
    """If this fails, a pipeline's retry makes the new schema the old version's."""
    first = put(store, "deploy-1", "v1")
    assert needless(store, first) is None
    record_schema(how(store, SmallDatabase()), first, by=a_person())
    assert needless(store, first) is None
    second = put(store, "deploy-2", "v2", BEFORE, at=60)
    assert needless(store, first) == "deploy-2 is newer than deploy-1"
    assert needless(store, second) is None
    record_schema(how(store, SmallDatabase()), second, by=a_person())
    assert needless(store, second) == "it was recorded before-migrations before"
    put(store, "deploy-2", "v2", AFTER, at=70)
    assert needless(store, second) == "deploy-2 has come further than before-migrations"
