"""Files against the database's own record of migrations, for each kind of record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.crosscheck import crosscheck
from smartspec_rollback.domain.migration import (
    AppliedMigration,
    CrossCheck,
    Migration,
    MigrationRole,
)


def files(*versions: str, **facts: object) -> tuple[Migration, ...]:
    """Make migrations as files have them."""
    return tuple(
        Migration(version=version, name=f"n{version}", path=f"{version}.sql", up="", **facts)  # type: ignore[arg-type]  # few facts, by name
        for version in versions
    )


def rows(*versions: str) -> tuple[AppliedMigration, ...]:
    """Make rows of a ledger."""
    return tuple(AppliedMigration(version=version) for version in versions)


@pytest.mark.parametrize(
    "tool", ["flyway", "plain", "sqlx", "goose", "prisma", "rails", "dbmate", "atlas", "liquibase"]
)
@given(kept=st.sets(st.integers(1, 9)), applied=st.sets(st.integers(1, 9)))
def test_rows_are_compared_both_ways(tool: str, kept: set[int], applied: set[int]) -> None:
    """A migration that is missing or too many is not told."""
    found = crosscheck(
        files(*(str(each) for each in sorted(kept))),
        rows(*(str(each) for each in sorted(applied))),
        tool,
    )
    assert set(found.missing) == {str(each) for each in kept - applied}
    assert set(found.extra) == {str(each) for each in applied - kept}
    assert found.agrees == (kept == applied)
    late = any(each < max(kept & applied) for each in kept - applied) if kept & applied else False
    assert any("out of order" in note for note in found.notes) == late


@pytest.mark.parametrize("tool", ["sqlx", "goose", "golang-migrate", "plain", "flyway"])
def test_numbers_are_compared_as_numbers(tool: str) -> None:
    """Leading zeros make every migration look missing."""
    found = crosscheck(files("001", "002"), rows("1", "2"), tool)
    assert found.agrees


def test_half_applied_is_incomplete_and_never_agrees() -> None:
    """A dirty database looks like one whose migrations all went through."""
    dirty = (AppliedMigration(version="2", complete=False),)
    found = crosscheck(files("1", "2"), dirty, "golang-migrate")
    assert (found.incomplete, found.missing, found.agrees) == (("2",), (), False)


def test_newest_version_stands_for_all_before_it() -> None:
    """golang-migrate's one row makes all earlier migrations look missing."""
    found = crosscheck(files("1", "2", "10"), rows("2"), "golang-migrate")
    assert found.missing == ("10",)
    assert "only the newest version is kept" in found.notes[0]
    assert crosscheck(files("1"), rows("7"), "golang-migrate").extra == ("7",)
    assert crosscheck(files("1"), (), "golang-migrate").missing == ("1",)


def test_heads_stand_for_their_ancestors() -> None:
    """Alembic's heads make all earlier revisions look missing."""
    graph = (
        *files("a"),
        *files("b", "c", requires=("a",)),
        *files("d", requires=("b", "c")),
        *files("e", requires=("d",)),
    )
    assert crosscheck(graph, rows("d"), "alembic") == CrossCheck(missing=("e",))
    assert crosscheck(graph, rows("b", "c"), "alembic").missing == ("d", "e")
    unknown = crosscheck(graph, rows("z"), "alembic")
    assert (unknown.extra, unknown.missing, unknown.agrees) == (("z",), (), False)
    assert unknown.notes


def test_flyway_repeatables_go_by_description_and_baselines_cover() -> None:
    """A repeatable migration looks missing for good, or what a baseline covers does."""
    again = Migration(
        version="", name="the view", path="R__the_view.sql", up="", role=MigrationRole.REPEATABLE
    )
    applied = (
        AppliedMigration(version="2", name="<< Flyway Baseline >>"),
        AppliedMigration(version="3", name="n3"),
        AppliedMigration(version="", name="the view"),
        AppliedMigration(version="", name="gone"),
    )
    found = crosscheck((*files("1", "2", "3", "4"), again), applied, "flyway")
    assert (found.missing, found.extra) == (("4",), ("gone",))
    assert len(found.notes) == 2
    assert crosscheck((again,), (), "flyway").missing == ("the view",)


def test_django_applications_without_files_are_no_surplus() -> None:
    """Every installation looks wrong, because of Django's own applications."""
    found = crosscheck(files("shop.0001"), rows("auth.0001", "shop.0001", "shop.0002"), "django")
    assert found.extra == ("shop.0002",)
    assert found.notes == ("the migrations of auth are in no file here",)


def test_squash_need_not_be_applied() -> None:
    """A squashed migration looks missing where those it stands for are applied."""
    squash = files("shop.0001_squashed", role=MigrationRole.BASELINE)
    assert crosscheck((*files("shop.0001"), *squash), rows("shop.0001"), "django").agrees


def test_reworked_changes_are_counted() -> None:
    """A reworked change that was not deployed yet looks deployed."""
    changes = files("users", "fn@v1", "fn")
    assert crosscheck(changes, rows("users", "fn"), "sqitch").missing == ("fn",)
    assert crosscheck(changes, rows("users", "fn", "fn"), "sqitch").agrees
