"""``smartspec schema`` harms nobody: no database, no machine, no secret, no terminal."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from tests.acceptance.commands import Typed
from tests.acceptance.schemas import compare, contents

SECRET = "hunter2"
WAIT = 30


def test_a_huge_migration_is_not_read(recorded: Typed, url: str) -> None:
    """A dump of 100 MB takes all memory, or is called harmless unread."""
    with (recorded.folder / "huge.sql").open("wb") as file:
        file.truncate(100 * 2**20)
    done = compare(recorded, url, "--migrations", "huge.sql")
    assert (done.code, done.document["verdict"]) == (3, "unknown")


DANGEROUS = (
    "SELECT id, name FROM items",
    "DELETE FROM items",
    "SELECT nextval('numbers')",
    "SELECT pg_sleep(1000)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    "COPY items TO PROGRAM 'touch {proof}'",
    "COPY items FROM PROGRAM 'touch {proof}'",
    "COPY items FROM '/etc/passwd'",
    "COPY items TO STDOUT",
    "SELECT 1; DROP TABLE items",
    "COMMIT; DROP TABLE items",
    "DROP TABLE items",
    "TRUNCATE items",
    "COMMIT",
    "SET SESSION AUTHORIZATION postgres",
    "RESET ROLE",
    "CREATE EXTENSION pgcrypto",
    "DO $$BEGIN DELETE FROM items; END$$",
    "EXPLAIN ANALYZE DELETE FROM items",
    "VACUUM items",
)


def test_nothing_dangerous_is_ever_executed(
    typed: Typed, url: str, short_folder: Path, tmp_path: Path
) -> None:
    """Looking at production changes it, or a statement runs programs on this machine."""
    short_folder.chmod(0o777)
    proof = short_folder / "proof"
    texts = [text.format(proof=proof) for text in DANGEROUS]
    (tmp_path / "statements.json").write_text(json.dumps(texts))
    before = contents(url)
    done = typed("schema", "snapshot", url, "--statements", "statements.json")
    assert done.code == 0
    (tmp_path / "a.json").write_text(done.out)
    assert compare(typed, url).code in {0, 3}
    for number, text in enumerate(texts):
        (tmp_path / "m.sql").write_text(text)
        if number in {7, 12}:
            assert compare(typed, url, "--migrations", "m.sql").code in {0, 1, 3}
    assert contents(url) == before
    assert not proof.exists()


@pytest.mark.parametrize(
    "place",
    [
        f"postgresql://shop:{SECRET}@127.0.0.1:1/shop",
        f"oracle://shop:{SECRET}@db/shop",
        f"shop:{SECRET}@db/shop",
        f"postgresql://shop:{SECRET}/#@db:54x/shop",
        f"host=db password={SECRET}",
        f"postgresql://[{SECRET}/x",
    ],
)
@pytest.mark.parametrize("words", [(), ("--format", "json"), ("--verbose",)])
def test_no_password_is_repeated(typed: Typed, place: str, words: tuple[str, ...]) -> None:
    """A password typed by mistake in the wrong place ends in the pipeline's log."""
    (typed.folder / "a.json").write_text("{}")
    for command in (
        ("snapshot", place),
        ("compare", "--before", place, "--after", place),
        ("compare", "--before", "a.json", "--after", place),
    ):
        done = typed("schema", *command, *words)
        assert done.code in {2, 4}
        assert SECRET not in done.out + done.err


def test_a_server_that_never_answers_is_given_up(typed: Typed) -> None:
    """A connection that hangs holds up a rollback for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = typed(
            "schema",
            "snapshot",
            f"postgresql://shop:{SECRET}@127.0.0.1:{port}/shop",
            "--within",
            "1",
        )
    assert done.code == 4
    assert f"127.0.0.1:{port}" in done.err
    assert SECRET not in done.out + done.err


def test_a_lock_of_somebody_else_is_not_waited_for(recorded: Typed, url: str) -> None:
    """We queue behind a migration, and every query of the application behind us."""
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        done = compare(recorded, url)
        waiting = holder.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    assert done.code == 4
    assert "somebody else holds a lock" in done.document["what"]
    assert waiting == (0,)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 3), (signal.SIGKILL, -9)])
def test_stopping_leaves_nothing_behind(
    recorded: Typed, url: str, short_folder: Path, number: signal.Signals, code: int
) -> None:
    """A stopped comparison leaves a server running, or its folder full of recorded rows."""
    program = str(Path(sys.executable).with_name("smartspec"))
    running = subprocess.Popen(
        [program, "schema", "compare", "--before", "a.json", "--after", url],
        cwd=recorded.folder,
        env={**os.environ, "TMPDIR": str(short_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + WAIT
    while not list(short_folder.glob("*/.s.PGSQL.5432")) and running.poll() is None:
        assert time.monotonic() < until
    running.send_signal(number)
    out, _ = running.communicate(timeout=WAIT)
    assert running.returncode == code
    assert out == b""
    while list(short_folder.iterdir()):
        assert time.monotonic() < until


def test_hostile_names_steer_no_terminal(recorded: Typed, url: str) -> None:
    """A table's name clears the screen, or turns the text around that says it breaks."""
    text = (recorded.folder / "a.json").read_text()
    (recorded.folder / "a.json").write_text(
        text.replace('"name":"name"', '"name":"n\\u001b[2J\\u202e**x**"')
    )
    done = recorded("schema", "compare", "--before", "a.json", "--after", url)
    assert done.code in {1, 3}
    assert not {"\x1b", "\u202e"} & set(done.out + done.err)
    assert "**x**" not in done.out.replace("`", "").split("\n")[2]
