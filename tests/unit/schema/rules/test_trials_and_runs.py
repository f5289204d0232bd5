"""What refusals prove: nothing on an incomplete copy, little with made-up values.

What servers really say is tried in the integration tests.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.catalog import Constraint, ConstraintKind
from smartspec_rollback.domain.workload import ResultColumn, Run, Statement, Trial, Use
from smartspec_rollback.schema.rules import runs, shapes, trials
from smartspec_rollback.testing.schema_samples import (
    case,
    catalog,
    column,
    said,
    statement,
    table,
)

ITEMS = table("items", column("id", "integer"), column("name"))
READS = statement("SELECT name FROM items", Use(relation="public.items", returns=("name",)))
GONE = 'column "name" does not exist'
REFUSED = Trial(statement=READS.id, worked=False, code="42703", message=GONE)
LESS = table("items", ITEMS.columns[0])


def run(code: str, message: str, values: str = "made up", **facts: Any) -> Run:
    """Make a run that fails on the new schema."""
    known: dict[str, Any] = {"before": True, "after": False, "same": None}
    return Run(statement=READS.id, code=code, message=message, values=values, **known | facts)


def test_only_what_worked_before_counts() -> None:
    """A statement that never worked says nothing of the change."""
    for worked, expected in ((True, "breaking"), (None, "unknown")):
        asked = statement(READS.text, *(READS.uses or ()), worked=worked)
        facts = case(catalog(ITEMS), catalog(LESS), asked, trials=(REFUSED,))
        assert said(trials.findings(facts)) == {("column-dropped", "public.items.name"): expected}
    never = statement(READS.text, worked=False)
    assert (
        said(trials.findings(case(catalog(ITEMS), catalog(LESS), never, trials=(REFUSED,)))) == {}
    )


def test_a_refusal_for_what_a_copy_lacks_proves_nothing() -> None:
    """A scratch server without an extension would make every rollback look broken, or safe."""
    message = "function public.similarity(text, text) does not exist"
    refused = Trial(statement=READS.id, worked=False, code="42883", message=message)
    lacking = frozenset({"public.similarity(text, text)"})
    failed = run("42883", message)
    facts = case(
        catalog(ITEMS), catalog(ITEMS), READS, trials=(refused,), runs=(failed,), missing=lacking
    )
    unproven = {("not-comparable", f"statement {READS.id}"): "unknown"}
    assert said(trials.findings(facts)) == unproven
    assert said(runs.findings(facts)) == unproven


def test_many_statements_with_one_cause_are_one_finding() -> None:
    """A dropped column would fill pages otherwise."""
    more = statement("SELECT upper(name) FROM items", *(READS.uses or ()))
    both = (REFUSED, Trial(statement=more.id, worked=False, code="42703", message=GONE))
    facts = case(catalog(ITEMS), catalog(LESS), READS, more, trials=both)
    (finding,) = trials.findings(facts)
    assert (finding.statement_id, finding.others) == (READS.id, 1)
    assert "ADD COLUMN name text" in finding.fix


@given(code=st.text(max_size=5), message=st.text(max_size=80), understood=st.booleans())
def test_no_refusal_is_ever_silent(code: str, message: str, understood: bool) -> None:  # noqa: FBT001 - drawn
    """A message in another language, or an unknown code, must never end as safe."""
    asked: Statement = READS if understood else statement(READS.text, uses=None)
    refused = Trial(statement=READS.id, worked=False, code=code, message=message)
    facts = case(catalog(ITEMS), catalog(LESS), asked, trials=(refused,))
    (finding,) = trials.findings(facts)
    assert finding.verdict.value == "breaking"
    assert "\n" not in finding.summary


CHECKED = 'new row for relation "items" violates check constraint "items_check"'


@pytest.mark.parametrize(
    ("ran", "expected"),
    [
        pytest.param(run("23514", CHECKED), {}, id="a constraint of old, made up"),
        pytest.param(
            run("22012", "division by zero"),
            {("statement-fails", "public.items"): "attention"},
            id="made up",
        ),
        pytest.param(
            run("22012", "division by zero", "recorded"),
            {("statement-fails", "public.items"): "breaking"},
            id="recorded",
        ),
        pytest.param(
            run("42883", "function x() does not exist"),
            {("statement-fails", "public.items"): "breaking"},
            id="whatever the values",
        ),
        pytest.param(run("23514", "", before=False), {}, id="failed before too"),
        pytest.param(run("", "", after=True, same=False), {}, id="made-up difference"),
        pytest.param(
            run("", "other rows", "recorded", after=True, same=False),
            {("result-changed", f"statement {READS.id}"): "attention"},
            id="recorded difference",
        ),
        pytest.param(run("", "", after=True, same=True), {}, id="the same"),
    ],
)
def test_what_a_run_proves(ran: Run, expected: dict[tuple[str, str], str]) -> None:
    """Values we made up are no values of the application."""
    checked = Constraint(
        name="items_check", kind=ConstraintKind.CHECK, columns=(), definition="CHECK (true)"
    )
    both = catalog(table("items", *ITEMS.columns, constraints=(checked,)))
    assert said(runs.findings(case(both, both, READS, runs=(ran,)))) == expected


def results(**types: str) -> tuple[ResultColumn, ...]:
    """Make result columns."""
    return tuple(ResultColumn(name=name, type=kind) for name, kind in types.items())


SELECTS = statement(
    "SELECT * FROM f()", results=results(a="integer", b="text"), parameters=("integer",)
)
ODD = ("result-changed", f"statement {SELECTS.id}")


@pytest.mark.parametrize(
    ("now", "parameters", "expected"),
    [
        (results(a="integer", b="text"), ("integer",), None),
        (results(a="integer", b="character varying"), ("bigint",), None),
        (results(a="integer"), ("integer",), "breaking"),
        (results(a="integer", c="text"), ("integer",), "breaking"),
        (results(b="text", a="integer"), ("integer",), "attention"),
        (results(a="integer", b="text", c="text"), ("integer",), "attention"),
        (results(a="text", b="text"), ("integer",), "breaking"),
        (results(a="bigint", b="text"), ("integer",), "attention"),
        (results(a="integer", b="text"), ("uuid",), "breaking"),
        (results(a="integer", b="text"), ("smallint",), "attention"),
        (results(a="integer", b="text"), ("integer", "text"), "breaking"),
    ],
)
def test_shapes_of_results_and_parameters(
    now: tuple[ResultColumn, ...], parameters: tuple[str, ...], expected: str | None
) -> None:
    """It compiles, and the old program cannot read what it gets."""
    tried = Trial(statement=SELECTS.id, worked=True, results=now, parameters=parameters)
    facts = case(catalog(), catalog(), SELECTS, trials=(tried,))
    assert said(shapes.findings(facts)) == ({} if expected is None else {ODD: expected})
