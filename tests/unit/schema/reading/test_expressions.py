"""Which expressions can refuse values, and so the rows that have them."""

import pytest

from smartspec_rollback.domain.catalog import Function
from smartspec_rollback.schema.reading.expressions import calls_own, refuses
from smartspec_rollback.testing.schema_samples import catalog


@pytest.mark.parametrize(
    "expression",
    [
        "lower(title)",
        "to_tsvector('english'::regconfig, (COALESCE(title, ''::text) || ' / '::text))",
        "(a + b)",
        "((100)::numeric / NULLIF(net, (0)::numeric))",
        "CASE WHEN (a IS NULL) THEN 'x'::text ELSE (b)::text END",
        "date_trunc('day'::text, at)",
    ],
)
def test_what_takes_every_value(expression: str) -> None:
    """People would be told to look at every new search column."""
    assert refuses(expression) is None


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("((100)::numeric / net)", "divides"),
        ("(a % b)", "divides"),
        ("(text_of)::integer", "casts to integer"),
        ("checked(a)", "calls checked"),
        ("sqrt(a)", "calls sqrt"),
        ("(payload ->> 'id'::text)::uuid", "casts to uuid"),
    ],
)
def test_what_may_refuse(expression: str, why: str) -> None:
    """Rows the old version writes are refused, and nobody was told."""
    assert refuses(expression) == why


def test_only_functions_somebody_wrote_count_as_own() -> None:
    """What a server or an extension brings is not what a release changed."""
    made = Function(schema="public", name="Made", kind="function", arguments=())
    lent = Function(schema="public", name="lent", kind="function", arguments=(), extension="x")
    schema = catalog(functions=(made, lent))
    assert calls_own("coalesce(made(), 1)", schema) == "public.Made()"
    assert calls_own("lent()", schema) is None
    assert calls_own("'made()'", schema) is None
