"""One finding a change, the most specific, worst first."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.judged import ATTENTION, BREAKING, SAFE, select

from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.codes import ALL, SHAPE_CHANGED, STATEMENT_FAILS
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.merge import merge

READ, OTHER = select("price"), select("id", "price")


def test_two_layers_that_see_one_change_give_one_finding() -> None:
    """The same loss would be counted twice, and the server's words would stand alone."""
    seen = found(7, BREAKING, "public.items.price", "It is gone.", statements=(READ,))
    tried = found(
        7,
        BREAKING,
        "public.items.price",
        "A statement fails.",
        layer=Layer.WORKLOAD,
        statements=(READ, OTHER),
        evidence=(fact("the server says", "no such column", Layer.WORKLOAD),),
    )
    (joined,) = merge((tried, seen))
    assert joined.layers == (Layer.CATALOG, Layer.WORKLOAD)
    assert joined.others == 1
    assert [each.value for each in joined.evidence] == ["no such column"]


def test_the_more_specific_code_names_what_is_gone() -> None:
    """A renamed table would be told as lost, with a restore from backup as the way out."""
    renamed = found(9, SAFE, "public.items", "It has another name.")
    dropped = found(8, BREAKING, "public.items", "It is gone.", statements=(READ,))
    (joined,) = merge((dropped, renamed))
    assert (joined.code, joined.verdict, joined.loses) == ("renamed", BREAKING, "")
    assert joined.statement_id == READ.id


def test_a_failure_goes_beneath_the_change_that_explains_it_and_only_there() -> None:
    """A failing statement nobody can explain must stay visible by itself."""
    change = found(17, BREAKING, "public.items.price", "Another type.", statements=(READ,))
    vague = found(
        STATEMENT_FAILS, BREAKING, "public.items", "price cannot be compared.",
        layer=Layer.WORKLOAD, statements=(READ,),
    )  # fmt: skip
    (joined,) = merge((vague, change))
    assert (joined.code, joined.layers) == ("type-changed", (Layer.CATALOG, Layer.WORKLOAD))
    harmless = found(17, SAFE, "public.items.price", "Wider.", statements=(READ,))
    assert {each.code for each in merge((vague, harmless))} == {"type-changed", "statement-fails"}


def test_a_changed_result_is_no_news_where_its_column_was_judged() -> None:
    """A wider integer asks for a look once, not once more for each result."""
    change = found(15, ATTENTION, "public.items.price", "Wider.", statements=(READ,))
    shape = found(
        SHAPE_CHANGED, BREAKING, f"statement {READ.id}", "price is bigint.",
        layer=Layer.WORKLOAD, statements=(READ,),
    )  # fmt: skip
    (joined,) = merge((change, shape))
    assert joined.verdict is ATTENTION


_findings = st.builds(
    lambda row, verdict, name: found(row, verdict, name, "It changed."),
    st.sampled_from([each.row for each in ALL]),
    st.sampled_from(list(SchemaVerdict)),
    st.sampled_from(("public.items", "public.items.a", "public.tags")),
)


@given(many=st.lists(_findings, max_size=8), data=st.data())
def test_merging_keeps_the_worst_and_knows_no_order(
    many: list[SchemaFinding], data: st.DataObject
) -> None:
    """Joining would hide a breaking change, or depend on which rule ran first."""
    merged = merge(many)
    worst = max((each.verdict.rank for each in many), default=0)
    assert max((each.verdict.rank for each in merged), default=0) == worst
    assert merge(data.draw(st.permutations(many))) == merged
    assert merge(merged) == merged
    ranks = [each.verdict.rank for each in merged]
    assert ranks == sorted(ranks, reverse=True)
