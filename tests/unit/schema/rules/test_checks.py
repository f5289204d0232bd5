"""CHECK constraints added and dropped."""

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
    update,
)

from smartspec_rollback.domain.catalog import Catalog, Constraint, ConstraintKind
from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import ColumnProfile, Statement
from smartspec_rollback.testing.schema_samples import catalog, column, table

KIND = "(kind = ANY (ARRAY['gift'::text, 'sale'::text]))"
WIDER = "(kind = ANY (ARRAY['gift'::text, 'sale'::text, 'trial'::text]))"


def holding(*predicates: str, spelled: str = "text", validated: bool = True) -> Catalog:
    """Make a schema with these checks on ``kind``."""
    checks = tuple(
        Constraint(
            name=f"c{n}",
            kind=ConstraintKind.CHECK,
            columns=("kind",),
            definition=f"CHECK ({text})",
            predicate=text,
            validated=validated,
        )
        for n, text in enumerate(predicates)
    )
    columns = column("id", "integer"), column("kind", spelled)
    return catalog(table("items", *columns, constraints=checks, rows=300))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((statement_with("INSERT INTO items (kind) VALUES ('sale')", "kind", "sale"),), SAFE),
        ((statement_with("INSERT INTO items (kind) VALUES ('loan')", "kind", "loan"),), BREAKING),
        ((statement_with("UPDATE items SET kind = 'loan'", "kind", "loan"),), BREAKING),
        ((insert("id", "kind"),), ATTENTION),
        ((insert("id"),), SAFE),
        ((update("id"),), SAFE),
        ((select("id"),), SAFE),
    ],
)
def test_an_added_check_is_weighed_by_what_is_written(
    statements: tuple[Statement, ...], expected: SchemaVerdict
) -> None:
    """Constants prove it either way; for parameters only the rows speak."""
    found = one(judge(holding(), holding(KIND), *statements), "check-added")
    assert found.verdict is expected
    if expected is ATTENTION:
        assert any("below 0.01" in each.value for each in found.evidence)


def test_an_added_check_is_unknown_without_statements() -> None:
    """Silence of an unknown workload would be taken for proof."""
    assert judge(holding(), holding(KIND)).verdict is UNKNOWN


@pytest.mark.parametrize("count", [0, 2])
def test_rows_that_violate_a_check_not_yet_tried_break_writers(count: int) -> None:
    """NOT VALID spares the rows there are, not the next update of one of them."""
    asked = Question(
        kind=QuestionKind.VIOLATIONS, relation="public.items", columns=("kind",), arguments=(KIND,)
    )
    found = judge(holding(), holding(KIND, validated=False), update("id"), answers={asked: count})
    assert one(found, "check-added").verdict is (BREAKING if count else SAFE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (holding(KIND), holding(WIDER)),
        (holding("(kind <> 'x')", KIND), holding("(kind <> 'x')", WIDER)),
        (holding(spelled="character varying(9)"), holding("(length(kind) <= 10)")),
        (holding("((kind > 5) AND (kind < 9))"), holding("(kind >= 5)")),
    ],
)
def test_a_check_that_demands_no_more_than_before_is_safe_for_writers(
    old: Catalog, new: Catalog
) -> None:
    """Widening a list of allowed values is common, and refuses nothing."""
    found = judge(old, new, insert("id", "kind"))
    assert one(found, "check-added").verdict is SAFE


@pytest.mark.parametrize(
    ("count", "statements", "expected"),
    [
        (0, (select("id", "kind"),), SAFE),
        (2, (select("id", "kind"),), BREAKING),
        (2, (select("id"),), SAFE),
        (None, (select("id", "kind"),), ATTENTION),
    ],
)
def test_a_dropped_list_of_values_is_weighed_by_rows_and_readers(
    count: int | None, statements: tuple[Statement, ...], expected: SchemaVerdict
) -> None:
    """The old version would read a value it has no case for."""
    asked = Question(
        kind=QuestionKind.VIOLATIONS, relation="public.items", columns=("kind",), arguments=(KIND,)
    )
    found = judge(holding(KIND), holding(), *statements, answers={asked: count})
    assert one(found, "constraint-dropped").verdict is expected


def test_recorded_figures_answer_where_no_database_can_be_asked() -> None:
    """Two recorded snapshots would call safe what a live database shows to be broken."""
    read = select("id", "kind")
    for labels, expected in ((("gift", "loan"), BREAKING), (("gift",), SAFE)):
        profile = ColumnProfile(
            relation="public.items", column="kind", nulls=0, rows=9, labels=labels
        )
        found = judge(holding(KIND), holding(), read, profiles=(profile,))
        assert one(found, "constraint-dropped").verdict is expected


def test_a_check_under_another_name_is_no_change() -> None:
    """Tools name constraints anew; each would be an alarm."""
    renamed = catalog(
        table(
            "items",
            column("id", "integer"),
            column("kind"),
            constraints=(
                Constraint(
                    name="other",
                    kind=ConstraintKind.CHECK,
                    columns=("kind",),
                    definition=f"CHECK  {KIND}",
                    predicate=f" {KIND} ",
                ),
            ),
        )
    )
    assert judge(holding(KIND), renamed, insert("id", "kind")).findings == ()
