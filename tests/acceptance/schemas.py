"""A small database and its comparison, as the tests of ``smartspec schema`` share them."""

import psycopg
from tests.acceptance.commands import Result, Typed

TABLE = """
CREATE TABLE items (id integer PRIMARY KEY, name text);
INSERT INTO items VALUES (1, 'one');
CREATE SEQUENCE numbers;
"""
QUERIES = "SELECT id, name FROM items;\nINSERT INTO items (id, name) VALUES ($1, $2);\n"
ADDED = "ALTER TABLE items ADD note text"
REQUIRED = (
    "ALTER TABLE items ADD note text NOT NULL DEFAULT ''; ALTER TABLE items ALTER note DROP DEFAULT"
)


def change(url: str, sql: str) -> None:
    """Change a database as somebody else would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def contents(url: str) -> list[object]:
    """Take everything that a command could have changed."""
    queries = (
        "SELECT *, xmin FROM items ORDER BY id",
        "SELECT last_value, is_called FROM numbers",
        "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 2200 ORDER BY 1",
        "SELECT extname FROM pg_extension",
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query.encode()).fetchall() for query in queries]


def compare(typed: Typed, after: str, *words: str, before: str = "a.json") -> Result:
    """Compare, as JSON."""
    return typed(
        "schema", "compare", "--before", before, "--after", after, "--format", "json", *words
    )
