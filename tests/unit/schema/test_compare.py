"""The comparison as a whole: what it may never say, whatever it is given."""

from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.schema.judged import (
    ATTENTION,
    BREAKING,
    SAFE,
    UNKNOWN,
    delete,
    insert,
    judge,
    one,
    opaque,
    select,
    update,
)

from smartspec_rollback.domain.catalog import (
    Catalog,
    Constraint,
    ConstraintKind,
    Relation,
    RelationKind,
)
from smartspec_rollback.domain.comparison import Inputs, Layer
from smartspec_rollback.domain.migration import AppliedMigration, Effect, EffectKind
from smartspec_rollback.domain.workload import ColumnProfile, Statement, Trial
from smartspec_rollback.schema.codes import ALL, BESIDE
from smartspec_rollback.schema.compare import questions
from smartspec_rollback.testing.schema_samples import catalog, column, snapshot, table

_BRIEFLY = settings(max_examples=60, deadline=None)
_NAMES = ("a", "b", "c")
_TYPES = ("integer", "bigint", "text", "character varying(9)", "numeric(8,2)", "jsonb")
_CODES = {each.name for each in (*ALL, *BESIDE)}


@st.composite
def _tables(draw: st.DrawFn) -> Relation:
    name = draw(st.sampled_from(("items", "people", "tags")))
    chosen = draw(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True))
    columns = tuple(
        column(
            each,
            draw(st.sampled_from(_TYPES)),
            nullable=draw(st.booleans()),
            default=draw(st.sampled_from((None, "1", "now()"))),
        )
        for each in chosen
    )
    guards = [
        Constraint(
            name=f"{name}_{kind}_{chosen[0]}",
            kind=kind,
            columns=(chosen[0],),
            definition=f"{kind.upper()} ({chosen[0]})",
            predicate=f"({chosen[0]} > 0)" if kind is ConstraintKind.CHECK else None,
        )
        for kind in (ConstraintKind.UNIQUE, ConstraintKind.CHECK)
        if draw(st.booleans())
    ]
    return table(name, *columns, constraints=tuple(guards))


catalogs = st.lists(_tables(), max_size=3, unique_by=lambda each: each.name).map(
    lambda tables: catalog(*tables)
)


@st.composite
def _statements(draw: st.DrawFn) -> Statement:
    relation = "public." + draw(st.sampled_from(("items", "people", "tags")))
    columns = tuple(draw(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True)))
    make = draw(st.sampled_from((select, insert, update)))
    if draw(st.integers(0, 9)) == 0:
        return opaque(f"CALL f('{relation}', '{columns[0]}')")
    if draw(st.integers(0, 9)) == 0:
        return delete(relation)
    return cast("Statement", make(*columns, relation=relation))


workloads = st.lists(_statements(), max_size=6, unique_by=lambda each: each.id).map(tuple)


@_BRIEFLY
@given(schema=catalogs, statements=workloads)
def test_the_same_schema_breaks_nothing(schema: Catalog, statements: tuple[Statement, ...]) -> None:
    """A rollback without any migration would be refused."""
    found = judge(schema, schema, *statements)
    assert found.verdict is SAFE
    assert found.findings == ()


@_BRIEFLY
@given(before=catalogs, after=catalogs, statements=workloads, data=st.data())
def test_the_order_of_what_is_given_decides_nothing(
    before: Catalog, after: Catalog, statements: tuple[Statement, ...], data: st.DataObject
) -> None:
    """Two servers list the same objects in two orders, and one plan would differ from the other."""
    found = judge(before, after, *statements)
    shuffled = judge(
        replace(before, relations=tuple(data.draw(st.permutations(before.relations)))),
        replace(after, relations=tuple(data.draw(st.permutations(after.relations)))),
        *data.draw(st.permutations(statements)),
    )
    assert {(f.code, f.object, f.verdict) for f in shuffled.findings} == {
        (f.code, f.object, f.verdict) for f in found.findings
    }
    assert (shuffled.verdict, shuffled.coverage.share) == (found.verdict, found.coverage.share)


@_BRIEFLY
@given(before=catalogs, after=catalogs, statements=workloads, more=_statements())
def test_knowing_one_more_statement_never_turns_breaking_into_safe(
    before: Catalog, after: Catalog, statements: tuple[Statement, ...], more: Statement
) -> None:
    """What breaks, breaks, whatever else the old version does."""
    if judge(before, after, *statements).verdict is BREAKING:
        added = tuple({each.id: each for each in (*statements, more)}.values())
        assert judge(before, after, *added).verdict is BREAKING


@_BRIEFLY
@given(before=catalogs, after=catalogs, statements=workloads)
def test_a_table_that_is_gone_is_never_safe_where_too_little_is_known(
    before: Catalog, after: Catalog, statements: tuple[Statement, ...]
) -> None:
    """Silence of an unknown workload is no proof that nobody uses the table."""
    gone = {r.qualified for r in before.relations} - {r.qualified for r in after.relations}
    found = judge(before, after, *statements, gaps=("entries were evicted",))
    if gone:
        assert found.verdict is not SAFE
        assert found.coverage.share < 0.9


@_BRIEFLY
@given(before=catalogs, after=catalogs, statements=workloads)
def test_every_finding_says_what_and_why_in_known_codes(
    before: Catalog, after: Catalog, statements: tuple[Statement, ...]
) -> None:
    """A code nobody documented, or an empty sentence, would reach the plan."""
    found = judge(before, after, *statements)
    assert {each.code for each in found.findings} <= _CODES
    assert all(each.summary.endswith(".") and each.layers for each in found.findings)
    ranks = [each.verdict.rank for each in found.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert found.reason.endswith((".", ")"))


OLD = catalog(table("items", column("a"), column("b", "integer", nullable=False)))
READ = select("a", "b")


def test_what_has_to_be_asked_of_the_rows_is_asked_once_and_not_what_is_answered() -> None:
    """Every question is a query on production."""
    new = catalog(table("items", column("a"), column("b", "integer"), column("c")))
    inputs = Inputs(before=snapshot(OLD, READ), after=new)
    asked = questions(inputs)
    assert {each.kind.value for each in asked} == {"nulls", "set"}
    assert len(asked) == len(set(asked))


def test_a_statement_that_never_worked_breaks_nothing_and_is_counted() -> None:
    """A typo in a forgotten script would refuse every rollback."""
    problem = "column nothing does not exist"
    refused = replace(select("nothing"), worked=False, problem=problem)
    found = judge(OLD, OLD, READ, refused)
    assert found.coverage.statements == 1
    assert any("never worked" in gap for gap in found.coverage.gaps)


def test_a_failure_on_a_scratch_copy_of_the_old_schema_counts_as_never_worked() -> None:
    """The same statement fails on the new schema too: that is no news."""
    failing = replace(select("a"), worked=None)
    trial = Trial(
        statement=failing.id, worked=False, code="42703", message="column a does not exist"
    )
    found = judge(OLD, OLD, failing, before_trials=(trial,), trials=(trial,))
    assert found.coverage.statements == 0
    assert found.verdict is SAFE
    kept = judge(OLD, OLD, failing, before_trials=(trial,), missing_before=frozenset({"items"}))
    assert kept.coverage.statements == 1


def test_a_half_applied_migration_breaks_unless_it_was_so_before() -> None:
    """No version was made for a schema between two versions."""
    dirty = AppliedMigration(version="7", name="split", complete=False)
    found = judge(OLD, OLD, READ, applied=(dirty,))
    assert one(found, "migration-incomplete").verdict is BREAKING
    found = judge(OLD, OLD, READ, applied=(dirty,), recorded={"migrations": (dirty,)})
    assert one(found, "migration-incomplete").verdict is ATTENTION


def test_what_could_not_be_read_is_told_and_makes_silence_worthless() -> None:
    """A part nobody could read may be the part that changed."""
    noted = replace(OLD, notes=("triggers could not be read",))
    found = judge(OLD, noted)
    assert found.verdict is UNKNOWN
    assert any("triggers could not be read" in each for each in found.unseen)
    assert judge(OLD, noted, READ).verdict is SAFE


def test_two_kinds_of_database_or_two_search_paths_are_told() -> None:
    """The comparison would be of names that mean other things."""
    other = replace(OLD, kind="mysql", search_path=("shop",), role="root")
    found = judge(OLD, other, READ)
    assert found.verdict is UNKNOWN
    assert sum("search path" in each or "root" in each for each in found.unseen) == 2


def test_a_difference_no_rule_describes_is_unknown_where_it_is_used() -> None:
    """A rule that is missing would read as safe."""
    old = catalog(table("items", column("a"), inherits=("public.base",)))
    new = catalog(table("items", column("a")))
    assert one(judge(old, new, select("a")), "not-comparable").verdict is UNKNOWN


def test_what_a_dropped_column_had_goes_with_it() -> None:
    """The drop is judged, and its foreign key would be unknown for ever."""
    key = Constraint(
        name="k",
        kind=ConstraintKind.FOREIGN_KEY,
        columns=("b",),
        definition="FOREIGN KEY (b) REFERENCES others(id)",
        references="public.others",
        referenced_columns=("id",),
    )
    old = catalog(table("items", column("a"), column("b"), constraints=(key,)))
    found = judge(old, catalog(table("items", column("a"))), select("a"))
    assert [f.code for f in found.findings] == ["unused-column-dropped"]


def test_schemas_of_two_kinds_are_not_compared() -> None:
    """Every table of the one is gone from the other, and a wrong URL reads as a catastrophe."""
    old = catalog(table("main.items", column("a")), kind="sqlite")
    found = judge(old, catalog(table("items", column("a"))), select("a", relation="main.items"))
    assert [(f.code, f.object) for f in found.findings] == [("not-comparable", "database")]
    assert found.verdict is UNKNOWN


def test_what_no_statement_names_is_unknown_where_it_differs() -> None:
    """Operators and casts change what statements mean without any of them saying so."""
    old = catalog(table("items", column("a")))
    new = replace(old, others=("operator public.||(text,integer) by joined",))
    assert one(judge(old, new, select("a")), "not-comparable").verdict is UNKNOWN


def test_what_is_true_of_a_whole_is_not_told_again_of_its_parts() -> None:
    """A hundred partitions would say the same a hundred times."""
    part = {"partition_of": "public.items", "partition_bound": "DEFAULT"}
    old = catalog(
        table("items", column("a"), column("b"), kind=RelationKind.PARTITIONED),
        table("part", column("a"), column("b"), **part),
    )
    new = catalog(
        table("items", column("a"), kind=RelationKind.PARTITIONED),
        table("part", column("a"), **part),
    )
    found = judge(old, new, select("b"))
    assert [(f.code, f.object) for f in found.findings] == [("column-dropped", "public.items.b")]


def test_what_a_part_alone_demands_is_unknown_to_who_writes_the_whole() -> None:
    """A check on one partition refuses rows that no statement ever sends it by name."""
    check = Constraint(
        name="c", kind=ConstraintKind.CHECK, columns=("a",), definition="CHECK (good(a))"
    )
    part = {"partition_of": "public.items", "partition_bound": "DEFAULT"}
    whole = table("items", column("a"), kind=RelationKind.PARTITIONED)
    old = catalog(whole, table("part", column("a"), **part))
    new = catalog(whole, table("part", column("a"), constraints=(check,), **part))
    assert one(judge(old, new, insert("a")), "not-comparable").verdict is UNKNOWN


def test_rows_nobody_misses_hide_no_other_difference() -> None:
    """A harmless DELETE would make every unjudged change of its table safe."""
    cleared = Effect(
        kind=EffectKind.DELETE, relation="items", text="DELETE FROM items", source="1.sql:1"
    )
    old = catalog(table("items", column("a"), inherits=("public.base",)))
    found = judge(old, catalog(table("items", column("a"))), insert("a"), effects=(cleared,))
    assert one(found, "rows-deleted").verdict is SAFE
    assert found.verdict is UNKNOWN


def test_low_coverage_is_told_beside_what_it_makes_unknown() -> None:
    """People must see that knowing more statements would settle it."""
    found = judge(OLD, catalog())
    assert {each.code for each in found.findings} == {"table-dropped", "coverage-low"}
    assert found.coverage.share == 0.0


def test_fixes_stand_beside_what_harms_and_nowhere_else() -> None:
    """SQL beside a harmless change would be run for nothing."""
    new = catalog(
        table(
            "items",
            column("a"),
            column("b", "integer", nullable=False),
            column("c", nullable=False),
        )
    )
    found = judge(OLD, new, READ, insert("a", "b"))
    assert one(found, "column-added-required").fix
    assert not one(judge(OLD, new, READ), "column-added-required").fix


def test_another_form_of_json_is_seen_in_figures_only() -> None:
    """The new version writes an array where the old one reads an object."""
    schema = catalog(table("items", column("j", "jsonb")))
    facts: dict[str, Any] = {"relation": "public.items", "column": "j", "nulls": 0, "rows": 2}
    was = ColumnProfile(**facts, labels=('{"a": 1}',), keys=("a",))
    now = ColumnProfile(**facts, labels=('{"a": 1}', "[1]"), keys=("a",))
    read = select("j")
    found = judge(schema, schema, read, profiles=(now,), recorded={"profiles": (was,)})
    assert one(found, "format-changed").verdict is BREAKING
    found = judge(schema, schema, read, profiles=(was,), recorded={"profiles": (was,)})
    assert found.verdict is SAFE


def test_the_layers_that_looked_are_told_in_order() -> None:
    """People must see whether anybody compiled a statement."""
    found = judge(OLD, OLD, READ, layers=(Layer.WORKLOAD, Layer.CATALOG, Layer.CATALOG))
    assert found.layers == (Layer.CATALOG, Layer.WORKLOAD)


def test_what_a_server_said_is_evidence_once() -> None:
    """Two lines that say the same take room from what matters at three in the morning."""
    reads = select("a")
    trial = Trial(statement=reads.id, worked=False, code="42703", message="no column a")
    dropped = catalog(table("items", column("b", "integer")))
    found = judge(OLD, dropped, reads, trials=(trial,))
    said = [
        each.value
        for finding in found.findings
        for each in finding.evidence
        if each.fact == "the server says"
    ]
    assert said == ["42703 no column a"]
