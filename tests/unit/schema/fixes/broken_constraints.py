"""Constraints and keys added and dropped, each breaking a statement."""

from tests.unit.schema.fixes.broken import ID, INSERT, ITEMS, NAME, UPSERT, Broken, check, two

from smartspec_rollback.domain.catalog import (
    ConstraintKind,
    Index,
)
from smartspec_rollback.testing.schema_samples import column, table

PARENT_KEY = check(
    "child_item_fkey",
    "FOREIGN KEY (item) REFERENCES items(id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED",
    ConstraintKind.FOREIGN_KEY,
)

CONSTRAINTS = (
    Broken(
        "CHECK added",
        "check-added",
        "public.items.long",
        "CREATE TABLE items (id int, name text CONSTRAINT long CHECK (length(name) > 3))",
        INSERT,
        two(
            (ITEMS,),
            (table("items", ID, NAME, constraints=(check("long", "", ConstraintKind.CHECK),)),),
        ),
    ),
    Broken(
        "UNIQUE index added",
        "unique-added",
        "public.items.once",
        "CREATE TABLE items (id int, name text); CREATE UNIQUE INDEX once ON items (name);"
        "INSERT INTO items VALUES (0, 'a')",
        INSERT,
        two(
            (ITEMS,),
            (
                table(
                    "items",
                    ID,
                    NAME,
                    indexes=(Index(name="once", columns=("name",), unique=True, definition=""),),
                ),
            ),
        ),
    ),
    Broken(
        "foreign key added",
        "foreign-key-added",
        "public.items.known",
        "CREATE TABLE names (name text PRIMARY KEY);"
        "CREATE TABLE items (id int, name text CONSTRAINT known REFERENCES names)",
        INSERT,
        two(
            (ITEMS,),
            (
                table(
                    "items", ID, NAME, constraints=(check("known", "", ConstraintKind.FOREIGN_KEY),)
                ),
            ),
        ),
    ),
    Broken(
        "foreign key blocks deletes",
        "foreign-key-blocks-delete",
        "public.child.child_item_fkey",
        "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'a');"
        "CREATE TABLE child (item int, CONSTRAINT child_item_fkey FOREIGN KEY (item) "
        "REFERENCES items(id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO child VALUES (1)",
        "DELETE FROM items WHERE id = 1",
        two(
            (ITEMS,), (ITEMS, table("child", column("item", "integer"), constraints=(PARENT_KEY,)))
        ),
    ),
    Broken(
        "primary key changed",
        "primary-key-changed",
        "public.items.items_pkey",
        "CREATE TABLE items (id int, name text PRIMARY KEY)",
        UPSERT,
        two(
            (
                table(
                    "items",
                    ID,
                    NAME,
                    constraints=(
                        check(
                            "items_pkey",
                            "PRIMARY KEY (id)",
                            ConstraintKind.PRIMARY_KEY,
                            columns=("id",),
                        ),
                    ),
                ),
            ),
            (
                table(
                    "items",
                    ID,
                    NAME,
                    constraints=(
                        check(
                            "items_pkey",
                            "PRIMARY KEY (name)",
                            ConstraintKind.PRIMARY_KEY,
                            columns=("name",),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Broken(
        "unique index dropped",
        "unique-dropped",
        "public.items.once",
        "CREATE TABLE items (id int, name text)",
        UPSERT,
        two(
            (
                table(
                    "items",
                    ID,
                    NAME,
                    indexes=(
                        Index(
                            name="once",
                            columns=("id",),
                            unique=True,
                            definition="CREATE UNIQUE INDEX once ON public.items USING btree (id)",
                        ),
                    ),
                ),
            ),
            (ITEMS,),
        ),
    ),
)
