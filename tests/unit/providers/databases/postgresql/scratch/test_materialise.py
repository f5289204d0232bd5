"""Recorded schemas made again: the copy is the same, and nothing in it can reach further."""

import msgspec
import psycopg
import pytest
from tests.unit.providers.databases.postgresql.many_schemas import NEWER, SCHEMAS

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Extension,
    Function,
    Grant,
    Relation,
    RelationKind,
)
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.catalog import reader as catalog
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.databases.postgresql.scratch import access, copies
from smartspec_rollback.providers.databases.postgresql.scratch.materialise import materialise
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock

ROLES = """
    DO $$ BEGIN CREATE ROLE copy_reader; EXCEPTION WHEN duplicate_object THEN END $$;
    DO $$ BEGIN CREATE ROLE copy_writer; EXCEPTION WHEN duplicate_object THEN END $$;
"""


def read(url: str) -> Catalog:
    """Read a schema as the provider does."""
    sessions = Sessions(address.read(Sensitive(url)))
    return catalog.read(sessions, deadline=Deadline.after(SystemClock(), 60))


def essence(read: Catalog) -> Catalog:
    """Leave out what a copy need not share: sizes, contents, and who 'postgres' is."""
    stand_in = access.scratch_name("postgres")
    text = msgspec.json.encode(read).decode().replace(f'"{stand_in}"', '"postgres"')
    same = msgspec.json.decode(text, type=Catalog)
    schemas = {f"{s}." for s in same.schemas}
    relations = tuple(
        msgspec.structs.replace(
            relation,
            rows=None,
            size=None,
            empty=None,
            options=tuple(each for each in relation.options if each != "populated=false"),
            grants=tuple(sorted(relation.grants, key=str)),
        )
        for relation in same.relations
    )
    assert schemas or not relations
    return msgspec.structs.replace(
        same,
        role=None,
        member_of=(),
        superuser=False,
        search_path=(),
        relations=relations,
        functions=tuple(
            # All functions of a copy are OWNER's.
            msgspec.structs.replace(f, owner=None, grants=tuple(_granted(f.grants)))
            for f in same.functions
        ),
        sequences=tuple(
            msgspec.structs.replace(s, grants=tuple(_granted(s.grants))) for s in same.sequences
        ),
        notes=(),
    )


def _granted(grants: tuple[Grant, ...]) -> list[Grant]:
    """Leave out owners: a copy's functions are OWNER's, and so are sequences nobody owned."""
    kept = (g for g in grants if g.grantee not in {"postgres", access.OWNER, "copy_writer"})
    return sorted(kept, key=str)


def round_trip(server: Scratch, ddl: str) -> tuple[Catalog, Catalog, tuple[str, ...]]:
    """Read a schema, make it again, and read the copy."""
    with server.database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ROLES.encode())
            connection.execute(ddl.encode())
        original = read(url)
    with copies.empty(server, [original]) as name:
        with copies.opened(server, name) as connection:
            missing = materialise(original, connection)
        return original, read(server.url(name)), missing


@pytest.mark.parametrize("server", ["scratch", "postgres15"])
@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_copy_is_the_same_schema(
    server: str, schema: str, request: pytest.FixtureRequest
) -> None:
    """Statements would be compiled on something else than what was recorded."""
    original, copy, missing = round_trip(request.getfixturevalue(server), SCHEMAS[schema])
    assert missing == ()
    assert essence(copy) == essence(original)


@pytest.mark.parametrize("schema", NEWER)
def test_a_copy_has_what_newer_versions_have(scratch: Scratch, schema: str) -> None:
    """A new feature would silently be missing in the copy."""
    original, copy, missing = round_trip(scratch, NEWER[schema])
    assert missing == ()
    assert essence(copy) == essence(original)


def stated(**parts: object) -> Catalog:
    """Make a catalog as a hostile or poor record may hold it."""
    base = Catalog(kind="postgresql", version="18.1", schemas=("public",))
    return msgspec.structs.replace(base, **parts)


def made(server: Scratch, recorded: Catalog) -> tuple[Catalog, tuple[str, ...]]:
    """Make a copy; give what is in it and what is missing."""
    with copies.empty(server, [recorded]) as name:
        with copies.opened(server, name) as connection:
            missing = materialise(recorded, connection)
        return read(server.url(name)), missing


def table(name: str, *columns: tuple[str, str], **parts: object) -> Relation:
    """Make a table of nullable columns."""
    base = Relation(
        schema="public",
        name=name,
        kind=RelationKind.TABLE,
        columns=tuple(
            Column(name=c, type=t, nullable=True, position=n) for n, (c, t) in enumerate(columns, 1)
        ),
    )
    return msgspec.structs.replace(base, **parts)


@pytest.mark.parametrize("server", ["scratch", "postgres15"])
@pytest.mark.parametrize(
    "hostile",
    [
        "COPY (SELECT 1) TO PROGRAM 'touch {mark}'",
        "COPY (SELECT 1) TO '{mark}'",
        "SELECT lo_export(lo_from_bytea(0, 'x'), '{mark}')",
        "RESET SESSION AUTHORIZATION; COPY (SELECT 1) TO PROGRAM 'touch {mark}'",
        "RESET ROLE; SET ROLE postgres; COPY (SELECT 1) TO PROGRAM 'touch {mark}'",
        "ALTER ROLE smartspec_owner SUPERUSER",
        "GRANT pg_execute_server_program TO smartspec_owner",
        "CREATE FUNCTION evil() RETURNS int LANGUAGE c AS 'libc.so.6', 'abort'",
        "CREATE EXTENSION plpython3u",
        "CREATE EXTENSION file_fdw",
        "CREATE DATABASE more",
        "ALTER SYSTEM SET archive_command = 'touch {mark}'",
    ],
)
def test_hostile_definitions_reach_nothing(
    server: str, hostile: str, request: pytest.FixtureRequest
) -> None:
    """A tampered record would run programs or write files as this process's user."""
    running: Scratch = request.getfixturevalue(server)
    mark = f"/tmp/smartspec-hostile-{running.major}"  # noqa: S108 # has to be absent afterwards
    view = table("v", ("a", "integer"), kind=RelationKind.VIEW)
    attack = f"SELECT 1; {hostile.format(mark=mark)}"
    recorded = stated(
        relations=(msgspec.structs.replace(view, definition=attack),),
        functions=(
            Function(
                schema="public",
                name="f",
                kind="function",
                arguments=(),
                returns="integer",
                language="sql",
                definition=hostile.format(mark=mark),
            ),
        ),
    )
    copy, missing = made(running, recorded)
    assert set(missing) == {"public.v", "public.f()"}
    assert copy.relations == ()
    with running.connect() as superuser:
        told = superuser.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, (pg_stat_file(%s, true)).size,"
            " pg_has_role('smartspec_owner', 'pg_execute_server_program', 'MEMBER')"
            " FROM pg_roles WHERE rolname = 'smartspec_owner'",
            [mark],
        ).fetchone()
    assert told == (False, False, False, None, False)


def test_what_cannot_be_made_is_named(scratch: Scratch) -> None:
    """A failure for lack of an object in the copy would be told as the new schema's fault."""
    recorded = stated(
        relations=(
            table("places", ("id", "integer"), ("at", "public.geometry")),
            table("people", ("id", "integer")),
        ),
        extensions=(Extension(name="postgis", version="3.4", schema="public"),),
    )
    copy, missing = made(scratch, recorded)
    assert missing == ("extension postgis", "public.places")
    assert [r.qualified for r in copy.relations] == ["public.people"]


def test_simple_extensions_have_stand_ins(scratch: Scratch) -> None:
    """Every application with citext or generated UUIDs could not be rehearsed at all."""
    generate = Function(
        schema="public",
        name="uuid_generate_v4",
        kind="function",
        arguments=(),
        returns="uuid",
        language="c",
        extension="uuid-ossp",
    )
    account = table("people", ("id", "uuid"), ("mail", "public.citext"))
    first = msgspec.structs.replace(account.columns[0], default="public.uuid_generate_v4()")
    recorded = stated(
        relations=(msgspec.structs.replace(account, columns=(first, account.columns[1])),),
        functions=(generate,),
        extensions=(
            Extension(name="citext", version="1.6", schema="public"),
            Extension(name="uuid-ossp", version="1.1", schema="public"),
        ),
    )
    with copies.empty(scratch, [recorded]) as name, copies.opened(scratch, name) as connection:
        missing = materialise(recorded, connection)
        row = connection.execute(
            "INSERT INTO public.people (mail) VALUES ('A@b') RETURNING id IS NOT NULL, lower(mail)"
        ).fetchone()
    assert missing == ("extension citext", "extension uuid-ossp")
    assert row == (True, "a@b")


def test_functions_of_other_languages_raise_instead(scratch: Scratch) -> None:
    """Code in a language that can do anything would run, or its callers would not compile."""
    recorded = stated(
        functions=(
            Function(
                schema="public",
                name="f",
                kind="function",
                arguments=("integer", "text"),
                names=("n", ""),
                defaults=1,
                returns="SETOF text",
                language="plpython3u",
                definition="CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            ),
        )
    )
    with copies.empty(scratch, [recorded]) as name, copies.opened(scratch, name) as connection:
        assert materialise(recorded, connection) == ()
        with pytest.raises(psycopg.errors.RaiseException, match="not available in a scratch copy"):
            connection.execute("SELECT public.f(n => 1)")
