"""Simple predicates: read, evaluated, and compared for what implies what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.schema.reading.predicate_reader import read
from smartspec_rollback.schema.reading.predicates import Opaque, Truth, implies, truth

YES, NO, NULL, UNTOLD = Truth.YES, Truth.NO, Truth.NULL, Truth.UNTOLD


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("((price > (0)::numeric))", {"price": "1"}, YES),
        ("((price > (0)::numeric))", {"price": "0"}, NO),
        ("((price > (0)::numeric))", {"price": None}, NULL),
        ("(0 < price)", {"price": "0"}, NO),
        ("((price > '-5'::integer))", {"price": "-6"}, NO),
        ("(price > 0)", {}, UNTOLD),
        (
            "(((k)::text = ANY ((ARRAY['a'::character varying, 'b'::bpchar])::text[])))",
            {"k": "b"},
            YES,
        ),
        ("(k = ANY (ARRAY['a'::public.mood]))", {"k": "x"}, NO),
        ("(k <> ALL (ARRAY['a'::text]))", {"k": "a"}, NO),
        ("(`k` in (_utf8mb4\\'a\\',_utf8mb4\\'b\\'))", {"k": "a"}, YES),
        ("k NOT IN ('a', 'it''s')", {"k": "it's"}, NO),
        ("x BETWEEN 1 AND 10", {"x": "11"}, NO),
        ("NOT (x = 1 OR x = 2)", {"x": "3"}, YES),
        ("(char_length((k)::text) <= 3)", {"k": "abcd"}, NO),
        ("((a IS NOT NULL) OR (b IS NOT NULL))", {"a": None, "b": "1"}, YES),
        ("(a IS NOT FALSE)", {"a": None}, YES),
        ("(a IS TRUE)", {"a": None}, NO),
        ("(NOT active)", {"active": "true"}, NO),
        ("(k ~ '^a'::text)", {"k": "a"}, UNTOLD),
        ("((x > 1) AND (k ~ '^a'::text))", {"x": "1", "k": "a"}, NO),
        ("((x > 1) OR (k ~ '^a'::text))", {"x": "2", "k": "a"}, YES),
        ("((a + b) > 0)", {"a": "1", "b": "1"}, UNTOLD),
        ("CASE WHEN a THEN x > 1 AND y > 2 ELSE true END", {"y": "0"}, UNTOLD),
        ("((price)::integer > 1)", {"price": "2"}, UNTOLD),
        ("(k < 'm'::text)", {"k": "a"}, UNTOLD),
    ],
)
def test_a_row_is_judged_as_the_server_would_or_not_at_all(
    text: str, row: dict[str, str | None], expected: Truth
) -> None:
    """A wrong YES calls a refused write safe; a wrong NO refuses a good rollback."""
    assert truth(read(text), row) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("k IN ('a')", "k IN ('a', 'b')", True),
        ("k IN ('a', 'b')", "k IN ('a')", False),
        ("k = 'a'", "k <> 'b'", True),
        ("x >= 1", "x > 1", False),
        ("x > 1", "x >= 1", True),
        ("x < 5", "x <= 9", True),
        ("x > 1 AND x < 5", "x >= 0", True),
        ("x > 0", "x > 1 OR x > -1", True),
        ("x > 0 OR y > 0", "x > 0", False),
        ("length(k) <= 3", "char_length(k) <= 5", True),
        ("x > 1", "y > 1", False),
        ("k ~ 'a'", "k ~ 'a'", True),
        ("k ~ 'a'", "k ~ 'b'", False),
        ("x IS NULL", "x IS NOT NULL", False),
    ],
)
def test_one_predicate_implies_another_only_where_that_is_certain(
    one: str, other: str, *, expected: bool
) -> None:
    """A stricter check taken for a weaker one would refuse writes after the rollback."""
    assert implies(read(one), read(other)) is expected


_atoms = st.builds(
    lambda name, sign, number: f"{name} {sign} {number}",
    st.sampled_from("xy"),
    st.sampled_from(("=", "<>", "<", "<=", ">", ">=")),
    st.integers(0, 4),
)
_predicates = st.recursive(
    _atoms,
    lambda inner: (
        st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(("AND", "OR")), inner)
        | inner.map(lambda each: f"(NOT ({each}))")
    ),
    max_leaves=5,
)
_values = st.none() | st.integers(0, 4).map(str)


@given(one=_predicates, other=_predicates, x=_values, y=_values)
def test_what_is_implied_holds_for_every_row(
    one: str, other: str, x: str | None, y: str | None
) -> None:
    """Implication is what makes a changed check safe without looking at a row."""
    row = {"x": x, "y": y}
    if implies(read(one), read(other)) and truth(read(one), row) is not NO:
        assert truth(read(other), row) is not NO


@given(text=st.text(max_size=200) | st.integers(1, 400).map(lambda n: "(" * n + "x > 1" + ")" * n))
def test_any_text_is_read_or_left_alone(text: str) -> None:
    """A hostile or huge definition would stop the whole comparison."""
    assert truth(read(text), {}) in {UNTOLD, *Truth}


def test_a_text_too_long_to_be_simple_is_not_read() -> None:
    """A list of a million values would take longer than the rollback."""
    assert isinstance(read("x IN (" + "1, " * 10_000 + "1)"), Opaque)
