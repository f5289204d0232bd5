"""NOT NULL and defaults of columns both schemas have."""

from typing import Any

import pytest
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    ENOUGH,
    SAFE,
    UNKNOWN,
    insert,
    judge,
    one,
    opaque,
    select,
    statement_with,
    update,
)

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.testing.schema_samples import catalog, column, table

READ = select("id", "v")
NULLS = Question(kind=QuestionKind.NULLS, relation="public.items", columns=("v",))


def holding(**facts: Any) -> Catalog:
    """Make a schema whose column ``v`` has these facts."""
    rows = {"empty": facts.pop("empty", None)}
    return catalog(table("items", column("id", "integer"), column("v", **facts), **rows))


OPEN, CLOSED = holding(), holding(nullable=False)


@pytest.mark.parametrize(
    ("new", "statements", "code", "expected"),
    [
        (CLOSED, (insert("id"),), "null-refused", BREAKING),
        (
            holding(nullable=False, default="'x'::text"),
            (insert("id"),),
            "null-refused-unwritten",
            SAFE,
        ),
        (CLOSED, (update("v", nulls=("v",)),), "null-refused", BREAKING),
        (CLOSED, (update("v"),), "null-refused", ATTENTION),
        (
            CLOSED,
            (statement_with("UPDATE items SET v = 'x'", "v", "x"),),
            "null-refused-unwritten",
            SAFE,
        ),
        (CLOSED, (READ,), "null-refused-unwritten", SAFE),
        (
            CLOSED,
            (READ, opaque("CALL f('items', 'v')"), *ENOUGH),
            "null-refused-unwritten",
            UNKNOWN,
        ),
    ],
)
def test_not_null_is_weighed_by_what_is_written(
    new: Catalog, statements: tuple[Statement, ...], code: str, expected: SchemaVerdict
) -> None:
    """Compiling shows nothing of this: the inserts would fail one by one in production."""
    assert one(judge(OPEN, new, *statements), code).verdict is expected


@pytest.mark.parametrize(
    ("nulls", "statements", "expected"),
    [
        (3, (READ,), BREAKING),
        (0, (READ,), SAFE),
        (None, (READ,), ATTENTION),
        (3, (select("id"),), SAFE),
    ],
)
def test_null_in_a_column_that_had_none_is_weighed_by_rows_and_readers(
    nulls: int | None, statements: tuple[Statement, ...], expected: SchemaVerdict
) -> None:
    """A program that never met NULL there fails on the first row that has it."""
    found = one(judge(CLOSED, OPEN, *statements, answers={NULLS: nulls}), "null-allowed")
    assert found.verdict is expected
    assert (found.loses == "") is (nulls == 0)


def test_null_is_no_danger_in_a_table_known_to_be_empty() -> None:
    """A release that prepares a table nobody fills yet would be called dangerous."""
    assert one(judge(CLOSED, holding(empty=True), READ), "null-allowed").verdict is SAFE


@pytest.mark.parametrize(
    ("old", "new", "statements", "code", "expected"),
    [
        (
            {"default": "'a'", "nullable": False},
            {"nullable": False},
            (insert("id"), READ),
            "default-dropped",
            BREAKING,
        ),
        ({"default": "'a'"}, {}, (insert("id"), READ), "default-dropped", ATTENTION),
        ({"default": "'a'"}, {}, (insert("id", "v"), READ), "default-dropped", SAFE),
        (
            {"default": "'a'"},
            {"default": "'b'"},
            (insert("id"), READ),
            "default-changed",
            ATTENTION,
        ),
        ({"default": "'a'"}, {"default": "'b'"}, (insert("id"),), "default-changed", SAFE),
        (
            {"default": "'a'"},
            {"default": "'b'"},
            (insert("id", "v"), READ),
            "default-changed",
            SAFE,
        ),
        ({}, {"default": "'b'"}, (insert("id"), READ), "default-changed", ATTENTION),
    ],
)
def test_a_default_matters_to_inserts_that_omit_the_column(
    old: dict[str, Any],
    new: dict[str, Any],
    statements: tuple[Statement, ...],
    code: str,
    expected: SchemaVerdict,
) -> None:
    """An insert that gives a value never sees the default; one that omits it gets another value."""
    assert one(judge(holding(**old), holding(**new), *statements), code).verdict is expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("now()", "CURRENT_TIMESTAMP"),
        ("'x'::text", "'x'::character varying"),
        ("0", "0.0::numeric"),
        ("('1'::bigint)", "1"),
        ("nextval('a_seq'::regclass)", "nextval('b_seq'::regclass)"),
        ("gen_random_uuid()", "public.uuid_generate_v4()"),
        ("NULL::text", None),
    ],
)
def test_a_default_written_in_another_way_is_no_change(old: str, new: str | None) -> None:
    """Servers and tools respell defaults; each would be an alarm."""
    before, after = holding(default=old), holding(default=new)
    assert judge(before, after, insert("id"), READ).findings == ()
