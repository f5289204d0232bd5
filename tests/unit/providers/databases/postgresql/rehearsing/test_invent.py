"""Made-up values: the server takes them, and they are different."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.databases.postgresql.copied import recorded
from tests.unit.providers.databases.postgresql.many_schemas import SCHEMAS

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.providers.databases.postgresql.naming import identifier, literal
from smartspec_rollback.providers.databases.postgresql.rehearsing.invent import Inventor, array
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

FEW = frozenset({"boolean", '"char"', "bit(4)", "public.mood", "character(1)", "regclass"})
"""Types that have not many values."""


@pytest.mark.parametrize("schema", ["types", "every type"])
def test_the_server_takes_them_and_they_differ(postgres15: Scratch, schema: str) -> None:
    """Tables would stay empty, or unique columns refuse every second row."""
    catalog, _ = recorded(postgres15, SCHEMAS[schema])
    inventor = Inventor(catalog)
    (table,) = catalog.relations
    with postgres15.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMAS[schema].encode())
        for column in table.columns:
            values = [inventor.value(column.type, n) for n in (1, 2, 777)]
            if column.type == "regclass":
                assert values == [None] * 3
                continue
            for value in values:
                assert value is not None, column.type
                connection.execute(f"SELECT {literal(value)}::{column.type}".encode())
            if column.type.removesuffix("[]") not in FEW | {"public.span"}:
                assert len(set(values)) == 3, column.type


def test_checks_are_looked_into() -> None:
    """A column with CHECK (status IN (…)) would keep its table empty."""
    inventor = Inventor(Catalog(kind="postgresql", version="18"))
    about = iter(["CHECK (((a = 'it''s'::text) OR (n > 41)))"])
    found = list(inventor.candidates("text", 1, about))
    assert {"it's", "41", "42", "40"} <= set(found)


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"))))
def test_arrays_hold_any_text(values: list[str | None]) -> None:
    """A value with a quote or brace would break the array, or become two."""
    text = array(values)
    assert text.startswith("{")
    plain = text.replace("\\\\", "").replace('\\"', "")
    assert plain.count('"') == 2 * sum(value is not None for value in values)


def test_quoting_survives_the_server(scratch: Scratch) -> None:
    """A name or text out of a hostile record would become SQL."""
    odd = ["'", "''", "\\'", "\\", '"', '""', "$1", "; DROP", "ü\n", "E'", "x" * 9]
    with scratch.connect() as connection:
        for text in odd:
            row = connection.execute(f"SELECT {literal(text)} AS {identifier(text)}".encode())
            assert row.fetchone() == (text,)
            assert row.description is not None
            assert row.description[0].name == text
