"""Small catalogs, statements and cases for tests of the schema rules.

Called by tests only. Every builder has working defaults, so that a test names what it is about.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from smartspec_rollback.domain.catalog import Catalog, Column, Relation, RelationKind
from smartspec_rollback.domain.comparison import Coverage, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Answer, Question, SchemaSnapshot
from smartspec_rollback.domain.workload import (
    Run,
    Statement,
    Trial,
    Use,
    Workload,
    statement_id,
)
from smartspec_rollback.schema.case import Case

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def column(name: str, type: str = "text", **facts: Any) -> Column:  # noqa: A002 - the field's name
    """Make a nullable column; ``table`` gives it its position."""
    known: dict[str, Any] = {"name": name, "type": type, "nullable": True, "position": 0}
    return Column(**known | facts)


def table(name: str, *columns: Column, **facts: Any) -> Relation:
    """Make a table of schema ``public``, unless ``name`` says another: ``shop.items``."""
    schema, _, bare = name.rpartition(".")
    placed = tuple(
        msgspec.structs.replace(each, position=each.position or place)
        for place, each in enumerate(columns, start=1)
    )
    known: dict[str, Any] = {
        "schema": schema or "public",
        "name": bare,
        "kind": RelationKind.TABLE,
        "columns": placed,
    }
    return Relation(**known | facts)


def view(name: str, definition: str, *columns: Column, **facts: Any) -> Relation:
    """Make a view."""
    return table(name, *columns, **{"kind": RelationKind.VIEW, "definition": definition} | facts)


def catalog(*relations: Relation, **facts: Any) -> Catalog:
    """Make a PostgreSQL catalog whose application is role ``app`` and no superuser."""
    known: dict[str, Any] = {
        "kind": "postgresql",
        "version": "18.0",
        "role": "app",
        "member_of": ("app",),
        "search_path": ("public",),
        "schemas": ("public",),
        "relations": relations,
    }
    return Catalog(**known | facts)


def statement(text: str, *uses: Use, **facts: Any) -> Statement:
    """Make a statement that worked and whose uses are known."""
    known: dict[str, Any] = {
        "id": statement_id(text),
        "text": text,
        "source": "queries.sql:1",
        "worked": True,
        "uses": uses,
    }
    return Statement(**known | facts)


def snapshot(schema: Catalog, *statements: Statement, **facts: Any) -> SchemaSnapshot:
    """Record a catalog and its workload."""
    known: dict[str, Any] = {
        "at": _AT,
        "identity": "postgresql://db.example:5432/shop",
        "catalog": schema,
        "workload": Workload(statements=statements),
    }
    return SchemaSnapshot(**known | facts)


def coverage(share: float = 1.0, **facts: Any) -> Coverage:
    """Say how much of the workload is known."""
    known: dict[str, Any] = {
        "statements": 10,
        "understood": 10,
        "calls": None,
        "tables": 1,
        "touched": 1,
        "share": share,
    }
    return Coverage(**known | facts)


def case(
    before: Catalog | SchemaSnapshot,
    after: Catalog,
    *statements: Statement,
    share: float = 1.0,
    trials: tuple[Trial, ...] = (),
    runs: tuple[Run, ...] = (),
    answers: Mapping[Question, int | None] | None = None,
    **facts: Any,
) -> Case:
    """Put a comparison's facts together; ``answers`` are exact counts of rows."""
    recorded = before if isinstance(before, SchemaSnapshot) else snapshot(before, *statements)
    by_statement: dict[str, tuple[Run, ...]] = {}
    for run in runs:
        by_statement[run.statement] = (*by_statement.get(run.statement, ()), run)
    return Case(
        before=recorded,
        after=after,
        statements=statements or recorded.workload.statements,
        coverage=coverage(share),
        trials={trial.statement: trial for trial in trials},
        runs=by_statement,
        answers={
            question: Answer(question=question, rows=rows, how="counted")
            for question, rows in (answers or {}).items()
        },
        **facts,
    )


def said(findings: Iterable[SchemaFinding]) -> dict[tuple[str, str], str]:
    """Reduce findings to what is decided: code and object to the verdict, the worst of several."""
    held: dict[tuple[str, str], SchemaVerdict] = {}
    for each in findings:
        key = (each.code, each.object)
        held[key] = max(held.get(key, each.verdict), each.verdict, key=lambda v: v.rank)
    return {key: verdict.value for key, verdict in held.items()}
