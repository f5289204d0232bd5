"""A schema with every kind of object, and how the tests of this package read schemas."""

from typing import Any

import psycopg

from smartspec_rollback.domain.catalog import Catalog, Function, Relation
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.address import read
from smartspec_rollback.providers.databases.postgresql.catalog import reader as reading
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.system import SystemClock

OBJECTS = """
    CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('sad', 'glad');
    ALTER TYPE shop.mood ADD VALUE 'calm' BEFORE 'glad';
    CREATE DOMAIN shop.code AS varchar(5) DEFAULT 'x' NOT NULL CHECK (VALUE <> '');
    CREATE TYPE shop.pair AS (a integer, b text COLLATE "C");
    CREATE TYPE shop.span AS RANGE (subtype = float8, subtype_diff = float8mi);
    CREATE TABLE shop.items (
        id serial PRIMARY KEY,
        number bigint GENERATED ALWAYS AS IDENTITY,
        name varchar(20) NOT NULL DEFAULT 'it''s',
        twice integer GENERATED ALWAYS AS (id * 2) STORED,
        mood shop.mood DEFAULT 'sad',
        tag text COLLATE "C",
        seen timestamptz DEFAULT now(),
        moods shop.mood[],
        gone integer,
        CONSTRAINT named UNIQUE (name, tag) DEFERRABLE,
        CONSTRAINT positive CHECK (id > 0 AND name <> 'CHECK (x)'),
        CONSTRAINT apart EXCLUDE USING gist (box(point(id, id), point(id, id)) WITH &&)
    );
    ALTER TABLE shop.items DROP COLUMN gone;
    ALTER TABLE shop.items ADD CONSTRAINT late CHECK (tag <> '') NOT VALID;
    COMMENT ON TABLE shop.items IS 'what is sold';
    COMMENT ON COLUMN shop.items.tag IS 'for people';
    CREATE INDEX partly ON shop.items (name, lower(tag)) INCLUDE (id) WHERE tag = 'a WHERE b';
    CREATE TABLE shop.lines (
        item integer REFERENCES shop.items (id) ON DELETE CASCADE, note text);
    INSERT INTO shop.lines (note) VALUES ('kept');
    CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF name ON shop.items
        FOR EACH ROW EXECUTE FUNCTION shop.touch();
    CREATE TRIGGER asleep AFTER DELETE ON shop.items EXECUTE FUNCTION shop.touch();
    ALTER TABLE shop.items DISABLE TRIGGER asleep;
    ALTER TABLE shop.lines ENABLE ROW LEVEL SECURITY;
    ALTER TABLE shop.lines FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON shop.lines FOR SELECT USING (note <> 'secret');
    CREATE RULE silent AS ON DELETE TO shop.lines WHERE old.note = 'kept' DO INSTEAD NOTHING;
    CREATE VIEW shop.names WITH (security_barrier) AS
        SELECT name, tag FROM shop.items WHERE id > 1 WITH LOCAL CHECK OPTION;
    CREATE VIEW shop.counted AS SELECT count(*) AS number FROM shop.items;
    CREATE MATERIALIZED VIEW shop.kept AS SELECT name FROM shop.items;
    CREATE FUNCTION shop.total(a integer, b text DEFAULT 'x', OUT c bigint, VARIADIC d integer[]
        DEFAULT '{}') LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint';
    CREATE PROCEDURE shop.tidy(integer) LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE shop.sum(integer) (sfunc = int4pl, stype = integer);
    CREATE TABLE shop.parts (id integer PRIMARY KEY, at date) PARTITION BY RANGE (id);
    CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (1) TO (10);
    CREATE TABLE shop.parts_rest PARTITION OF shop.parts DEFAULT;
    CREATE TRIGGER cloned AFTER INSERT ON shop.parts FOR EACH ROW EXECUTE FUNCTION shop.touch();
    CREATE TABLE shop.refers (part integer REFERENCES shop.parts (id));
    CREATE TABLE shop.heir () INHERITS (shop.lines);
    CREATE TABLE public."Odd %s ""name"" it" ("a b" integer);
    CREATE FOREIGN DATA WRAPPER nowhere;
    CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
    CREATE FOREIGN TABLE shop.remote (id integer) SERVER far;
"""


def look(url: str, *, schemas: tuple[str, ...] = (), **options: Any) -> Catalog:
    """Read the schema as the provider does."""
    sessions = Sessions(read(Sensitive(url)), **options)
    deadline = Deadline.after(SystemClock(), 60)
    return reading.read(sessions, schemas=schemas, deadline=deadline)


def make(url: str, script: str) -> None:
    """Run a script as the superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def relation(catalog: Catalog, name: str) -> Relation:
    """Find a relation that has to be there."""
    found = catalog.relation(name)
    assert found is not None, f"{name} is not among {[r.qualified for r in catalog.relations]}"
    return found


def function(catalog: Catalog, signature: str) -> Function:
    """Find a function that has to be there."""
    return next(each for each in catalog.functions if each.signature == signature)
