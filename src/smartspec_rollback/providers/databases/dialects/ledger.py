"""What migration tools wrote down as applied, out of the tables they keep for themselves.

Called by the databases of MySQL and SQLite, which read the rows. Knows the tables of Flyway,
Liquibase, Alembic, Django, Rails, dbmate, Prisma, golang-migrate, goose, sqitch, Atlas, sqlx,
refinery and Diesel; a version is called what ``providers.migrations`` calls the tool's files.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.errors import ProviderError

MOST = 100_000
"""Rows that are read of one ledger."""

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True)
class Ledger:
    """One tool's table: its usual name, the columns that tell it, and what its rows mean."""

    tools: frozenset[str]
    table: str
    columns: frozenset[str]
    meaning: Callable[[Rows], Iterable[AppliedMigration]]


def find(
    catalog: Catalog, table: str | None, tool: str | None, *, where: str
) -> tuple[tuple[str, Ledger], ...]:
    """Find the ledgers in a schema, as (table, ledger); none where there is none.

    ProviderError where the table named is no ledger known here, or one of several could be it.
    """
    wanted = [each for each in _LEDGERS if tool is None or tool in each.tools]
    bare = None if table is None else table.rpartition(".")[2]
    found: list[tuple[str, Ledger]] = []
    for relation in catalog.relations:
        columns = {c.name.lower() for c in relation.columns}
        if bare is not None and relation.name.lower() != bare.lower():
            continue
        ledger = _recognise(wanted, relation.name.lower() if bare is None else None, columns)
        if ledger is not None:
            found.append((relation.name, ledger))
        elif bare is not None:
            raise ProviderError(
                f"{relation.name} is not the ledger of a migrations' tool that is known here",
                where=where,
                remedy="check `migrations: {table: …}`",
                details=(f"its columns: {', '.join(sorted(columns))}",),
            )
    if len(found) > 1 and (table is not None or tool is not None):
        raise ProviderError(
            "several tables could be the ledger of applied migrations",
            where=where,
            remedy="name one of them: `migrations: {table: …}`",
            details=tuple(name for name, _ in found),
        )
    return tuple(found)


def applied(ledger: Ledger, rows: Iterable[Row]) -> tuple[AppliedMigration, ...]:
    """Say what a ledger's rows mean."""
    folded = [{key.lower(): value for key, value in row.items()} for row in rows]
    return tuple(ledger.meaning(folded))


def _recognise(ledgers: Iterable[Ledger], name: str | None, columns: set[str]) -> Ledger | None:
    """Tell whose table it is; the most particular one: many would pass for the plainest."""
    fitting = (e for e in ledgers if e.columns <= columns and (name is None or e.table == name))
    return max(fitting, key=lambda each: len(each.columns), default=None)


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    return "" if value is None else str(value)


def _truth(value: object) -> bool:
    """Read a boolean of databases that have none: a number, a byte, a word."""
    if isinstance(value, bytes | bytearray):
        return any(value)
    if isinstance(value, str):
        return value.strip().lower() in {"1", "t", "true", "y", "yes"}
    return bool(value)


def _sorted(rows: Rows, *keys: str) -> list[Row]:
    """Sort by columns, numbers by size."""

    def place(value: object) -> tuple[int, float, str]:
        text = _text(value)
        return (0, float(text), "") if text.isdecimal() else (1, 0.0, text)

    return sorted(rows, key=lambda row: [place(row.get(key)) for key in keys])


def _flyway(rows: Rows) -> Iterable[AppliedMigration]:
    """Read the newest row of each version: undone and deleted ones are not applied any more."""
    newest = {_text(r["version"] or r["script"]): r for r in _sorted(rows, "installed_rank")}
    for row in _sorted(tuple(newest.values()), "installed_rank"):
        kind = _text(row.get("type"))
        if not kind.startswith("UNDO") and kind not in {"DELETE", "SCHEMA"}:
            yield _one(row["version"], row["description"], complete=_truth(row["success"]))


def _prisma(rows: Rows) -> Iterable[AppliedMigration]:
    """Read one migration of all its rows: one that failed and was repeated has several."""
    live = [r for r in _sorted(rows, "started_at") if r["rolled_back_at"] is None]
    for name in dict.fromkeys(_text(r["migration_name"]) for r in live):
        own = [r for r in live if _text(r["migration_name"]) == name]
        yield _one(name, name, complete=any(r["finished_at"] is not None for r in own))


def _goose(rows: Rows) -> Iterable[AppliedMigration]:
    """Its first row, version 0, is no migration; older releases write a row for going down too."""
    newest = {_text(r["version_id"]): r for r in _sorted(rows, "id")}
    for row in _sorted(tuple(newest.values()), "id"):
        if _truth(row["is_applied"]) and _text(row["version_id"]) != "0":
            yield _one(row["version_id"], "")


def _atlas(rows: Rows) -> Iterable[AppliedMigration]:
    for row in _sorted(rows, "version"):
        if not _text(row["version"]).startswith("."):
            whole = row["applied"] == row["total"] and not _text(row["error"])
            yield _one(row["version"], row["description"], complete=whole)


def _one(version: object, name: object, *, complete: bool = True) -> AppliedMigration:
    return AppliedMigration(version=_text(version), name=_text(name), complete=complete)


def _plain(
    version: str, name: str = "", *, order: str = "", done: str = "", dirty: str = ""
) -> Callable[[Rows], Iterable[AppliedMigration]]:
    """Read one migration a row; ``done`` or ``dirty`` tells whether it is complete."""

    def meaning(rows: Rows) -> Iterable[AppliedMigration]:
        for row in _sorted(rows, order or version):
            complete = _truth(row[done]) if done else not (dirty and _truth(row[dirty]))
            yield _one(row[version], row[name] if name else "", complete=complete)

    return meaning


def _liquibase(rows: Rows) -> Iterable[AppliedMigration]:
    for row in _sorted(rows, "orderexecuted"):
        version = f"{_text(row['author'])}:{_text(row['id'])}"
        yield _one(version, row["filename"], complete=_text(row["exectype"]) != "FAILED")


def _django(rows: Rows) -> Iterable[AppliedMigration]:
    for row in _sorted(rows, "id"):
        yield _one(f"{_text(row['app'])}.{_text(row['name'])}", row["name"])


def _ledger(
    tools: str, table: str, columns: str, meaning: Callable[[Rows], Iterable[AppliedMigration]]
) -> Ledger:
    return Ledger(frozenset(tools.split()), table, frozenset(columns.split()), meaning)


_LEDGERS = (
    _ledger(
        "flyway",
        "flyway_schema_history",
        "installed_rank version description script success",
        _flyway,
    ),
    _ledger(
        "liquibase",
        "databasechangelog",
        "id author filename orderexecuted exectype",
        _liquibase,
    ),
    _ledger("alembic", "alembic_version", "version_num", _plain("version_num")),
    _ledger("django", "django_migrations", "id app name applied", _django),
    _ledger(
        "prisma",
        "_prisma_migrations",
        "migration_name started_at finished_at rolled_back_at",
        _prisma,
    ),
    _ledger(
        "golang-migrate", "schema_migrations", "version dirty", _plain("version", dirty="dirty")
    ),
    _ledger("rails dbmate", "schema_migrations", "version", _plain("version")),
    _ledger("goose", "goose_db_version", "id version_id is_applied", _goose),
    _ledger(
        "sqitch",
        "changes",
        "change_id change project committed_at note",
        _plain("change", "note", order="committed_at"),
    ),
    _ledger(
        "atlas",
        "atlas_schema_revisions",
        "version description applied total error",
        _atlas,
    ),
    _ledger(
        "sqlx plain",
        "_sqlx_migrations",
        "version description success",
        _plain("version", "description", done="success"),
    ),
    _ledger(
        "refinery plain",
        "refinery_schema_history",
        "version name applied_on",
        _plain("version", "name"),
    ),
    _ledger("diesel plain", "__diesel_schema_migrations", "version run_on", _plain("version")),
)
"""Of those with the same table name, the one with more columns to tell it by counts."""
