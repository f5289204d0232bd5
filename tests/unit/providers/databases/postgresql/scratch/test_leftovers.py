"""Nothing is left on a shadow server, and nothing of others is taken away."""

import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from msgspec.structs import replace
from tests.unit.providers.databases.postgresql.shadowed import (
    a_maker,
    a_room,
    guarded,
    held,
    within,
)

from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql.scratch import leftovers
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

HOLDS = """
import sys
from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects.given import Given
from smartspec_rollback.providers.databases.postgresql.scratch import copies
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Shadow
from smartspec_rollback.providers.system import SystemClock
nothing = Catalog(kind="postgresql", version="18", role="app")
shadow = Shadow(Given(Sensitive(sys.argv[1])), setting="shadow")
deadline = Deadline.after(SystemClock(), 60)
with shadow.room(nothing, nothing, deadline) as room, copies.empty(room, []):
    print(room.owner, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def maker(scratch: Scratch) -> str:
    """Give the URL of one who may make databases and roles on the newest server."""
    return a_maker(scratch)


def test_nothing_is_left_where_something_fails(scratch: Scratch, maker: str) -> None:
    """Every comparison that fails leaves a database and roles on somebody's server."""
    before = held(scratch)
    with suppress(ProviderUnavailable), a_room(maker, guarded()) as room:
        with room.connect() as connection:
            for command in room.creating(f"{room.prefix}_1", None):
                connection.execute(command)
        assert held(scratch)[0] == [f"{room.prefix}_1"]
        raise ProviderUnavailable
    assert held(scratch) == before


def test_what_a_killed_process_left_is_dropped_the_next_time(maker: str, scratch: Scratch) -> None:
    """Each killed process leaves a database for good, or takes the one of a living along."""
    before = held(scratch)
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLDS, maker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        with a_room(maker):
            assert [n for n in held(scratch)[0] if n.startswith(owner)], "it lives"
        process.send_signal(signal.SIGKILL)
    patience = within()
    while held(scratch) != before:
        assert not patience.expired, "the server has noticed long ago"
        with a_room(maker):
            patience.pause(0.05)


def test_what_is_older_than_any_comparison_is_dropped(scratch: Scratch, maker: str) -> None:
    """What a process left that hangs for ever, or whose machine is gone, stays for ever."""
    with a_room(maker) as hanging:
        with scratch.connect() as connection:
            now = leftovers.maker(connection)
            old = replace(hanging._maker, made=now.made - 2 * 3600)
            connection.execute(f"COMMENT ON ROLE {hanging.owner} IS '{old.comment}'".encode())
        with a_room(maker), scratch.connect() as connection:
            asked = "SELECT FROM pg_roles WHERE rolname = %s"
            assert connection.execute(asked, [hanging.owner]).fetchone() is None


def test_only_what_is_ours_is_dropped(scratch: Scratch) -> None:
    """Somebody's database is dropped because of its name."""
    name = "smartspec_shadow_0123456789abcdef"
    with scratch.connect() as connection:
        connection.execute(f"CREATE ROLE {name}".encode())
        connection.execute(f"CREATE DATABASE {name}_1 OWNER {name}".encode())
    try:
        before = held(scratch)
        with a_room(scratch.url()):
            pass
        assert held(scratch) == before
    finally:
        with scratch.connect() as connection:
            connection.execute(f"DROP DATABASE {name}_1".encode())
            connection.execute(f"DROP ROLE {name}".encode())
