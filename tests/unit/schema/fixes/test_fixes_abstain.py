"""Where there is no narrow fix, none is made up; hostile names stay names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.catalog import Constraint, ConstraintKind, Relation
from smartspec_rollback.schema.codes import ALL
from smartspec_rollback.schema.fixes import columns, fix, guards, quoting, relations
from smartspec_rollback.testing.schema_samples import case, catalog, column, table

ITEMS = table("items", column("id", "integer", nullable=False), column("name"))
KEYED = table(
    "items",
    column("id", "integer", nullable=False),
    constraints=(
        Constraint(
            name="items_pkey",
            kind=ConstraintKind.PRIMARY_KEY,
            columns=("id",),
            definition="PRIMARY KEY (id)",
        ),
    ),
)


@pytest.mark.parametrize("code", [each.name for each in ALL])
@pytest.mark.parametrize("named", ["", "public.gone", "public.items.gone", "no.dots.at.all", "x()"])
def test_an_object_nobody_knows_gets_no_fix(code: str, named: str) -> None:
    """SQL about objects that do not exist would mislead, and a crash would hide the finding."""
    assert fix(code, case(catalog(ITEMS), catalog(ITEMS)), named) == ""


def test_no_code_promises_what_cannot_be_had() -> None:
    """Lost values, other types and reformatted data can only be rolled forward."""
    facts = case(catalog(ITEMS), catalog(ITEMS))
    for code in ("type-changed", "column-generated", "split", "data-reformatted", "no-such-code"):
        assert fix(code, facts, "public.items.name") == ""


def test_a_primary_key_column_is_never_made_nullable() -> None:
    """The server would refuse it."""
    assert columns.drop_not_null("postgresql", KEYED, KEYED.columns[0]) == ""


@pytest.mark.parametrize("kind", ["mysql", "mariadb"])
def test_mysql_is_spelled_as_mysql(kind: str) -> None:
    """A fix in another dialect fails when it is needed."""
    name = ITEMS.columns[1]
    assert columns.drop_not_null(kind, ITEMS, name) == (
        "ALTER TABLE `public`.`items` MODIFY COLUMN `name` text NULL;"
    )
    optional = columns.make_optional(kind, ITEMS, name, catalog(kind=kind))
    assert "ALTER COLUMN `name` SET DEFAULT ('')" in optional
    assert guards.drop_index(kind, ITEMS, "once") == "DROP INDEX `once` ON `public`.`items`;"
    renamed = relations.view_in_place_of(kind, ITEMS, table("goods", *ITEMS.columns))
    assert renamed == "CREATE VIEW `public`.`items` AS SELECT `id`, `name` FROM `public`.`goods`;"
    assert relations.view_with_old_columns(kind, ITEMS, ITEMS, {}) == ""


def test_sqlite_gets_no_alter_column() -> None:
    """SQLite has no ALTER COLUMN: tables must be rebuilt, which is no narrow fix."""
    name = ITEMS.columns[1]
    schema = catalog(kind="sqlite")
    assert columns.make_optional("sqlite", ITEMS, name, schema) == ""
    assert columns.drop_not_null("sqlite", ITEMS, name) == ""
    assert columns.restore_default("sqlite", ITEMS, column("a", default="1"), schema) == ""


@given(st.text(min_size=1).filter(lambda each: "\0" not in each))
def test_a_hostile_name_stays_one_identifier(name: str) -> None:
    """A name that ends its own quotes would run as SQL when somebody pastes the fix."""
    for kind, mark in (("postgresql", '"'), ("sqlite", '"'), ("mysql", "`")):
        spelled = quoting.name(kind, name)
        if spelled != name:
            assert spelled[0] == spelled[-1] == mark
            assert mark not in spelled[1:-1].replace(mark * 2, "")


@given(st.text())
def test_a_remark_stays_on_its_line(text: str) -> None:
    """The end of a comment in a name would turn the rest of it into SQL."""
    said = quoting.remark(text)
    assert said.startswith("/* ")
    assert said.index("*/") == len(said) - 2
    assert "/*" not in said[2:]
    assert len(said.splitlines()) == 1


def test_a_default_partition_is_not_made_twice() -> None:
    """A second DEFAULT partition is refused by the server."""
    parent = table("items", column("id"), kind="partitioned table")
    part = Relation(
        schema="public",
        name="rest",
        kind=parent.kind,
        columns=(),
        partition_of="public.items",
        partition_bound="DEFAULT",
    )
    assert fix("partition-missing", case(catalog(), catalog(parent, part)), "public.items") == ""
