"""What migration tools' tables mean in databases without booleans."""

from typing import Any

import pytest

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.databases.dialects.ledger import applied, find


def schema(**tables: str) -> Catalog:
    """Make a schema of tables with columns."""
    return Catalog(
        kind="sqlite",
        version="3",
        search_path=("main",),
        relations=tuple(
            Relation(
                schema="main",
                name=name,
                kind=RelationKind.TABLE,
                columns=tuple(
                    Column(name=each, type="text", nullable=True, position=place)
                    for place, each in enumerate(columns.split(), start=1)
                ),
            )
            for name, columns in tables.items()
        ),
    )


def meaning(table: str, columns: str, *rows: tuple[Any, ...]) -> list[tuple[str, bool]]:
    """Say what rows of a table mean."""
    ((_, ledger),) = find(schema(**{table: columns}), None, None, where="here")
    found = applied(ledger, [dict(zip(columns.split(), row, strict=True)) for row in rows])
    return [(each.version, each.complete) for each in found]


def test_dirty_migration_is_half_applied() -> None:
    """MySQL commits DDL by itself; a migration that stopped half-way looks finished."""
    found = meaning("schema_migrations", "version dirty", (9, 0), (10, 1))
    assert found == [("9", True), ("10", False)]
    assert meaning("schema_migrations", "version dirty", (10, b"\x01")) == [("10", False)]


def test_flyway_undo_counts() -> None:
    """An undone migration still counts as applied."""
    columns = "installed_rank version description type script success"
    found = meaning(
        "flyway_schema_history",
        columns,
        (1, "1", "first", "SQL", "V1", 1),
        (2, "2", "second", "SQL", "V2", 0),
        (3, "1", "first", "UNDO_SQL", "U1", 1),
    )
    assert found == [("2", False)]


def test_goose_goes_down_too() -> None:
    """A migration that was taken back counts as applied."""
    found = meaning(
        "goose_db_version",
        "id version_id is_applied",
        (1, 0, 1),
        (2, 20240101, 1),
        (3, 20240102, 1),
        (4, 20240102, 0),
    )
    assert found == [("20240101", True)]


def test_prisma_repeated() -> None:
    """A migration that failed once and was repeated looks half-applied."""
    found = meaning(
        "_prisma_migrations",
        "migration_name started_at finished_at rolled_back_at",
        ("a", 1, 2, None),
        ("b", 3, None, 4),
        ("b", 5, 6, None),
        ("c", 7, None, None),
    )
    assert found == [("a", True), ("b", True), ("c", False)]


@pytest.mark.parametrize(
    ("table", "columns", "row", "version"),
    [
        ("alembic_version", "version_num", ("ae10",), "ae10"),
        ("django_migrations", "id app name applied", (1, "shop", "0001_initial", ""),
         "shop.0001_initial"),
        ("databasechangelog", "id author filename orderexecuted exectype",
         ("1", "ann", "f.sql", 1, "EXECUTED"), "ann:1"),
        ("_sqlx_migrations", "version description success", (7, "x", True), "7"),
        ("atlas_schema_revisions", "version description applied total error",
         ("3", "x", 2, 2, None), "3"),
        ("__diesel_schema_migrations", "version run_on", ("2024", ""), "2024"),
    ],
)  # fmt: skip
def test_versions_are_those_of_the_files(
    table: str, columns: str, row: tuple[Any, ...], version: str
) -> None:
    """No migration is found among the files, since it is called something else."""
    assert meaning(table, columns, row) == [(version, True)]


def test_wrong_table_is_an_error() -> None:
    """The table somebody named is no ledger, and every migration looks unapplied."""
    with pytest.raises(ProviderError, match="not the ledger"):
        find(schema(items="id name"), "items", None, where="here")
    assert find(schema(items="id name"), None, None, where="here") == ()
