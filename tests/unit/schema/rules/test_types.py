"""Columns whose type is another one."""

from typing import Any

import pytest
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    SAFE,
    UNKNOWN,
    insert,
    judge,
    one,
    select,
    statement_with,
)

from smartspec_rollback.domain.catalog import Catalog, DefinedType, TypeKind
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import ColumnProfile
from smartspec_rollback.testing.schema_samples import catalog, column, table

READ, WRITE = select("id", "v"), insert("id", "v")
ONLY_ID = select("id")
MOOD = DefinedType(schema="public", name="mood", kind=TypeKind.ENUM, labels=("ok", "sad"))
MAIL = DefinedType(schema="public", name="mail", kind=TypeKind.DOMAIN, base="text")
STRICT = DefinedType(
    schema="public",
    name="strict",
    kind=TypeKind.DOMAIN,
    base="text",
    checks=("CHECK (VALUE <> '')",),
)
TYPES = (MOOD, MAIL, STRICT)


def holding(spelled: str, **facts: Any) -> Catalog:
    """Make a schema whose column ``v`` has this type."""
    known = {"types": TYPES} | facts
    return catalog(table("items", column("id", "integer"), column("v", spelled)), **known)


@pytest.mark.parametrize(
    ("old", "new", "code", "read", "written"),
    [
        ("text", "character varying(20)", "text-narrowed", SAFE, ATTENTION),
        ("character varying(20)", "text", "text-widened", SAFE, SAFE),
        ("character varying(20)", "character varying(40)", "text-widened", SAFE, SAFE),
        ("integer", "bigint", "integer-widened", ATTENTION, SAFE),
        ("bigint", "integer", "integer-narrowed", ATTENTION, ATTENTION),
        ("integer", "text", "type-changed", BREAKING, ATTENTION),
        ("text", "integer", "type-changed", BREAKING, BREAKING),
        ("numeric(10,2)", "double precision", "numeric-to-float", BREAKING, BREAKING),
        ("numeric(10,2)", "numeric(10,1)", "numeric-scale-cut", BREAKING, BREAKING),
        ("numeric(10,2)", "numeric(12,2)", "type-changed", SAFE, SAFE),
        ("timestamp without time zone", "date", "representation-changed", BREAKING, BREAKING),
        (
            "timestamp without time zone",
            "timestamp with time zone",
            "representation-changed",
            BREAKING,
            ATTENTION,
        ),
        ("text", "jsonb", "representation-changed", BREAKING, BREAKING),
        ("text[]", "jsonb", "representation-changed", BREAKING, BREAKING),
        ("integer[]", "bigint[]", "integer-widened", ATTENTION, SAFE),
        ("json", "jsonb", "representation-changed", ATTENTION, ATTENTION),
        ("text", "uuid", "representation-changed", BREAKING, BREAKING),
        ("public.mood", "text", "enum-to-text", ATTENTION, ATTENTION),
        ("text", "citext", "type-changed", ATTENTION, ATTENTION),
        ("boolean", "integer", "type-changed", BREAKING, BREAKING),
        ("text", "public.strict", "domain-changed", SAFE, ATTENTION),
    ],
)
def test_a_type_is_weighed_by_who_reads_and_who_writes_it(
    old: str, new: str, code: str, read: SchemaVerdict, written: SchemaVerdict
) -> None:
    """Readers get other values, writers are refused: the wrong ones would be warned."""
    assert one(judge(holding(old), holding(new), READ), code).verdict is read
    assert one(judge(holding(old), holding(new), WRITE), code).verdict is written


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "int4"),
        ("character varying(20)", "varchar(20)"),
        ("text", "public.mail"),
        ("timestamp(6) without time zone", "timestamp"),
        ("numeric(10,0)", "decimal(10)"),
    ],
)
def test_another_spelling_of_the_same_type_is_no_change(old: str, new: str) -> None:
    """Two servers spell types in two ways; each would be an alarm."""
    assert judge(holding(old), holding(new), READ, WRITE).verdict is SAFE


def test_a_column_nobody_uses_may_become_anything_if_enough_is_known() -> None:
    """Precision comes from knowing what the old version uses."""
    found = judge(holding("integer"), holding("text"), ONLY_ID)
    assert one(found, "type-changed").verdict is SAFE
    found = judge(holding("integer"), holding("text"), ONLY_ID, gaps=("texts were evicted",))
    assert one(found, "type-changed").verdict is UNKNOWN


@pytest.mark.parametrize(
    ("old", "new", "kind", "arguments", "code"),
    [
        ("character varying(20)", "text", QuestionKind.LONGER, ("20",), "text-widened"),
        (
            "integer",
            "bigint",
            QuestionKind.OUTSIDE,
            ("-2147483648", "2147483647"),
            "integer-widened",
        ),
        ("public.mood", "text", QuestionKind.OTHER_LABELS, ("ok", "sad"), "enum-to-text"),
    ],
)
def test_rows_the_old_type_could_not_hold_break_who_reads_them(
    old: str, new: str, kind: QuestionKind, arguments: tuple[str, ...], code: str
) -> None:
    """The old version would read a value that its own type cannot represent."""
    asked = Question(kind=kind, relation="public.items", columns=("v",), arguments=arguments)
    found = one(judge(holding(old), holding(new), READ, answers={asked: 2}), code)
    assert found.verdict is BREAKING
    none = one(judge(holding(old), holding(new), READ, answers={asked: 0}), code)
    assert none.verdict is not BREAKING
    assert none.loses == ""


def test_what_the_old_version_is_known_to_write_decides_about_a_narrower_text() -> None:
    """A constant that does not fit fails for certain; one that fits never does."""
    old, new = holding("text"), holding("character varying(5)")
    fits = statement_with("INSERT INTO items (v) VALUES ('short')", "v", "short")
    long = statement_with("INSERT INTO items (v) VALUES ('much longer')", "v", "much longer")
    assert one(judge(old, new, fits), "text-narrowed").verdict is SAFE
    assert one(judge(old, new, long), "text-narrowed").verdict is BREAKING
    profile = ColumnProfile(relation="public.items", column="v", nulls=0, rows=9, longest=6)
    found = judge(old, new, WRITE, recorded={"profiles": (profile,)})
    assert one(found, "text-narrowed").verdict is BREAKING


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        ("mysql", "int(11)", "int", SAFE),
        ("mysql", "int", "int unsigned", ATTENTION),
        ("mysql", "tinyint(1)", "int", BREAKING),
        ("mysql", "text", "varchar(100)", ATTENTION),
        ("mysql", "datetime", "timestamp", BREAKING),
        ("mysql", "enum('a','b')", "varchar(9)", ATTENTION),
        ("sqlite", "VARCHAR(20)", "TEXT", SAFE),
        ("sqlite", "INTEGER", "TEXT", BREAKING),
        ("sqlite", "INTEGER", "BIGINT", SAFE),
    ],
)
def test_other_databases_types_are_read_as_they_mean_them(
    kind: str, old: str, new: str, expected: SchemaVerdict
) -> None:
    """MySQL's display widths and SQLite's affinities would be taken for PostgreSQL's types."""
    found = judge(holding(old, kind=kind, types=()), holding(new, kind=kind, types=()), READ, WRITE)
    assert found.verdict is expected
