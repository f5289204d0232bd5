"""MariaDB keeps the promises of a database provider, through the provider of MySQL."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from tests.mariadb import MariaDb

from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database
from smartspec_rollback.providers.databases.mysql.database import MysqlDatabase
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.database_contract import (
    READS,
    ROWS,
    SECRET,
    TABLE,
    WRITES,
    DatabaseContract,
)

SHAPE = "SHOW CREATE TABLE items"
CONTENTS = "SELECT * FROM items ORDER BY id"


class TestMysqlDatabase(DatabaseContract):
    """The contract, on a real server."""

    @pytest.fixture
    def name(self, mariadb: MariaDb) -> Iterator[str]:
        """Make the contract's database."""
        with mariadb.database() as name:
            mariadb.run(name, TABLE, ROWS)
            yield name

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the real clock."""
        return SystemClock()

    @pytest.fixture
    def looked_at(self, mariadb: MariaDb, name: str, clock: Clock) -> Database:
        """Supply a provider of the contract's database."""
        return MysqlDatabase.at(Sensitive(mariadb.url(name, scheme="mariadb")), clock=clock)

    @pytest.fixture
    def contents(self, mariadb: MariaDb, name: str) -> Callable[[], object]:
        """Read schema and rows with a connection of the test's own."""
        return lambda: (mariadb.rows(name, SHAPE), mariadb.rows(name, CONTENTS))

    @pytest.fixture
    def unreachable(self, clock: Clock) -> Database:
        """Supply a provider of a port nobody listens at."""
        return MysqlDatabase.at(Sensitive(f"mysql://shop:{SECRET}@127.0.0.1:1/shop"), clock=clock)

    def test_wrong_password_is_told_without_it(
        self, mariadb: MariaDb, name: str, clock: Clock, deadline: Deadline
    ) -> None:
        """A log shows the password of a user who may not come in."""
        url = mariadb.url(name).replace("root@", f"nobody:{SECRET}@")
        with pytest.raises(ProviderError) as caught:
            MysqlDatabase.at(Sensitive(url), clock=clock).catalog(deadline=deadline)
        assert SECRET not in f"{caught.value!s} {caught.value!r}"
        assert caught.value.remedy

    def test_lock_of_others_is_unknown_at_once(
        self, looked_at: Database, mariadb: MariaDb, name: str, deadline: Deadline
    ) -> None:
        """A migration that holds a table keeps a rollback waiting, or its rows pass for none."""
        question = Question(kind=QuestionKind.ROWS, relation="main.items")
        with closing(mariadb.connect(name)) as holder, holder.cursor() as cursor:
            cursor.execute("LOCK TABLES items WRITE")
            (locked,) = looked_at.answers((question,), since=None, deadline=deadline)
        (answer,) = looked_at.answers((question,), since=None, deadline=deadline)
        assert locked.rows is None
        assert "locked" in locked.reason
        assert answer.rows == 2

    def test_no_transaction_is_left_open(
        self, looked_at: Database, mariadb: MariaDb, name: str, deadline: Deadline
    ) -> None:
        """A migration waits for a look of ours that is long over."""
        self._described(looked_at, deadline)
        mariadb.run(name, "SET SESSION lock_wait_timeout = 0", "ALTER TABLE items ADD more int")
        assert looked_at.catalog(deadline=deadline).find("items")

    def test_server_remembers_statements(
        self, looked_at: Database, mariadb: MariaDb, name: str, deadline: Deadline
    ) -> None:
        """What the application asks is not learnt, or what we asked passes for its own."""
        mariadb.run(
            name,
            READS,
            WRITES,
            "SELECT count(*) FROM items WHERE id IN (1, 2, 3) LIMIT 1, 2",
            "INSERT INTO items (id, name) VALUES (8, 'a'), (9, 'b')",
        )
        looked_at.answers(
            (Question(kind=QuestionKind.NULLS, relation="main.items", columns=("note",)),),
            since=None,
            deadline=deadline,
        )
        catalog = looked_at.catalog(deadline=deadline)
        texts, gaps = looked_at.statements(deadline=deadline)
        described = looked_at.describe(texts, catalog, deadline=deadline)
        assert any("started" in gap for gap in gaps)
        assert all(each.understood for each in described if each.text.startswith("INSERT"))
        assert {each.worked for each in described} == {True}
        counting = [each for each in described if "count" in each.text.lower()]
        assert len(counting) == 1
        inserted = [use.inserted for each in described for use in each.uses or () if use.inserts]
        assert inserted
        assert set(inserted) == {("id", "name")}

    def test_compiling_executes_nothing(
        self,
        looked_at: Database,
        contents: Callable[[], object],
        mariadb: MariaDb,
        name: str,
        deadline: Deadline,
    ) -> None:
        """Trying a statement is what does the harm: it writes, or calls what writes."""
        mariadb.run(
            name,
            "CREATE FUNCTION bump() RETURNS int DETERMINISTIC MODIFIES SQL DATA "
            "BEGIN UPDATE items SET note = 'bumped'; RETURN 1; END",
        )
        before = contents()
        hostile = (
            "SELECT bump()",
            "SELECT id FROM items WHERE id = bump()",
            "DELETE FROM items; COMMIT",
            "DELETE FROM items",
            "DROP TABLE items",
            "SELECT 'it''s \\' ; DELETE FROM items -- '",
        )
        texts = tuple(StatementText(text=t, source="file") for t in hostile)
        described = looked_at.describe(
            texts, looked_at.catalog(deadline=deadline), deadline=deadline
        )
        looked_at.trials(described, deadline=deadline)
        assert contents() == before

    def test_other_database_proves_nothing(
        self, looked_at: Database, mariadb: MariaDb, name: str, deadline: Deadline
    ) -> None:
        """A statement that says the old database's name compiles there, and passes for safe."""
        with mariadb.database() as other:
            mariadb.run(other, TABLE)
            texts = tuple(
                StatementText(text=READS.replace("items", f"{each}.items"), source="file")
                for each in (other, name)
            )
            described = looked_at.describe(
                texts, looked_at.catalog(deadline=deadline), deadline=deadline
            )
        assert [each.worked for each in described] == [None, True]
        assert described[0].problem
