"""A shadow database as people name one: on the command line, and in smartspec.yaml."""

from contextlib import suppress

import psycopg
import pytest
from tests.acceptance.commands import CONFIGURATION, Typed

from smartspec_rollback import comparing, databases
from smartspec_rollback.domain.comparison import Layer
from smartspec_rollback.domain.migration import Versions
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.wiring import Surroundings, open_workspace

TABLE = "CREATE TABLE items (id integer PRIMARY KEY, name text)"
QUERIES = "SELECT id, name FROM items;\nINSERT INTO items (id, name) VALUES ($1, $2);\n"
SECRET = "hunter2"
CONFIGURED = CONFIGURATION.replace(
    "database: none", "database: {kind: postgresql, url: {env: SHOP_URL}, shadow: {env: SHADOW}}"
)


@pytest.fixture
def recorded(typed: Typed, database: str, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Run commands in a folder with a configuration and a snapshot; SHOP_URL is the database."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLE)
    (typed.folder / "smartspec.yaml").write_text(CONFIGURED)
    (typed.folder / "q.sql").write_text(QUERIES)
    done = typed("schema", "snapshot", database, "--statements", "q.sql", "--no-remembered")
    (typed.folder / "a.json").write_text(done.out)
    monkeypatch.setenv("SHOP_URL", database)
    return typed


@pytest.fixture
def shadow(postgres15: Scratch, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let SHADOW name a server that is not production's."""
    with postgres15.connect() as connection, suppress(psycopg.errors.DuplicateObject):
        connection.execute("CREATE ROLE shadow_maker LOGIN CREATEDB CREATEROLE")
    monkeypatch.setenv("SHADOW", postgres15.url("postgres", "shadow_maker"))
    return "env:SHADOW"


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server be started on this machine."""
    monkeypatch.setattr(
        "smartspec_rollback.providers.databases.postgresql.scratch.server.installations", dict
    )


COMPARE = ("schema", "compare", "--before", "a.json", "--after", "env:SHOP_URL", "--format", "json")


@pytest.mark.usefixtures("no_programs")
def test_statements_are_run_where_no_server_can_be_started(recorded: Typed, shadow: str) -> None:
    """What only running shows goes unseen, though a server was named for that."""
    without = recorded(*COMPARE).document
    assert "L3" not in without["layers"]
    assert any("no PostgreSQL server programs" in each for each in without["unseen"])
    done = recorded(*COMPARE, "--shadow", shadow)
    assert "L3" in done.document["layers"]
    assert (done.document["verdict"], done.code) == ("safe", 0)


def test_the_server_of_what_is_compared_is_refused(recorded: Typed) -> None:
    """Recorded code runs in production's cluster because of a copied line."""
    done = recorded(*COMPARE, "--shadow", "env:SHOP_URL")
    assert done.code == 2
    assert "--shadow is on the same server as" in done.document["what"]
    assert "--before" in done.document["what"]


def test_two_snapshots_are_kept_apart_from_their_server(recorded: Typed) -> None:
    """Recorded code runs beside production because no option names that."""
    words = ("schema", "compare", "--before", "a.json", "--after", "a.json")
    done = recorded(*words, "--shadow", "env:SHOP_URL")
    assert done.code == 2
    assert "what --before was recorded from" in done.err


def test_a_shadow_that_cannot_be_used_is_a_layer_not_seen(
    recorded: Typed, postgres15: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison fails wholly for want of one layer, or nobody learns that it is missing."""
    with postgres15.connect() as connection, suppress(psycopg.errors.DuplicateObject):
        connection.execute("CREATE ROLE shadow_weak LOGIN")
    monkeypatch.setenv("WEAK", postgres15.url("postgres", "shadow_weak"))
    monkeypatch.setenv("NOBODY", f"postgresql://me:{SECRET}@127.0.0.1:1/x")
    for place, why in (("env:WEAK", "CREATEDB and CREATEROLE"), ("env:NOBODY", "connecting")):
        done = recorded(*COMPARE, "--shadow", place)
        assert (done.document["verdict"], done.code) == ("safe", 0)
        assert any(why in each for each in done.document["unseen"] if each.startswith("L3"))
        assert SECRET not in done.out + done.err


def test_a_shadow_is_no_place_for_a_reversal(recorded: Typed, shadow: str) -> None:
    """A script's roles are made on a server that others use."""
    words = ("schema", "reversal", "--before", "q.sql", "--up", "q.sql", "--down", "q.sql")
    done = recorded(*words, "--shadow", shadow)
    assert done.code == 2
    assert "--shadow" in done.err
    assert "server of its own" in recorded("schema", "reversal", "--help").out


def test_a_shadow_is_postgresql_only(recorded: Typed, shadow: str) -> None:
    """An option is taken and ignored."""
    file = recorded.folder / "shop.db"
    words = ("schema", "compare", "--before", f"sqlite:///{file}", "--after", f"sqlite:///{file}")
    file.write_bytes(b"")
    done = recorded(*words, "--shadow", shadow)
    assert done.code == 2
    assert "PostgreSQL" in done.err


@pytest.mark.usefixtures("shadow")
def test_the_doctor_makes_a_copy_on_the_shadow(recorded: Typed) -> None:
    """The night finds out that nothing can be made there."""
    assert "scratch copies can be made on PostgreSQL 15 at `postgresql://" in recorded("doctor").out


def test_the_doctor_names_both_settings_of_one_server(
    recorded: Typed, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production is somebody's shadow until the first rollback."""
    monkeypatch.setenv("SHADOW", database)
    done = recorded("doctor")
    assert done.code == 4
    said = "`shadow` (environment variable SHADOW) is on the same server as `url`"
    assert said in done.out


@pytest.mark.usefixtures("shadow", "no_programs")
def test_a_plan_rehearses_on_the_shadow(recorded: Typed) -> None:
    """The setting is read, and rollbacks are judged without it."""
    workspace = open_workspace(recorded.folder / "smartspec.yaml", Surroundings())
    (target,) = workspace.targets
    configured = workspace.configured(target).database
    assert configured is not None
    parts = databases.parts(configured, clock=workspace.clock)
    before = comparing.load(str(recorded.folder / "a.json"))
    deadline = Deadline.after(workspace.clock, 60)
    compared = parts.compare(before, parts.connect(), Versions(old="1", new="2"), deadline)
    assert Layer.SHADOW in compared.layers
