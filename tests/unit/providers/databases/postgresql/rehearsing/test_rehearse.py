"""Old statements on copies of two schemas: what is found, and what must not be held against B."""

import msgspec
import pytest
from tests.unit.providers.databases.postgresql.copied import recorded, rehearsed, soon

from smartspec_rollback.domain.catalog import Extension
from smartspec_rollback.domain.workload import Run, Sample
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Laboratory, Rehearsal
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.rehearsing.rehearse import rehearse
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.testing.clock import FakeClock

SHOP = """
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE TABLE owners (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE items (id serial PRIMARY KEY, name varchar(20) NOT NULL, mood mood NOT NULL,
        owner_id int NOT NULL REFERENCES owners, price numeric(8, 2) NOT NULL DEFAULT 1,
        at timestamptz NOT NULL DEFAULT now())
"""
INSERT = "INSERT INTO items (name, mood, owner_id) VALUES ($1, $2, $3) RETURNING id, at"
SELECT = "SELECT id, name, price FROM items WHERE id = $1"
UPDATE = "UPDATE items SET price = $1 WHERE id = $2"
DELETE = "DELETE FROM items WHERE name = $1"
ALL = (INSERT, SELECT, UPDATE, DELETE)
BOTH_WAYS = pytest.mark.parametrize("migrate", [True, False])
SERVERS = pytest.mark.parametrize("server", ["scratch", "postgres15"])


def only(found: Rehearsal) -> Run:
    """Take the one run there is."""
    (run,) = found.runs
    return run


@SERVERS
@BOTH_WAYS
def test_a_harmless_change_harms_nothing(
    server: str, request: pytest.FixtureRequest, *, migrate: bool
) -> None:
    """Every rollback would be refused for differences that our own copies make."""
    found = rehearsed(
        request.getfixturevalue(server),
        SHOP,
        "ALTER TABLE items ADD note text; CREATE TABLE more (id int); CREATE INDEX ON items (name)",
        *ALL,
        migrate=migrate,
    )
    assert [t.worked for t in (*found.before, *found.after)] == [True] * 8
    assert [(r.before, r.after, r.same) for r in found.runs] == [(True, True, True)] * 4
    assert (found.missing_before, found.missing_after, found.notes) == ((), (), ())


@BOTH_WAYS
@pytest.mark.parametrize(
    ("change", "text", "code"),
    [
        (("ALTER TABLE items ADD tag text NOT NULL DEFAULT 'x'; "
         "ALTER TABLE items ALTER tag DROP DEFAULT"), INSERT, "23502"),
        ("ALTER TABLE items ADD CHECK (price < 0) NOT VALID", INSERT, "23514"),
        (("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
         "$$ BEGIN RAISE 'never'; END $$; CREATE TRIGGER no BEFORE INSERT ON items "
         "FOR EACH ROW EXECUTE FUNCTION no()"), INSERT, "P0001"),
        (("CREATE TABLE lent (item_id int NOT NULL REFERENCES items);"
         "INSERT INTO lent SELECT id FROM items"), DELETE, "23503"),
        ("ALTER TABLE items ALTER name TYPE varchar(3) USING left(name, 3)", INSERT, "22001"),
        ("ALTER TABLE items ADD CHECK (name = 'only') NOT VALID", INSERT, "23514"),
    ],
)  # fmt: skip
def test_values_that_b_refuses_are_found(
    scratch: Scratch, change: str, text: str, code: str, *, migrate: bool
) -> None:
    """What compiles and still fails would be called safe: the worst mistake there is."""
    run = only(rehearsed(scratch, SHOP, change, text, migrate=migrate))
    assert (run.before, run.after, run.code) == (True, False, code)
    assert run.message


def test_a_backfill_that_reformats_is_found(scratch: Scratch) -> None:
    """The old code would read other values than it wrote, and nobody would know."""
    run = only(rehearsed(scratch, SHOP, "UPDATE items SET price = price * 100", SELECT))
    assert (run.after, run.same, run.message) == (True, False, "the rows differ")


def test_a_trigger_that_swallows_rows_is_found(scratch: Scratch) -> None:
    """An UPDATE that has no effect any more raises nothing."""
    change = (
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER no BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION no()"
    )
    run = only(rehearsed(scratch, SHOP, change, UPDATE))
    assert (run.after, run.same, run.message) == (True, False, "1 rows before, 0 after")


def test_deferred_constraints_count(scratch: Scratch) -> None:
    """They are checked at COMMIT only, which never comes here."""
    change = "ALTER TABLE items ADD CONSTRAINT one UNIQUE (owner_id) DEFERRABLE INITIALLY DEFERRED"
    text = "INSERT INTO items (name, mood, owner_id) SELECT name, mood, owner_id FROM items"
    run = only(rehearsed(scratch, SHOP, change, text))
    assert (run.after, run.code) == (False, "23505")


def test_what_changes_by_itself_is_no_difference(scratch: Scratch) -> None:
    """now(), sequences and random() would make every statement suspicious."""
    found = rehearsed(
        scratch,
        SHOP,
        "ALTER TABLE items ADD note text",
        "SELECT now(), random(), nextval('items_id_seq'), current_database(), gen_random_uuid()",
        INSERT,
    )
    assert [r.same for r in found.runs] == [True, True]


def test_what_failed_before_says_nothing(scratch: Scratch) -> None:
    """A statement that never worked would be held against the new schema."""
    found = rehearsed(
        scratch, SHOP, "DROP TABLE owners CASCADE", "SELECT gone FROM items", "SELECT 1 / 0"
    )
    assert [t.worked for t in found.before] == [False, False]
    assert (found.after, found.runs) == ((), ())


def test_what_does_not_compile_after_is_not_run(scratch: Scratch) -> None:
    """The same failure would be told twice, by L2 and by L3."""
    found = rehearsed(scratch, SHOP, "ALTER TABLE items DROP name", SELECT, UPDATE)
    assert [(t.worked, t.code) for t in found.after] == [(False, "42703"), (True, None)]
    assert [r.after for r in found.runs] == [True]


def test_statements_that_end_transactions_are_never_executed(scratch: Scratch) -> None:
    """A COMMIT of the application's would keep what was to be rolled back."""
    found = rehearsed(scratch, SHOP, "SELECT 1", "BEGIN", "COMMIT", "ROLLBACK", DELETE)
    assert [r.same for r in found.runs] == [True]


@SERVERS
def test_the_applications_privileges_hold_in_both(
    server: str, request: pytest.FixtureRequest
) -> None:
    """A REVOKE would go unseen, or every statement fail for lack of a GRANT in our copy."""
    roles = (
        "DO $$ BEGIN CREATE ROLE till_app LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;"
        "DO $$ BEGIN CREATE ROLE till_group; EXCEPTION WHEN duplicate_object THEN END $$;"
    )
    grants = (
        "GRANT SELECT, INSERT ON items TO till_app; GRANT USAGE ON SEQUENCE items_id_seq "
        "TO till_app; GRANT UPDATE ON items TO till_group"
    )
    running: Scratch = request.getfixturevalue(server)
    before, snapshot = recorded(running, f"{roles}{SHOP};{grants}", INSERT, SELECT, UPDATE)
    app = msgspec.structs.replace(
        before, role="till_app", member_of=("till_app", "till_group"), superuser=False
    )
    asked = msgspec.structs.replace(snapshot, catalog=app)
    outside = msgspec.structs.replace(app, member_of=("till_app",))
    assert [t.worked for t in rehearse(running, asked, app, (), soon()).after] == [True] * 3
    lost = rehearse(running, asked, outside, (), soon())
    assert [(t.worked, t.code) for t in lost.after] == [
        (True, None),
        (True, None),
        (False, "42501"),
    ]
    narrow, _ = recorded(running, f"{roles}{SHOP};{grants};REVOKE INSERT ON items FROM till_app")
    revoked = msgspec.structs.replace(
        narrow, role="till_app", member_of=app.member_of, superuser=False
    )
    change = "REVOKE INSERT ON items FROM till_app"
    for migrations in ((), (change,)):
        found = rehearse(running, asked, revoked, migrations, soon())
        assert [t.code for t in found.after] == ["42501", None, None]
        assert all(r.after and r.same for r in found.runs)


def test_migrations_that_lead_elsewhere_are_not_relied_on(scratch: Scratch) -> None:
    """Statements would be judged on a schema that is not the one in production."""
    _, snapshot = recorded(scratch, SHOP, SELECT)
    after, _ = recorded(scratch, f"{SHOP};ALTER TABLE items DROP price")
    for migration, said in (
        ("ALTER TABLE items DROP mood", "do not lead to the schema after"),
        ("ALTER TABLE gone ADD x int", "migration 1 failed on the copy"),
    ):
        found = rehearse(scratch, snapshot, after, (migration,), soon())
        assert any(said in note for note in found.notes)
        assert [t.code for t in found.after] == ["42703"]


def test_types_are_told_after_a_failure_too(scratch: Scratch) -> None:
    """One statement that fails would end the rehearsal of all later ones."""
    change = "ALTER TABLE items ADD CHECK (price < 0) NOT VALID"
    fails = "SELECT 1 / (id - id), $1 + $2 FROM items"
    found = rehearsed(
        scratch, SHOP, change, INSERT, "SELECT $1 + $2", fails, "SELECT $1 + 1, $2 + $3"
    )
    assert [(r.after, r.same) for r in found.runs] == [(False, None), (True, True), (True, True)]


def test_parents_can_be_deleted_somewhere(scratch: Scratch) -> None:
    """A DELETE that always meets children would never run, and a new foreign key go unseen."""
    text = "DELETE FROM owners WHERE id = $1"
    assert only(rehearsed(scratch, SHOP, "SELECT 1", text)).same is True
    change = (
        "CREATE TABLE lent (owner_id int NOT NULL REFERENCES owners);"
        "INSERT INTO lent SELECT id FROM owners"
    )
    assert only(rehearsed(scratch, SHOP, change, text)).code == "23503"


def test_rows_b_cannot_hold_are_no_difference(scratch: Scratch) -> None:
    """Rows missing in our copy of B would be called lost by B."""
    found = rehearsed(
        scratch, SHOP, "ALTER TABLE items ADD CHECK (id > 900)", SELECT, DELETE, migrate=False
    )
    assert [(r.after, r.same) for r in found.runs] == [(True, None)] * 2
    assert any("rows are missing in: public.items" in note for note in found.notes)


def test_recorded_rows_are_used(scratch: Scratch) -> None:
    """Only made-up values would be tried where real ones were recorded for that very purpose."""
    sample = Sample(
        relation="public.owners", columns=("id", "name"), rows=(("5", "Ann"), ("6", "a,b"))
    )
    run = only(
        rehearsed(
            scratch,
            SHOP,
            "ALTER TABLE owners ADD CHECK (name !~ ',') NOT VALID",
            "UPDATE owners SET name = $1 WHERE id = $2",
            samples=(sample,),
        )
    )
    assert (run.before, run.values) == (True, "recorded")


def test_what_is_missing_is_named(scratch: Scratch) -> None:
    """A failure in a copy without the extension would be taken for a failure of B."""
    before, snapshot = recorded(scratch, SHOP, SELECT)
    lacking = msgspec.structs.replace(
        before, extensions=(Extension(name="postgis", version="3", schema="public"),)
    )
    found = rehearse(scratch, snapshot, lacking, (), soon())
    assert (found.missing_before, found.missing_after) == ((), ("extension postgis",))


def test_when_the_time_is_up_nothing_is_claimed(scratch: Scratch) -> None:
    """What was not tried would look like what worked."""
    _, snapshot = recorded(scratch, SHOP, *ALL)
    found = rehearse(scratch, snapshot, snapshot.catalog, (), Deadline.after(FakeClock(), 0))
    assert [t.worked for t in found.before] == [None] * 4
    assert (found.after, found.runs) == ((), ())


def test_the_laboratory_starts_servers_itself() -> None:
    """The engine would have to know about servers, or they would outlive it."""
    with PostgresqlLaboratory() as laboratory:
        port: Laboratory = laboratory
        assert port.available() is None
        with Scratch(18) as server:
            _, snapshot = recorded(server, SHOP, *ALL)
        (effect,) = port.effects("ALTER TABLE items DROP price", "1.sql")
        assert effect.relation == "items"
        found = port.rehearse(snapshot, snapshot.catalog, migrations=(), deadline=soon())
        assert found.server.startswith("PostgreSQL 18")
        assert all(t.worked for t in found.after)
        again = port.rehearse(snapshot, snapshot.catalog, migrations=(), deadline=soon())
        assert again.runs == found.runs
