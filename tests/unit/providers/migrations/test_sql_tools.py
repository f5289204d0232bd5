"""The readers of tools that keep plain SQL files."""

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.migrations.making import only, read_files, squeezed, versions

from smartspec_rollback.domain.migration import MigrationRole
from smartspec_rollback.providers.migrations.sections import split


def test_flyway_sorts_by_number_and_pairs_undo_scripts(tmp_path: Path) -> None:
    """V10 is taken for older than V9, or an undo script for a migration."""
    found = read_files(
        "flyway",
        tmp_path,
        {
            "V10__ten.sql": "SELECT 10;",
            "sub/V9__nine.sql": "SELECT 9;",
            "V1_1__one_one.sql": "SELECT 1;",
            "U10__ten.sql": "SELECT -10;",
            "R__the_view.sql": "SELECT 'r';",
        },
    )
    assert versions(found) == ["1.1", "9", "10", ""]
    assert found.migrations[2].down == "SELECT -10;"
    assert (found.migrations[3].name, found.migrations[3].role) == (
        "the view",
        MigrationRole.REPEATABLE,
    )
    assert found.problems == ()


def test_flyway_flags_what_flyway_fills_in_or_compiles(tmp_path: Path) -> None:
    """A placeholder or a Java migration is read as if it were all there."""
    found = read_files(
        "flyway",
        tmp_path,
        {
            "V1__a.sql": "SELECT 1;\nCREATE TABLE ${schema}.t (id int);",
            "V2__B.java": "class B {}",
            "V3__c.sql": "CREATE INDEX CONCURRENTLY i ON t (a);",
            "V3__c.sql.conf": "executeInTransaction=false\n",
            "B3__base.sql": "CREATE TABLE t ();",
        },
    )
    assert [migration.dynamic for migration in found.migrations] == [
        "line 2: Flyway fills in ${schema}",
        "V2__B.java is code for the Java machine, which is not run",
        None,
        None,
    ]
    assert [migration.transaction for migration in found.migrations] == [True, True, False, True]
    assert found.migrations[3].role is MigrationRole.BASELINE


def test_flyway_tells_of_duplicates_callbacks_and_files_it_ignores(tmp_path: Path) -> None:
    """Two files of one version, where Flyway refuses both, look like two migrations."""
    found = read_files(
        "flyway",
        tmp_path,
        {
            "V1__a.sql": "",
            "V1.0__b.sql": "",
            "afterMigrate.sql": "",
            "V2_x.sql": "",
            "U9__x.sql": "",
        },
    )
    assert sorted(problem.partition(":")[0] for problem in found.problems) == [
        "U9__x.sql",
        "V1__a.sql",
        "V2_x.sql",
        "afterMigrate.sql",
    ]


def test_golang_migrate_pairs_by_number(tmp_path: Path) -> None:
    """The version does not match the ledger's number, or a way back is missed."""
    found = read_files(
        "golang-migrate",
        tmp_path,
        {
            "000002_b.up.sql": "B",
            "000001_a.up.sql": "A",
            "000001_a.down.sql": "a",
            "3_c.down.sql": "c",
            "1_other.up.sql": "X",
            "notes.sql": "",
        },
    )
    assert versions(found) == ["1", "2", "3"]
    assert [(m.up, m.down) for m in found.migrations] == [("A", "a"), ("B", None), (None, "c")]
    assert found.migrations[2].dynamic is not None
    assert len(found.problems) == 3


def test_dbmate_splits_at_its_markers(tmp_path: Path) -> None:
    """The way back is applied as the way forth."""
    found = read_files(
        "dbmate",
        tmp_path,
        {
            "20240101000000_a.sql": "-- migrate:up transaction:false\r\nCREATE TABLE a ();\r\n"
            "-- migrate:down\r\nDROP TABLE a;\r\n",
            "20240102000000_b.sql": "CREATE TABLE b ();\n",
        },
    )
    first, second = found.migrations
    assert (squeezed(first.up), squeezed(first.down)) == (["CREATE TABLE a ()"], ["DROP TABLE a"])
    assert (first.line, first.transaction, first.dynamic) == (2, False, None)
    assert (second.up, second.dynamic) == (None, "the line `-- migrate:up` is missing")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["-- m:a", "-- m:b"]),
            st.lists(st.text("xy -'$;", max_size=6), max_size=4),
        ),
        max_size=5,
    )
)
def test_no_line_is_lost_between_sections(parts: list[tuple[str, list[str]]]) -> None:
    """A statement beside a marker is in no section, or in two."""
    text = "\n".join(line for marker, lines in parts for line in (marker, *lines))

    def marker(line: str) -> tuple[str, str] | None:
        return (line[-1], "") if line.startswith("-- m:") else None

    found = split(text, marker).sections
    assert [section.marker for section in found] == [name[-1] for name, _ in parts]
    assert [section.text for section in found] == ["\n".join(lines) for _, lines in parts]
    whole = text.split("\n")
    for section in found:
        if section.text:
            assert whole[section.line - 1] == section.text.split("\n")[0]


def test_goose_keeps_statements_together_and_flags_code(tmp_path: Path) -> None:
    """A function's body is cut, or a migration in Go is taken for nothing."""
    body = "CREATE FUNCTION f() RETURNS int AS $$\nBEGIN RETURN 1; END;\n$$ LANGUAGE plpgsql;\n"
    found = read_files(
        "goose",
        tmp_path,
        {
            "00001_a.sql": "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n"
            f"{body}-- +goose StatementEnd\n-- +goose Down\nDROP FUNCTION f();\n",
            "00002_b.go": "package migrations",
            "00010_c.sql": "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${REGION}';\n",
            "00003_d_test.go": "package migrations",
        },
    )
    assert versions(found) == ["1", "2", "10"]
    assert body in str(found.migrations[0].up)
    assert "DROP" not in str(found.migrations[0].up)
    assert found.migrations[0].transaction is False
    assert "Go code" in str(found.migrations[1].dynamic)
    assert "environment" in str(found.migrations[2].dynamic)


def test_sqitch_follows_the_plan_and_its_reworked_changes(tmp_path: Path) -> None:
    """Changes are read by name instead of by plan, or a reworked one twice with its newest text."""
    plan = (
        "%syntax-version=1.0.0\n%project=flipr\n\n"
        "users 2024-01-01T00:00:00Z A <a@b.c> # users\n"
        "fn [users] 2024-01-02T00:00:00Z A <a@b.c> # fn\n"
        "@v1 2024-01-03T00:00:00Z A <a@b.c> # tag\n"
        "fn [fn@v1 !old] 2024-01-04T00:00:00Z A <a@b.c> # reworked\n"
    )
    found = read_files(
        "sqitch",
        tmp_path,
        {
            "sqitch.plan": plan,
            "deploy/users.sql": "BEGIN;\nCREATE TABLE users (at time DEFAULT now()::time);",
            "deploy/fn@v1.sql": "SELECT 'old :x';",
            "deploy/fn.sql": "\\i common.sql\nSELECT :'x';",
            "revert/fn.sql": "SELECT 'back';",
            "deploy/stray.sql": "",
        },
    )
    assert versions(found) == ["users", "fn@v1", "fn"]
    assert [m.dynamic for m in found.migrations] == [
        None,
        None,
        "line 1: \\i is psql's, and not SQL",
    ]
    assert found.migrations[2].requires == ("fn@v1",)
    assert found.migrations[2].down == "SELECT 'back';"
    assert [problem.partition(":")[0] for problem in found.problems] == ["deploy/stray.sql"]


def _atlas_sum(files: dict[str, str]) -> str:
    running, lines = hashlib.sha256(), []
    for name, text in sorted(files.items()):
        running.update(name.encode() + text.encode())
        lines.append(f"{name} h1:{base64.b64encode(running.digest()).decode()}")
    return "h1:whole=\n" + "\n".join(lines) + "\n"


def test_atlas_sum_finds_the_file_that_was_edited(tmp_path: Path) -> None:
    """A migration edited after it was applied is taken for what was applied."""
    files = {"1_a.sql": "CREATE TABLE a ();", "2_b.sql": "-- atlas:txmode none\n\nSELECT 2;"}
    total = _atlas_sum(files)
    good = read_files("atlas", tmp_path / "good", {**files, "atlas.sum": total})
    assert (versions(good), good.problems) == (["1", "2"], ())
    assert [m.transaction for m in good.migrations] == [True, False]
    bad = read_files("atlas", tmp_path / "bad", {**files, "2_b.sql": "DROP", "atlas.sum": total})
    assert [problem.partition(":")[0] for problem in bad.problems] == ["2_b.sql"]
    more = read_files("atlas", tmp_path / "more", {**files, "3_c.sql": "", "atlas.sum": total})
    assert "added after the sums" in more.problems[0]
    gone = read_files("atlas", tmp_path / "gone", {"1_a.sql": files["1_a.sql"], "atlas.sum": total})
    assert "names 2_b.sql" in gone.problems[0]


def test_prisma_reads_folders_in_order(tmp_path: Path) -> None:
    """A folder without migration.sql, which Prisma refuses, is skipped in silence."""
    found = read_files(
        "prisma",
        tmp_path,
        {
            "20240102000000_b/migration.sql": "B",
            "20240101000000_a/migration.sql": "A",
            "20240101000000_a/down.sql": "a",
            "20240103000000_c/readme.txt": "",
            "migration_lock.toml": "",
        },
    )
    assert versions(found) == ["20240101000000_a", "20240102000000_b"]
    assert found.migrations[0].down == "a"
    assert [problem.partition(":")[0] for problem in found.problems] == ["20240103000000_c"]


@pytest.mark.parametrize("tool", ["plain", "sqlx"])
def test_plain_folder_is_in_natural_order(tool: str, tmp_path: Path) -> None:
    """10 comes before 2, a reversible pair is read as two, or -- no-transaction is missed."""
    found = read_files(
        tool,
        tmp_path,
        {
            "2_b.sql": "-- no-transaction\nB",
            "10_c.up.sql": "C",
            "10_c.down.sql": "",
            "1_a.sql": "A",
            "old/3_d.sql": "D",
        },
    )
    assert versions(found) == ["1", "2", "10"]
    assert [m.down for m in found.migrations] == [None, None, ""]
    assert [m.transaction for m in found.migrations] == [True, False, True]
    assert found.problems == ("old/3_d.sql: it is in a folder of its own; not read",)


def test_diesel_folders_have_the_ledgers_versions(tmp_path: Path) -> None:
    """Diesel's ledger keeps digits only; with the dashes nothing would match it."""
    folder = "2024-01-02-030405_add_users"
    found = read_files("plain", tmp_path, {f"{folder}/up.sql": "A", f"{folder}/down.sql": "B"})
    assert (only(found).version, only(found).name) == ("20240102030405", "add_users")
    assert only(found).down == "B"


def test_duplicate_versions_name_both_files(tmp_path: Path) -> None:
    """Two branches made the same number, and one of the files is never applied."""
    found = read_files("plain", tmp_path, {"001_a.sql": "A", "001_b.sql": "B"})
    assert found.problems == ("001_b.sql: version 001 is also claimed by 001_a.sql",)


def test_liquibase_formatted_sql_is_split_into_changesets(tmp_path: Path) -> None:
    """A rollback line is taken for a statement of the way forth."""
    text = (
        "--liquibase formatted sql\n\n"
        "--changeset alice:1 runInTransaction:false\n--comment: x\nCREATE TABLE a ();\n"
        "--rollback DROP TABLE a;\n"
        '--changeset bob:"two words" runOnChange:true\nSELECT 2;\n--rollback empty\n'
        "--changeset bob:3 context:test\nSELECT 3;\n"
        "/* liquibase rollback\nSELECT -3;\n*/\n"
        "--changeset bob:4\nSELECT ${x};\n--changeset bob:4\n"
    )
    found = read_files("liquibase", tmp_path, {"log.sql": text, "other.sql": "SELECT 1;"})
    one, two, three, four, *_ = found.migrations
    assert versions(found)[:5] == ["alice:1", "bob:two words", "bob:3", "bob:4", "bob:4"]
    assert found.migrations[5].up == "SELECT 1;"
    assert (squeezed(one.up), one.down) == (["CREATE TABLE a ()"], "DROP TABLE a;")
    assert (one.line, one.transaction) == (4, False)
    assert (two.down, two.role) == ("", MigrationRole.REPEATABLE)
    assert (squeezed(three.up), three.down) == (["SELECT 3"], "SELECT -3;")
    assert three.dynamic == "line 10: whether it runs depends on context"
    assert four.dynamic == "line 16: Liquibase fills in ${x}"
    assert len(found.problems) == 2


def test_liquibase_changelogs_give_order_and_are_flagged(tmp_path: Path) -> None:
    """An XML changeset counts as nothing, or files are read by name against the changelog."""
    master = (
        '<databaseChangeLog>\n<!-- <changeSet id="0" author="x"/> -->\n<include file="db/z.sql"/>\n'
        '<include file="a.sql"/>\n<changeSet id="9" author="eve"><dropTable/></changeSet>\n'
        "</databaseChangeLog>\n"
    )
    head = "--liquibase formatted sql\n--changeset a:"
    found = read_files(
        "liquibase",
        tmp_path,
        {
            "master.xml": master,
            "a.sql": f"{head}a\nA",
            "z.sql": f"{head}z\nZ",
            "more.yaml": "databaseChangeLog:\n- changeSet:\n    id: 5\n    author: bob\n",
        },
    )
    assert sorted(versions(found)) == ["a:a", "a:z", "bob:5", "eve:9"]
    assert versions(found).index("a:z") < versions(found).index("a:a")
    coded = {m.version: m.dynamic for m in found.migrations if m.dynamic}
    assert coded == {
        "eve:9": "master.xml, line 5: XML is translated by Liquibase itself; not read",
        "bob:5": "more.yaml, line 2: YAML is translated by Liquibase itself; not read",
    }


def test_rails_lists_versions_from_structure_sql(tmp_path: Path) -> None:
    """Migrations in Ruby are taken for harmless, or squashed ones are forgotten."""
    schema = (
        "CREATE TABLE users (id bigint);\n"
        'INSERT INTO "schema_migrations" (version) VALUES\n'
        "('20240102000000'),\n('20240101000000');\n"
    )
    found = read_files(
        "rails",
        tmp_path,
        {"db/structure.sql": schema, "db/migrate/20240102000000_add_users.rb": "class A; end"},
    )
    assert found.schema == schema
    assert versions(found) == ["20240101000000", "20240102000000"]
    assert all(migration.dynamic for migration in found.migrations)
    assert found.migrations[1].name == "add_users"


def test_rails_without_structure_sql_says_how_to_get_it(tmp_path: Path) -> None:
    """schema.rb alone gives an empty answer without a reason."""
    found = read_files("rails", tmp_path, {"schema.rb": "", "migrate/20240101000000_a.rb": ""})
    assert found.schema is None
    assert "schema_format = :sql" in found.problems[0]
