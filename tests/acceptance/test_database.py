"""The commands around a database: recorded with every deployment, looked at by the doctor."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.acceptance.commands import CONFIGURATION, Typed

from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers import registry
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.database_samples import a_catalog
from smartspec_rollback.testing.fake_database import FakeDatabase
from smartspec_rollback.testing.samples import TARGET

RECORD = (
    *("deployment", "record", "--id", "deploy-1"),
    *("--service", "checkout", "--environment", "production", "--version", "v1"),
)


class NoSettings(Value):
    """The settings of a kind of database that needs none."""


class Kind(FakeDatabase):
    """A kind of database that is always the same, as an installed provider would be."""

    settings_type: ClassVar[type[Value]] = NoSettings
    broken_by: ClassVar[Exception | None] = None

    def __init__(self, settings: NoSettings, *, clock: Clock) -> None:
        """Hold a table of orders and one statement."""
        del settings, clock
        if self.broken_by is not None:
            raise self.broken_by
        remembered = (StatementText(text="SELECT 1", source="server", calls=3),)
        super().__init__(a_catalog(), uses={"SELECT 1": ()}, remembered=remembered, migrations=())


@pytest.fixture
def with_database(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Configure a database of a kind that is made up."""
    names, provider = registry.names, registry.provider

    def named(group: str) -> tuple[str, ...]:
        return ("fake",) if group == "databases" else names(group)

    def provided(group: str, kind: str) -> type[Any]:
        return Kind if (group, kind) == ("databases", "fake") else provider(group, kind)

    monkeypatch.setattr(registry, "names", named)
    monkeypatch.setattr(registry, "provider", provided)
    monkeypatch.setattr(Kind, "broken_by", None)
    text = CONFIGURATION.replace("database: none", "database: {kind: fake, statements: ['*.sql']}")
    (typed.folder / "smartspec.yaml").write_text(text)
    (typed.folder / "queries.sql").write_text("SELECT 2;\n")
    return typed


def recorded(typed: Typed) -> list[Phase]:
    """List the phases of deploy-1 whose database is recorded."""
    with SqliteStore.open(typed.ledger) as store:
        return [each.phase for each in store.schema_of("deploy-1")]


def test_a_deployment_is_recorded_with_its_database(with_database: Typed) -> None:
    """If this failed, nothing would be known of the old version when it is needed."""
    done = with_database(*RECORD)
    assert done.code == 0
    assert done.out == "Recorded: deploy-1, v1 on checkout/production, live\n"
    assert "Recorded its database: 1 table or view, 2 statements, 0 applied migrations" in done.err
    assert recorded(with_database) == [Phase.LIVE]
    with SqliteStore.open(with_database.ledger) as store:
        (seen,) = store.schema_of("deploy-1")
        assert {s.text for s in seen.snapshot.workload.statements} == {"SELECT 1", "SELECT 2"}
        assert store.verify_audit()[1] is None


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailable("the connection was refused", remedy="start it"),
        ZeroDivisionError("a bug"),
    ],
)
def test_a_database_that_cannot_be_looked_at_is_a_warning(
    with_database: Typed, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """If this failed, a pipeline would stop for a deployment that happened, or hear nothing."""
    monkeypatch.setattr(Kind, "broken_by", error)
    done = with_database(*RECORD, "--format", "json")
    assert done.code == 0
    assert len(done.document["deployments"]) == 1
    assert "warning: the database was not recorded with deploy-1" in done.err
    assert "to do:" in done.err
    assert recorded(with_database) == []
    with SqliteStore.open(with_database.ledger) as store:
        assert store.live(TARGET) is not None


def test_looking_can_be_left_out(with_database: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, recording history by hand would write down today's schema for it."""
    monkeypatch.setattr(Kind, "broken_by", AssertionError("somebody looked"))
    done = with_database(*RECORD, "--no-database")
    assert (done.code, done.err) == (0, "")
    assert recorded(with_database) == []


def test_a_retry_of_an_old_phase_records_no_newer_schema(with_database: Typed) -> None:
    """If this failed, a pipeline's retry would make the new schema the old version's."""
    for phase in ("before-migrations", "after-migrations"):
        assert with_database(*RECORD, "--phase", phase).code == 0
    done = with_database(*RECORD, "--phase", "before-migrations")
    assert "not recorded again" in done.err
    assert recorded(with_database) == [Phase.BEFORE_MIGRATIONS, Phase.AFTER_MIGRATIONS]


def test_the_doctor_looks_at_the_database(
    with_database: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this failed, the night would find out what the doctor never tried."""
    with_database(*RECORD, "--no-database")
    before = with_database("doctor").out
    assert "reachable, read-only: 1 table or view of `fake://database`" in before
    assert "the server remembers 1 statement\n" in before
    assert "1 statement in its files" in before
    assert "nothing of it is recorded with v1, which is live" in before
    with_database(*RECORD)
    assert "recorded with v1, which is live" in with_database("doctor").out
    error = ProviderUnavailable("the connection was refused", remedy="start it")
    monkeypatch.setattr(Kind, "broken_by", error)
    broken = with_database("doctor")
    assert broken.code == 4
    assert "the connection was refused" in broken.out


def test_the_doctor_sees_a_missing_folder_of_migrations(with_database: Typed) -> None:
    """If this failed, a mistyped path would silently cost a whole layer."""
    file: Path = with_database.folder / "smartspec.yaml"
    more = "kind: fake, migrations: {tool: flyway, path: nowhere/}"
    file.write_text(file.read_text().replace("kind: fake", more))
    done = with_database("doctor")
    assert done.code == 4
    assert "migrations" in done.out
    assert "nowhere" in done.out


def test_the_doctor_says_where_nothing_is_configured(typed: Typed) -> None:
    """If this failed, people would learn of the missing key from a refused rollback."""
    file = typed.folder / "smartspec.yaml"
    assert "declared that there is none" in typed("doctor").out
    file.write_text(file.read_text().replace("      database: none\n", ""))
    assert "none is configured" in typed("doctor").out
