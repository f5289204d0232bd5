"""How much of the workload is known."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.schema.judged import opaque, select

from smartspec_rollback.domain.comparison import Coverage
from smartspec_rollback.schema.case import ENOUGH
from smartspec_rollback.schema.workload.coverage import measure
from smartspec_rollback.testing.schema_samples import catalog, column, table, view

ITEMS, PEOPLE = table("items", column("a")), table("people", column("a"))
READ = select("a")
READ_PEOPLE = select("a", relation="public.people")


def test_the_lowest_share_counts() -> None:
    """Many statements of one table would hide that nobody knows who uses the other."""
    both = catalog(ITEMS, PEOPLE)
    assert measure((READ, READ_PEOPLE), both).share == 1.0
    half = measure((READ,), both)
    assert (half.share, half.touched, half.tables) == (0.5, 1, 2)
    assert "public.people" in half.gaps[-1]
    rare = replace(opaque("CALL f()"), calls=1)
    often = replace(READ, calls=3)
    assert measure((often, rare), catalog(ITEMS)).share == 0.5
    assert measure((often, rare), catalog(ITEMS)).calls == 0.75
    assert measure((replace(rare, calls=9), replace(often, calls=1)), catalog(ITEMS)).share == 0.1


def test_nothing_known_is_no_coverage() -> None:
    """A schema without tables would count as wholly known."""
    assert measure((), catalog()).share == 0.0
    assert measure((READ,), catalog()).share == 1.0


def test_views_partitions_and_tools_tables_are_no_gaps() -> None:
    """A table reached through its view counts as touched, a migration tool's own not at all."""
    schema = catalog(
        ITEMS,
        view("seen", "SELECT a FROM items"),
        view("again", "SELECT a FROM seen"),
        table("items_1", column("a"), partition_of="public.items"),
        table("flyway_schema_history", column("version")),
        table("sqitch.changes", column("id")),
        table("spatial_ref_sys", column("id"), extension="postgis"),
    )
    found = measure((select("a", relation="public.again"),), schema)
    assert (found.tables, found.share) == (1, 1.0)
    assert measure((select("a", relation="public.items_1"),), schema).share == 1.0


@given(known=st.integers(0, 30), hidden=st.integers(0, 30), gap=st.booleans())
def test_gaps_of_the_source_are_never_enough(known: int, hidden: int, *, gap: bool) -> None:
    """Evicted statements are the ones nobody can count."""
    statements = (
        *(replace(READ, id=f"k{n}") for n in range(known)),
        *(replace(opaque("CALL f()"), id=f"h{n}") for n in range(hidden)),
    )
    found = measure(statements, catalog(ITEMS), ("evicted",) if gap else ())
    assert 0.0 <= found.share <= 1.0
    assert found.share < ENOUGH or not gap
    assert found.understood == known


def test_untouched_tables_are_named_up_to_ten_and_counted_beyond() -> None:
    """Ten thousand names would drown the report."""
    many = [table(f"t{n:02}", column("a")) for n in range(13)]
    gap = measure((READ,), catalog(*many)).gaps[-1]
    assert gap.count("public.") == 10
    assert gap.endswith("and 3 more")


def test_a_share_is_never_told_as_more_than_it_is() -> None:
    """People read that 90 % are known, and that 90 % are too little."""
    for share, told in ((0.896, "89%"), (0.29, "29%"), (1.0, "100%")):
        known = Coverage(
            statements=1000, understood=1000, calls=None, tables=1, touched=1, share=share
        )
        assert known.percent == told
