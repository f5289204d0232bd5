"""Schemas read from real servers: every kind of object is there, and spelled as it should be."""

from collections.abc import Iterator

import pytest
from tests.unit.providers.databases.postgresql.schemas import (
    OBJECTS,
    function,
    look,
    make,
    relation,
)

from smartspec_rollback.domain.catalog import (
    Catalog,
    ConstraintKind,
    Grant,
    RelationKind,
    TypeKind,
)
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch


@pytest.fixture(scope="module", params=["scratch", "postgres15"])
def objects(request: pytest.FixtureRequest) -> Iterator[Catalog]:
    """Read the objects above, on the newest server and on an older one."""
    server: Scratch = request.getfixturevalue(request.param)
    with server.database() as url:
        make(url, OBJECTS)
        yield look(url)


def test_kinds_of_relations(objects: Catalog) -> None:
    """A relation is left out, and its loss goes unseen."""
    kinds = {each.qualified: each.kind for each in objects.relations}
    assert kinds == {
        'public.Odd %s "name" it': RelationKind.TABLE,
        "shop.counted": RelationKind.VIEW,
        "shop.heir": RelationKind.TABLE,
        "shop.items": RelationKind.TABLE,
        "shop.kept": RelationKind.MATERIALIZED_VIEW,
        "shop.lines": RelationKind.TABLE,
        "shop.names": RelationKind.VIEW,
        "shop.parts": RelationKind.PARTITIONED,
        "shop.parts_1": RelationKind.TABLE,
        "shop.parts_rest": RelationKind.TABLE,
        "shop.refers": RelationKind.TABLE,
        "shop.remote": RelationKind.FOREIGN_TABLE,
    }
    assert objects.schemas == ("public", "shop")


def test_columns(objects: Catalog) -> None:
    """A changed type, default or collation is not seen, or is spelled like another one."""
    columns = {each.name: each for each in relation(objects, "shop.items").columns}
    assert {name: each.type for name, each in columns.items()} == {
        "id": "integer",
        "number": "bigint",
        "name": "character varying(20)",
        "twice": "integer",
        "mood": "shop.mood",
        "tag": "text",
        "seen": "timestamp with time zone",
        "moods": "shop.mood[]",
    }
    assert columns["id"].default == "nextval('shop.items_id_seq'::regclass)"
    assert columns["name"].default == "'it''s'::character varying"
    assert columns["mood"].default == "'sad'::shop.mood"
    assert (columns["twice"].generated, columns["twice"].default) == ("(id * 2)", None)
    assert columns["number"].identity == "always"
    assert columns["tag"].own_collation == 'pg_catalog."C"'
    assert columns["tag"].comment == "for people"
    assert [each.name for each in columns.values() if not each.nullable] == ["id", "number", "name"]


def test_constraints(objects: Catalog) -> None:
    """What rows have to satisfy is unknown, so that writes of the old version look fine."""
    found = {each.name: each for each in relation(objects, "shop.items").constraints}
    assert {name: each.kind for name, each in found.items()} == {
        "items_pkey": ConstraintKind.PRIMARY_KEY,
        "named": ConstraintKind.UNIQUE,
        "positive": ConstraintKind.CHECK,
        "apart": ConstraintKind.EXCLUDE,
        "late": ConstraintKind.CHECK,
    }
    assert found["named"].columns == ("name", "tag")
    assert found["named"].deferrable
    assert found["positive"].predicate == "((id > 0) AND ((name)::text <> 'CHECK (x)'::text))"
    assert found["late"].predicate == "(tag <> ''::text)"
    assert not found["late"].validated


def test_foreign_keys(objects: Catalog) -> None:
    """A foreign key that blocks a DELETE is not seen, or is counted once for each partition."""
    (key,) = relation(objects, "shop.lines").constraints
    assert (key.references, key.referenced_columns) == ("shop.items", ("id",))
    assert (key.columns, key.on_delete) == (("item",), "cascade")
    (key,) = relation(objects, "shop.refers").constraints
    assert (key.references, key.on_delete) == ("shop.parts", "no action")


def test_indexes(objects: Catalog) -> None:
    """A unique index that ON CONFLICT needs is not seen, or taken for another."""
    found = {each.name: each for each in relation(objects, "shop.items").indexes}
    partly = found["partly"]
    assert partly.columns == ("name", "(…)")
    assert partly.predicate == "(tag = 'a WHERE b'::text)"
    assert not partly.unique
    assert found["items_pkey"].unique
    assert found["items_pkey"].constraint == "items_pkey"


def test_triggers_policies_and_rules(objects: Catalog) -> None:
    """What fires or hides rows is unknown, and with it why a write fails."""
    asleep, touched = relation(objects, "shop.items").triggers
    assert (touched.function, touched.events, touched.enabled) == (
        "shop.touch",
        ("insert", "update"),
        True,
    )
    assert (asleep.events, asleep.enabled) == (("delete",), False)
    lines = relation(objects, "shop.lines")
    (policy,) = lines.policies
    assert (policy.command, policy.roles, policy.permissive) == ("select", ("public",), True)
    assert policy.using == "(note <> 'secret'::text)"
    assert (lines.row_security, lines.force_row_security) == (True, True)
    assert len(lines.rules) == 1
    assert not relation(objects, "shop.parts_1").triggers


def test_views(objects: Catalog) -> None:
    """A view cannot be made again in a scratch database, or is thought to take writes."""
    names, counted = relation(objects, "shop.names"), relation(objects, "shop.counted")
    assert "shop.items" in (names.definition or "")
    assert not (names.definition or ";").endswith(";")
    assert set(names.options) == {"security_barrier=true", "check_option=local"}
    assert (names.updatable, counted.updatable) == (True, False)
    assert relation(objects, "shop.kept").definition


def test_partitions_and_inheritance(objects: Catalog) -> None:
    """A row that fits no partition, or an inherited column, is not understood."""
    parts, first = relation(objects, "shop.parts"), relation(objects, "shop.parts_1")
    assert parts.partition_key == "RANGE (id)"
    assert (first.partition_of, first.inherits) == ("shop.parts", ())
    assert first.partition_bound == "FOR VALUES FROM (1) TO (10)"
    assert relation(objects, "shop.parts_rest").partition_bound == "DEFAULT"
    assert relation(objects, "shop.heir").inherits == ("shop.lines",)
    assert relation(objects, "shop.heir").partition_of is None


def test_emptiness_is_exact(objects: Catalog) -> None:
    """A table with rows passes for empty, so that what happens to its rows seems harmless."""
    empty = {each.name: each.empty for each in objects.relations}
    assert empty["items"] is True
    assert empty["parts"] is True
    assert empty["lines"] is False
    assert empty["remote"] is None
    assert empty["names"] is None


def test_functions(objects: Catalog) -> None:
    """A call with too few arguments, or of another signature, is misjudged."""
    total = function(objects, "shop.total(integer, text, integer[])")
    assert (total.names, total.defaults, total.variadic) == (("a", "b", "d"), 2, True)
    assert (total.returns, total.language, total.security_definer) == ("bigint", "sql", True)
    assert "CREATE OR REPLACE FUNCTION shop.total" in (total.definition or "")
    assert function(objects, "shop.tidy(integer)").kind == "procedure"
    aggregate = function(objects, "shop.sum(integer)")
    assert (aggregate.kind, aggregate.definition) == ("aggregate", None)
    assert Grant(grantee="public", privilege="EXECUTE") in total.grants


def test_types(objects: Catalog) -> None:
    """A dropped label or a stricter domain is not seen."""
    found = {each.name: each for each in objects.types}
    assert {name: each.kind for name, each in found.items()} == {
        "mood": TypeKind.ENUM,
        "code": TypeKind.DOMAIN,
        "pair": TypeKind.COMPOSITE,
        "span": TypeKind.RANGE,
    }
    assert found["mood"].labels == ("sad", "calm", "glad")
    code = found["code"]
    assert (code.base, code.nullable) == ("character varying(5)", False)
    assert code.default == "'x'::character varying"
    assert code.checks == ("CHECK (((VALUE)::text <> ''::text))",)
    assert [(a.name, a.type) for a in found["pair"].attributes] == [("a", "integer"), ("b", "text")]
    assert "SUBTYPE = double precision" in (found["span"].definition or "")


def test_sequences(objects: Catalog) -> None:
    """A sequence is made twice in a scratch database, or its owner is unknown."""
    found = {each.name: each for each in objects.sequences}
    serial, identity = found["items_id_seq"], found["items_number_seq"]
    assert (serial.owned_by, serial.identity, serial.type) == ("shop.items.id", False, "integer")
    assert (identity.owned_by, identity.identity) == ("shop.items.number", True)
    assert Grant(grantee="postgres", privilege="USAGE") in serial.grants


def test_what_is_not_modelled_is_named(objects: Catalog) -> None:
    """Two schemas are called equal although nobody compared all there is."""
    (aggregate,) = objects.others
    assert aggregate.startswith("aggregate shop.")
    assert objects.notes == ()


def test_definitions_make_the_same_schema_again(database: str, scratch: Scratch) -> None:
    """A definition depends on the search path it was read with, and means something else."""
    make(database, OBJECTS)
    catalog = look(database)
    span = next(each for each in catalog.types if each.name == "span")
    total = function(catalog, "shop.total(integer, text, integer[])")
    counter = next(each for each in catalog.sequences if not each.identity)
    script = ("CREATE SCHEMA shop", span.definition, total.definition, counter.definition)
    with scratch.database() as copy:
        make(copy, ";".join(each or "" for each in script))
        again = look(copy)
    assert next(each for each in again.types if each.name == "span") == span
    assert function(again, total.signature) == total
    assert again.sequences[0].definition == counter.definition


def test_grants_of_tables_columns_and_everybody(database: str) -> None:
    """A revoked privilege is not seen."""
    make(
        database,
        """
        DROP ROLE IF EXISTS reader_role;
        CREATE ROLE reader_role;
        CREATE TABLE items (id integer, name text);
        CREATE TABLE own (id integer);
        GRANT SELECT ON items TO reader_role;
        GRANT UPDATE (name) ON items TO reader_role;
        GRANT INSERT ON items TO public;
        """,
    )
    catalog = look(database)
    items = relation(catalog, "public.items").grants
    assert Grant(grantee="reader_role", privilege="SELECT") in items
    assert Grant(grantee="reader_role", privilege="UPDATE", column="name") in items
    assert Grant(grantee="public", privilege="INSERT") in items
    assert {each.grantee for each in relation(catalog, "public.own").grants} == {"postgres"}
    make(database, "DROP OWNED BY reader_role; DROP ROLE reader_role")
