"""The fake database keeps the promises of a real one, so that tests with it mean something."""

from collections.abc import Callable

import pytest

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    Relation,
    RelationKind,
)
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Use
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.database import Database
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.database_contract import READS, WRITES, DatabaseContract
from smartspec_rollback.testing.fake_database import FakeDatabase

ITEMS = Relation(
    schema="public",
    name="items",
    kind=RelationKind.TABLE,
    columns=(
        Column(name="id", type="integer", nullable=False, position=1),
        Column(name="name", type="character varying(20)", nullable=False, position=2),
        Column(name="note", type="character varying(20)", nullable=True, position=3),
    ),
    constraints=(
        Constraint(
            name="items_pkey",
            kind=ConstraintKind.PRIMARY_KEY,
            columns=("id",),
            definition="PRIMARY KEY (id)",
        ),
    ),
)
SCHEMA = Catalog(kind="fake", version="1", search_path=("public",), relations=(ITEMS,))


def fake() -> FakeDatabase:
    """Write down what the contract asks for."""
    name = ITEMS.qualified
    return FakeDatabase(
        SCHEMA,
        uses={
            READS: (Use(relation=name, reads=("id", "name"), returns=("id", "name")),),
            WRITES: (Use(relation=name, inserts=True, inserted=("id", "name")),),
        },
        rows={
            Question(kind=QuestionKind.ROWS, relation=name): 2,
            Question(kind=QuestionKind.NULLS, relation=name, columns=("note",)): 2,
            Question(kind=QuestionKind.NULLS, relation=name, columns=("name",)): 0,
        },
    )


class TestFakeDatabase(DatabaseContract):
    """The contract, on the fake."""

    @pytest.fixture
    def looked_at(self) -> Database:
        """Supply a fake that knows the answers."""
        return fake()

    @pytest.fixture
    def contents(self, looked_at: Database) -> Callable[[], object]:
        """Tell what the fake holds."""
        assert isinstance(looked_at, FakeDatabase)
        return lambda: (looked_at.schema, dict(looked_at.rows))

    @pytest.fixture
    def unreachable(self) -> Database:
        """Supply a fake that fails."""
        fails = ProviderUnavailable("it is not there", remedy="start it")
        return FakeDatabase(SCHEMA, fails=fails)

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the fake clock."""
        return FakeClock()
