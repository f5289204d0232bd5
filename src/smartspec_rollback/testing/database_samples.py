"""Small databases for tests: a table of orders, what is asked of it, and how two compare.

Like ``samples``: tests say by keyword what matters to them, everything else gets a value that fits.
"""

from datetime import datetime

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.domain.comparison import (
    Comparison,
    Coverage,
    Layer,
    SchemaFinding,
    SchemaVerdict,
)
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Mark, SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, Use, Workload, statement_id
from smartspec_rollback.testing.samples import NOON

IDENTITY = "postgresql://db.example:5432/shop"
INSERT = "INSERT INTO orders (id, total) VALUES ($1, $2)"


def a_column(name: str, *, type_: str = "integer", position: int = 1, **how: object) -> Column:
    """Make a column that takes NULL, unless ``nullable`` says otherwise."""
    fields = {"nullable": True, **how}
    return Column(name=name, type=type_, position=position, **fields)  # type: ignore[arg-type] # a test's own words


def a_relation(name: str = "orders", *columns: str, schema: str = "public") -> Relation:
    """Make a table with integer columns of these names; ``id`` and ``total`` by default."""
    named = columns or ("id", "total")
    return Relation(
        schema=schema,
        name=name,
        kind=RelationKind.TABLE,
        columns=tuple(a_column(each, position=at) for at, each in enumerate(named, start=1)),
    )


def a_catalog(*relations: Relation) -> Catalog:
    """Make a schema of these tables; one of orders by default."""
    return Catalog(
        kind="postgresql",
        version="18.0",
        search_path=("public",),
        schemas=("public",),
        relations=relations or (a_relation(),),
    )


def a_statement(text: str = INSERT, *, source: str = "queries.sql:1") -> Statement:
    """Make a statement that inserts orders."""
    use = Use(relation="public.orders", inserts=True, inserted=("id", "total"))
    return Statement(
        id=statement_id(text), text=text, source=source, calls=1, worked=True, uses=(use,)
    )


def a_mark(at: datetime = NOON, transaction: str = "750") -> Mark:
    """Make a point in the database's own time."""
    return Mark(at=at, transaction=transaction)


def a_snapshot(
    catalog: Catalog | None = None,
    *,
    at: datetime = NOON,
    workload: Workload | None = None,
    migrations: tuple[AppliedMigration, ...] | None = (AppliedMigration(version="1"),),
    mark: Mark | None = None,
) -> SchemaSnapshot:
    """Make what is recorded of a database with a deployment."""
    return SchemaSnapshot(
        at=at,
        identity=IDENTITY,
        catalog=catalog or a_catalog(),
        workload=Workload(statements=(a_statement(),)) if workload is None else workload,
        migrations=migrations,
        mark=mark,
    )


def a_schema_finding(
    verdict: SchemaVerdict = SchemaVerdict.BREAKING,
    *,
    code: str = "column-added-required",
    object_: str = "public.orders.gift",
    summary: str = "inserts into public.orders leave out gift, which is NOT NULL without a default",
    statement: str | None = INSERT,
    fix: str = "",
    loses: str = "",
) -> SchemaFinding:
    """Make what a comparison found about one change."""
    return SchemaFinding(
        code=code,
        verdict=verdict,
        object=object_,
        summary=summary,
        layer=Layer.CATALOG,
        layers=(Layer.CATALOG, Layer.SHADOW),
        statement=statement,
        statement_id=statement_id(statement) if statement else None,
        fix=fix,
        loses=loses,
    )


def a_coverage(share: float = 1.0, *, gaps: tuple[str, ...] = ()) -> Coverage:
    """Say how much of 120 statements is known."""
    return Coverage(
        statements=120,
        understood=int(120 * share),
        calls=share,
        tables=9,
        touched=9,
        share=share,
        gaps=gaps,
    )


def a_comparison(
    *findings: SchemaFinding,
    verdict: SchemaVerdict | None = None,
    reason: str = "every known statement works on the new schema",
    coverage: Coverage | None = None,
    unseen: tuple[str, ...] = (),
) -> Comparison:
    """Make a comparison; its verdict is the worst finding's unless that is given."""
    worst = max((f.verdict for f in findings), key=lambda v: v.rank, default=SchemaVerdict.SAFE)
    return Comparison(
        verdict=worst if verdict is None else verdict,
        reason=reason,
        coverage=coverage or a_coverage(),
        findings=findings,
        layers=(Layer.CATALOG, Layer.WORKLOAD, Layer.PROBE),
        unseen=unseen,
    )
