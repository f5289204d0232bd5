"""Runs the whole comparison on small schemas, for the tests of single rules."""

from typing import Any

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import Comparison, Inputs, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Answer, Question
from smartspec_rollback.domain.workload import Statement, Trial, Use
from smartspec_rollback.schema.compare import compare
from smartspec_rollback.testing.schema_samples import snapshot, statement

BREAKING, ATTENTION = SchemaVerdict.BREAKING, SchemaVerdict.ATTENTION
SAFE, UNKNOWN = SchemaVerdict.SAFE, SchemaVerdict.UNKNOWN


def judge(
    before: Catalog,
    after: Catalog,
    *statements: Statement,
    answers: dict[Question, int | None] | None = None,
    **facts: Any,
) -> Comparison:
    """Compare; ``answers`` are counts of rows, None for one that could not be counted."""
    recorded = facts.pop("recorded", {})
    return compare(
        Inputs(
            before=snapshot(before, *statements, **recorded),
            after=after,
            answers=tuple(
                Answer(question=q, rows=rows, how="counted", reason="too large")
                for q, rows in (answers or {}).items()
            ),
            **facts,
        )
    )


def verdicts(comparison: Comparison) -> dict[tuple[str, str], SchemaVerdict]:
    """Show the findings by code and object."""
    return {(each.code, each.object): each.verdict for each in comparison.findings}


def one(comparison: Comparison, code: str) -> SchemaFinding:
    """Return the only finding with ``code``."""
    (found,) = [each for each in comparison.findings if each.code == code]
    return found


def use(relation: str = "public.items", **facts: Any) -> Use:
    """Say what a statement does to a relation."""
    return Use(relation=relation, **facts)


def select(*columns: str, relation: str = "public.items", **facts: Any) -> Statement:
    """Make a statement that reads and returns ``columns``."""
    text = f"SELECT {', '.join(columns) or '1'} FROM {relation.rpartition('.')[2]}"  # noqa: S608 - never executed
    known = {"reads": columns, "returns": columns} | facts
    return statement(text, use(relation, **known))


def insert(*columns: str, relation: str = "public.items", **facts: Any) -> Statement:
    """Make a statement that inserts ``columns`` by parameters."""
    values = ", ".join(f"${n}" for n, _ in enumerate(columns, start=1))
    text = f"INSERT INTO {relation.rpartition('.')[2]} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - never executed
    return statement(text, use(relation, **{"inserts": True, "inserted": columns} | facts))


def update(*columns: str, relation: str = "public.items", **facts: Any) -> Statement:
    """Make a statement that sets ``columns`` by parameters."""
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, start=1))
    text = f"UPDATE {relation.rpartition('.')[2]} SET {sets}"  # noqa: S608 - never executed
    return statement(text, use(relation, **{"updated": columns} | facts))


def delete(relation: str = "public.items", **facts: Any) -> Statement:
    """Make a statement that deletes rows by id."""
    text = f"DELETE FROM {relation.rpartition('.')[2]} WHERE id = $1"  # noqa: S608 - never executed
    return statement(text, use(relation, **{"deletes": True, "reads": ("id",)} | facts))


def opaque(text: str) -> Statement:
    """Make a statement nobody understood."""
    return statement(text, uses=None)


def compiled(*statements: Statement) -> tuple[Trial, ...]:
    """Say that the statements compile on the new schema."""
    return tuple(Trial(statement=each.id, worked=True) for each in statements)


def statement_with(text: str, name: str, literal: str, relation: str = "public.items") -> Statement:
    """Make an insert or update that writes one constant to column ``name``."""
    inserts = text.upper().startswith("INSERT")
    facts: dict[str, Any] = {"not_nulls": (name,), "literals": ((name, literal),)}
    facts |= {"inserts": True, "inserted": (name,)} if inserts else {"updated": (name,)}
    return statement(text, use(relation, **facts))


ENOUGH = tuple(
    statement(f"SELECT id FROM items LIMIT {n}", use(reads=("id",)))  # noqa: S608 - never executed
    for n in range(20)
)
"""So many understood statements that one which is not leaves enough known."""
