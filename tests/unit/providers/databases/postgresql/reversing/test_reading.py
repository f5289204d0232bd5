"""Reading migrations for what may depend on values."""

import pytest

from smartspec_rollback.providers.databases.postgresql.reversing.reading import read
from smartspec_rollback.providers.databases.postgresql.reversing.script import cut


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM t",
        "TRUNCATE t",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "DO $$ BEGIN END $$",
        "CALL p()",
        "SELECT f()",
        "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1",
        "UPDATE t SET a = b WHERE c = 1",
        "UPDATE t SET a = b WHERE c > d",
        "UPDATE t SET a = b WHERE c",
        "UPDATE t SET a = b WHERE NOT c",
        "UPDATE t SET a = b WHERE c IS NULL AND d IS NULL",
        "UPDATE t SET a = b WHERE c IS NULL OR d IS NULL",
        "UPDATE t SET a = b || c",
        "UPDATE t SET a = lower(b)",
        "UPDATE t SET a = CASE WHEN b THEN c END",
        "UPDATE t SET a = (SELECT b FROM u LIMIT 1)",
        "UPDATE t SET a = b::varchar(3)",
        "INSERT INTO t SELECT DISTINCT a FROM u",
        "INSERT INTO t SELECT a FROM u WHERE b = 'x'",
        "INSERT INTO t SELECT a FROM u UNION SELECT a FROM v",
        "INSERT INTO t SELECT a FROM u ON CONFLICT DO NOTHING",
        "CREATE TABLE t AS SELECT a FROM u WHERE a > 3",
        "SELECT a INTO t FROM u LIMIT 1",
        "ALTER TABLE t ALTER a TYPE text USING left(a, 3)",
        "ALTER TABLE t ALTER a TYPE int USING coalesce(a, 0)",
        "THIS IS NO SQL",
    ],
)
def test_what_may_depend_on_values_is_doubted(sql: str) -> None:
    """A loss that hits some rows only is called impossible."""
    reading = read(cut(sql, "down.sql"))
    (found,) = (*reading.data, *reading.retypes)
    assert found.doubt is not None


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = b",
        "UPDATE t SET a = b WHERE b IS NOT NULL",
        "UPDATE t SET a = u.b FROM u WHERE u.id = t.id AND u.tenant = t.tenant",
        "INSERT INTO t SELECT * FROM u",
        "INSERT INTO t (a, b) SELECT u.a, v.b FROM u LEFT JOIN v ON v.id = u.id",
        "CREATE TABLE t AS SELECT * FROM u",
    ],
)
def test_what_treats_all_rows_alike_is_left_to_trying(sql: str) -> None:
    """No move of values can ever be called lossless."""
    (found,) = read(cut(sql, "down.sql")).data
    assert found.doubt is None


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t RENAME a TO b",
        "ALTER TABLE t ALTER a TYPE int USING a::text::int",
        "ALTER TABLE t ADD a int DEFAULT 5",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SELECT 1",
        "CREATE INDEX i ON t (lower(a)) WHERE a > 'x'",
        "",
    ],
)
def test_what_moves_no_rows_is_no_data_statement(sql: str) -> None:
    """Plain changes of the schema are doubted."""
    reading = read(cut(sql, "down.sql"))
    assert (reading.data, reading.retypes) == ((), ())
