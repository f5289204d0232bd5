"""What is put together for a configured database: its files, and the migrations in between."""

from pathlib import Path

from smartspec_rollback import databases
from smartspec_rollback.comparing import Between
from smartspec_rollback.config.model import DatabaseConfiguration
from smartspec_rollback.domain.migration import AppliedMigration, Versions
from smartspec_rollback.domain.values import Value


def configured(
    folder: Path, *patterns: str, migrations: str | None = None
) -> DatabaseConfiguration:
    """Configure a database with files below a folder."""
    return DatabaseConfiguration(
        kind="postgresql",
        settings=Value(),
        statements=tuple(folder / pattern for pattern in patterns),
        migrations_tool="flyway" if migrations else None,
        migrations_path=folder / migrations if migrations else None,
    )


def applied(*versions: str) -> tuple[AppliedMigration, ...]:
    """Say which migrations a database has."""
    return tuple(AppliedMigration(version=version) for version in versions)


def migrations(folder: Path) -> None:
    """Write three migrations."""
    (folder / "db").mkdir()
    for number in (1, 2, 3):
        (folder / "db" / f"V{number}__step.sql").write_text(f"CREATE TABLE t{number} (a int);\n")


def test_patterns_are_expanded_and_each_file_is_read_once(tmp_path: Path) -> None:
    """If this failed, statements would be missed, and what they use would look unused."""
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "one.sql").write_text("SELECT 1;\n")
    (tmp_path / "a" / "deep" / "two.sql").write_text("SELECT 2;\n")
    texts, gaps = databases.texts(configured(tmp_path, "a/*.sql", "a/**/*.sql", "a/one.sql"))
    assert sorted(text.text.rstrip(";") for text in texts) == ["SELECT 1", "SELECT 2"]
    assert gaps == ()


def test_a_pattern_that_finds_nothing_is_a_gap(tmp_path: Path) -> None:
    """If this failed, a mistyped path would pass for a service without statements."""
    texts, gaps = databases.texts(configured(tmp_path, "none/*.sql", "gone.sql"))
    assert texts == ()
    assert len(gaps) == 2
    assert "none/*.sql" in gaps[0]


VERSIONS = Versions(old="v1", new="v2")


def test_only_what_was_applied_since_lies_between(tmp_path: Path) -> None:
    """If this failed, a migration that is not applied would be blamed, or one that is be missed."""
    migrations(tmp_path)
    how = configured(tmp_path, migrations="db")
    found = databases.between(how, VERSIONS, applied("1"), applied("1", "2"))
    assert [path for path, _ in found.scripts] == ["V2__step.sql"]
    assert found.unread == ()


def test_what_no_file_tells_of_is_not_taken_for_harmless(tmp_path: Path) -> None:
    """If this failed, a migration from elsewhere could delete rows, and nobody would say so."""
    migrations(tmp_path)
    how = configured(tmp_path, migrations="db")
    found = databases.between(how, VERSIONS, applied("1"), applied("1", "77"))
    assert found.scripts == ()
    assert len(found.unread) == 1
    assert "77 was applied since, and no file here" in found.unread[0]


def test_what_lies_between_is_unknown_where_the_database_does_not_say(tmp_path: Path) -> None:
    """If this failed, a layer that saw nothing would seem to have looked."""
    migrations(tmp_path)
    how = configured(tmp_path, migrations="db")
    for then, now in ((None, applied("1")), (applied("1"), None)):
        found = databases.between(how, VERSIONS, then, now)
        assert found.scripts == ()
        assert len(found.unread) == 1
    gone = configured(tmp_path, migrations="nowhere")
    found = databases.between(gone, VERSIONS, applied("1"), applied("1", "2"))
    assert (found.scripts, len(found.unread)) == ((), 1)
    none = databases.between(configured(tmp_path), VERSIONS, applied("1"), applied("2"))
    assert none == Between()
