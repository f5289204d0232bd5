"""``smartspec schema snapshot|compare|reversal`` as people and pipelines run them."""

import json
import os
import shutil

import pytest
from tests.acceptance.commands import Result, Typed, installed
from tests.acceptance.schemas import ADDED, QUERIES, REQUIRED, TABLE, change, compare

from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

LONG_QUERY = "SELECT name FROM items WHERE id = 1 AND"
ODD_QUERY = 'SELECT "ünï", "%s", "LONG" FROM "Odd ""T"'


def test_snapshot_is_the_document_alone(typed: Typed, url: str) -> None:
    """A pipeline that keeps standard output keeps something else."""
    done = typed("schema", "snapshot", url, "--no-remembered", "--values", "--samples", "2")
    assert done.code == 0
    assert done.document["document"] == "smartspec.schema-snapshot/1"
    assert [r["name"] for r in done.document["catalog"]["relations"]] == ["items"]
    assert done.document["samples"][0]["rows"] == [["1", "one"]]
    assert "Recorded 1 tables" in done.err


@pytest.mark.parametrize(
    ("sql", "verdict", "code"),
    [
        ("SELECT 1", "safe", 0),
        (ADDED, "safe", 0),
        (REQUIRED, "breaking", 1),
        ("ALTER TABLE items ADD CHECK (name <> 'six')", "attention", 3),
        ("ALTER TABLE items INHERIT other", "unknown", 3),
    ],
)
def test_a_verdict_has_its_exit_code(
    recorded: Typed, url: str, sql: str, verdict: str, code: int
) -> None:
    """A pipeline goes on although the old version breaks, or stops although it works."""
    if "other" in sql:
        change(url, "CREATE TABLE other (id integer NOT NULL)")
    change(url, sql)
    done = compare(recorded, url)
    assert (done.document["verdict"], done.document["exit_code"], done.code) == (
        verdict,
        code,
        code,
    )
    assert done.document["schema"] == "smartspec.schema-comparison/1"
    assert {"coverage", "workload", "findings", "layers", "unseen", "reason"} <= set(done.document)
    assert done.err == ""


def test_two_snapshots_are_compared(recorded: Typed, url: str) -> None:
    """What was recorded twice needs a database all the same."""
    change(url, REQUIRED)
    (recorded.folder / "b.json").write_text(recorded("schema", "snapshot", url).out)
    assert compare(recorded, "b.json").code == 1
    assert compare(recorded, "a.json", before="b.json").code == 3


def test_places_can_be_kept_out_of_sight(
    recorded: Typed, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL with a password has to be typed."""
    monkeypatch.setenv("SHOP_URL", url)
    (recorded.folder / "url").write_text(f"{url}\n")
    words = ("--statements", "q.sql")
    assert compare(recorded, "env:SHOP_URL", *words, before="file:url").code == 0


def test_a_snapshot_comes_from_standard_input(recorded: Typed, url: str) -> None:
    """Snapshots that lie elsewhere have to be copied first; and both cannot be read from one."""
    with (recorded.folder / "a.json").open("rb") as file:
        done = installed(
            "smartspec", "schema", "compare", "--before", "-", "--after", url,
            folder=recorded.folder, stdin=file,
        )  # fmt: skip
    assert done.code == 0
    assert done.out.startswith("# Schema: safe\n")
    assert compare(recorded, "-", before="-").code == 2


def test_statements_and_migrations_come_from_files_and_folders(recorded: Typed, url: str) -> None:
    """A folder called x.sql crashes the command, or is passed over in silence."""
    folder = recorded.folder / "x.sql"
    folder.mkdir()
    (folder / "more.sql").write_text("SELECT name FROM items WHERE id = 7;")
    (recorded.folder / "m.sql").write_text(ADDED)
    change(url, ADDED)
    words = ("--statements", "x.sql", "--statements", "q.sql", "--migrations", "m.sql")
    done = compare(recorded, url, *words)
    assert done.document["workload"]["statements"] == 3
    assert done.document["verdict"] == "safe"
    assert "L0" in done.document["layers"]
    shutil.copy(recorded.folder / "m.sql", folder / "more.sql")
    assert compare(recorded, url, "--migrations", "x.sql").document["verdict"] == "safe"


def test_a_role_is_judged_by_its_own_privileges(typed: Typed, url: str) -> None:
    """What the application's role may not do any more is done by us, who may."""
    role = f"app_{os.getpid()}"
    change(url, f"CREATE ROLE {role}; GRANT SELECT ON items TO {role}")
    try:
        (typed.folder / "q.sql").write_text("SELECT id, name FROM items")
        done = typed("schema", "snapshot", url, "--statements", "q.sql", "--role", role)
        (typed.folder / "a.json").write_text(done.out)
        assert compare(typed, url, "--role", role).code == 0
        change(url, f"REVOKE ALL ON TABLE items FROM {role}")
        assert compare(typed, url, "--role", role).code == 1
        assert compare(typed, url, "--role", "nobody_here").code == 4
    finally:
        change(url, f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize("content", [b"\x00\x01\xff" * 99, "SELECT é".encode("latin-1")])
def test_files_that_cannot_be_read_leave_nothing_safe(
    recorded: Typed, url: str, content: bytes
) -> None:
    """A binary migration, or a statement nobody read, passes for harmless."""
    (recorded.folder / "odd.sql").write_bytes(content)
    done = compare(recorded, url, "--migrations", "odd.sql")
    assert (done.code, done.document["verdict"]) == (3, "unknown")
    assert "odd.sql" in done.out
    change(url, "ALTER TABLE items DROP COLUMN name; ALTER TABLE items ADD name text")
    done = compare(recorded, url, "--statements", "odd.sql")
    assert done.document["verdict"] != "safe"
    assert "odd.sql" in done.out


def test_what_the_servers_of_two_versions_spell_differently_is_the_same(
    typed: Typed, url: str, postgres15: Scratch
) -> None:
    """An upgrade of the server alone is reported as a change of the schema."""
    (typed.folder / "q.sql").write_text(QUERIES)
    with postgres15.database() as older:
        change(older, TABLE)
        words = ("--statements", "q.sql")
        assert compare(typed, url, *words, before=older).document["verdict"] == "safe"


def test_cut_texts_leave_nothing_safe(typed: Typed, url: str) -> None:
    """A statement that was cut off in an export is taken for one that never worked."""
    cut = f"{LONG_QUERY:<1020}nam"
    assert len(cut) == 1023
    (typed.folder / "statements.json").write_text(json.dumps(["SELECT id FROM items", cut]))
    done = typed("schema", "snapshot", url, "--statements", "statements.json", "--no-remembered")
    (typed.folder / "a.json").write_text(done.out)
    change(url, "ALTER TABLE items DROP COLUMN name")
    assert compare(typed, url).document["verdict"] in {"unknown", "breaking"}


def test_unusual_names_are_followed(typed: Typed, database: str) -> None:
    """Names that need quotes, look like formats or are as long as can be are mixed up."""
    long, odd = "x" * 63, 'Odd ""T'
    change(database, f'CREATE TABLE "{odd}" ("Col 1" int, "ünï" text, "%s" int, "{long}" int)')
    (typed.folder / "q.sql").write_text(ODD_QUERY.replace("LONG", long))
    done = typed("schema", "snapshot", database, "--statements", "q.sql")
    (typed.folder / "a.json").write_text(done.out)
    change(database, f'ALTER TABLE "{odd}" ADD "new.dot" int')
    assert compare(typed, database).code == 0
    change(database, f'ALTER TABLE "{odd}" RENAME "%s" TO "%p"')
    assert compare(typed, database).code == 1


def test_reversals_have_their_exit_codes(typed: Typed) -> None:
    """A migration that loses rows when reversed is reversed."""
    files = {
        "schema.sql": TABLE,
        "up.sql": ADDED,
        "down.sql": "ALTER TABLE items DROP COLUMN note",
        "bad.sql": "ALTER TABLE items DROP COLUMN nothing",
        "index.sql": "CREATE INDEX by_name ON items (name)",
        "noindex.sql": "DROP INDEX by_name",
    }
    for name, text in files.items():
        (typed.folder / name).write_text(text)

    def reversed_by(up: str, down: str, *words: str) -> Result:
        return typed(
            "schema", "reversal", "--before", "schema.sql", "--up", up, "--down", down, *words
        )

    assert reversed_by("index.sql", "noindex.sql").code == 0
    loses = reversed_by("up.sql", "down.sql", "--format", "json")
    assert (loses.code, loses.document["verdict"]) == (1, "loses")
    assert reversed_by("up.sql", "bad.sql").code == 3
    assert reversed_by("up.sql", "nowhere.sql").code == 2
    assert reversed_by("up.sql", ".").code == 2
