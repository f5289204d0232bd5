"""Schema and data: passed only with evidence, refused with a way out, unknown said aloud."""

import pytest
from msgspec.structs import replace
from tests.unit.checks.facts import SETTINGS, but

from smartspec_rollback.checks import data_loss, schema_compatible
from smartspec_rollback.checks.database_words import OF_DATA, on_one_line, shortened
from smartspec_rollback.domain.comparison import Comparison, SchemaVerdict
from smartspec_rollback.domain.database_facts import (
    DatabaseFacts,
    Gap,
    MigrationsSeen,
    Unseen,
    Writes,
)
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import FIX_TO_REVIEW, Finding, Outcome
from smartspec_rollback.schema.codes import BESIDE, BY_NAME
from smartspec_rollback.testing.database_samples import (
    IDENTITY,
    INSERT,
    a_comparison,
    a_coverage,
    a_schema_finding,
)
from smartspec_rollback.testing.samples import NOON

PASSED, ATTENTION = Outcome.PASSED, Outcome.ATTENTION
BLOCKING, UNKNOWN = Outcome.BLOCKING, Outcome.UNKNOWN
GAP = Gap(what="the connection was refused", remedy="start the database")
GIFT = Unseen(object="public.orders.gift_note", rows=37, how="counted")
FIX = "-- Review: 0 is a placeholder.\nALTER TABLE orders\n  ALTER COLUMN gift SET DEFAULT 0;"


def seen(
    comparison: Comparison | None = None, *objects: Unseen, phase: Phase = Phase.AFTER_MIGRATIONS
) -> DatabaseFacts:
    """Say that everything was learnt."""
    return DatabaseFacts(
        identity=IDENTITY,
        recorded_at=NOON,
        recorded_with="deploy-12344",
        recorded_phase=Phase.LIVE,
        comparison=comparison or a_comparison(),
        writes=Writes(since=NOON, phase=phase, objects=objects),
        migrations=MigrationsSeen(incomplete=(), added=("V2",)),
    )


def facts(database: DatabaseFacts | None, **changed: object) -> Facts:
    """Take the safe facts with a database."""
    configured = replace(SETTINGS, database="postgresql")
    return but(settings=configured, database=database, **changed)


def schema(database: DatabaseFacts | None, **changed: object) -> Finding:
    """Ask about the schema."""
    return schema_compatible.check(facts(database, **changed))


def data(database: DatabaseFacts | None, **changed: object) -> Finding:
    """Ask about the data."""
    return data_loss.check(facts(database, **changed))


def evidence(found: Finding) -> dict[str, str]:
    """Read the evidence."""
    return {item.fact: item.value for item in found.evidence}


def test_both_pass_with_their_evidence() -> None:
    """If this fails, the two lines people decide on at night are never there, or empty words."""
    found = schema(seen())
    assert found.outcome is PASSED
    assert found.summary == "No breaking database schema changes detected."
    told = evidence(found)
    assert told["database"] == IDENTITY
    assert told["coverage"].startswith("100%")
    assert "deploy-12344" in told["recorded"]
    assert told["migrations since"] == "V2"
    safe = data(seen())
    assert (safe.outcome, safe.summary) == (PASSED, "No data loss risk identified.")
    assert evidence(safe)["tables and columns v1.2.0 does not know"] == "none"


def test_a_breaking_change_refuses_and_says_what_to_do() -> None:
    """If this fails, somebody is told "no" at three in the morning, and nothing else."""
    broken = a_schema_finding(fix=FIX, loses="what was set in it")
    found = schema(seen(a_comparison(broken, a_schema_finding(SchemaVerdict.SAFE))))
    assert found.outcome is BLOCKING
    assert found.summary.startswith("v1.2.0 does not work with the schema: inserts into public.")
    assert "roll forward" in found.remedy
    assert "v1.2.1" in found.remedy
    told = evidence(found)
    assert told[FIX_TO_REVIEW] == (
        "/* Review: 0 is a placeholder. */ ALTER TABLE orders ALTER COLUMN gift SET DEFAULT 0;"
    )
    assert told["statement of v1.2.0"] == INSERT
    assert "column-added-required" in told["public.orders.gift"]
    sources = {item.source for item in found.evidence}
    assert "L1 catalog, L3 scratch copy" in sources


def test_without_a_fix_none_is_promised() -> None:
    """If this fails, people look for SQL that is not there."""
    found = schema(seen(a_comparison(a_schema_finding())))
    assert FIX_TO_REVIEW not in found.remedy


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (SchemaVerdict.SAFE, PASSED),
        (SchemaVerdict.ATTENTION, ATTENTION),
        (SchemaVerdict.UNKNOWN, UNKNOWN),
        (SchemaVerdict.BREAKING, BLOCKING),
    ],
)
def test_a_verdict_is_never_made_better(verdict: SchemaVerdict, outcome: Outcome) -> None:
    """If this fails, a plan shows a check mark where the comparison saw a break."""
    assert schema(seen(a_comparison(a_schema_finding(verdict)))).outcome is outcome
    assert schema(seen(a_comparison(verdict=verdict))).outcome is outcome
    safe = a_schema_finding(SchemaVerdict.SAFE)
    assert schema(seen(a_comparison(safe, verdict=verdict))).outcome is outcome


@pytest.mark.parametrize("code", sorted(OF_DATA))
@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (SchemaVerdict.ATTENTION, ATTENTION),
        (SchemaVerdict.UNKNOWN, UNKNOWN),
        (SchemaVerdict.BREAKING, BLOCKING),
    ],
)
def test_what_rows_hold_is_decided_once(
    code: str, verdict: SchemaVerdict, outcome: Outcome
) -> None:
    """If this fails, one cause blocks twice and cannot be overridden, or does not block at all."""
    told = a_schema_finding(verdict, code=code, summary="37 rows hold a label v1 does not know")
    both = seen(a_comparison(told))
    assert schema(both).outcome is PASSED
    found = data(both)
    assert found.outcome is outcome
    assert "37 rows hold a label" in found.summary
    beside = seen(a_comparison(told, a_schema_finding()))
    assert schema(beside).outcome is BLOCKING
    assert data(beside).outcome is outcome


def test_the_codes_exist() -> None:
    """If this fails, a code was renamed, and its findings count for nothing."""
    assert set(BY_NAME) >= OF_DATA
    assert "migration-incomplete" in {code.name for code in BESIDE}


def test_a_migration_that_stopped_half_way_refuses() -> None:
    """If this fails, the old version starts on half a schema."""
    stopped = MigrationsSeen(incomplete=("V7",), added=("V7",))
    for database in (
        replace(seen(), migrations=stopped),
        replace(seen(), migrations=stopped, comparison=None, comparison_gap=GAP),
        seen(a_comparison(a_schema_finding(code="migration-incomplete", object_="V7"))),
    ):
        found = schema(database)
        assert found.outcome is BLOCKING
        assert "half-way (V7)" in found.summary
        assert "by hand" in found.remedy


def test_what_could_not_be_learnt_is_unknown() -> None:
    """If this fails, a database that did not answer counts as a database that is fine."""
    away = DatabaseFacts(comparison_gap=GAP, writes_gap=GAP)
    assert schema(away).outcome is data(away).outcome is UNKNOWN
    assert schema(away).summary == "Schema not checked: the connection was refused."
    assert data(away).summary == "Data loss not checked: the connection was refused."
    assert schema(away).remedy == "start the database"
    for check in (schema, data):
        assert check(None).outcome is UNKNOWN
        assert check(DatabaseFacts()).outcome is UNKNOWN
        assert check(replace(seen(), comparison=None)).outcome is UNKNOWN
    assert data(replace(seen(), writes=None)).outcome is UNKNOWN
    assert schema(replace(seen(), writes=None)).outcome is PASSED


def test_under_break_glass_the_ledger_is_named() -> None:
    """If this fails, people search a pipeline for what only the unread ledger has."""
    found = schema(DatabaseFacts(), ledger_gap="is not read under break-glass")
    assert found.summary == "Schema not checked: the ledger is not read under break-glass."


def test_low_coverage_is_told_with_what_is_missing() -> None:
    """If this fails, nobody learns how to make the unknown known."""
    low = a_comparison(
        verdict=SchemaVerdict.UNKNOWN,
        reason="Only 40% of its statements are known.",
        coverage=a_coverage(0.4, gaps=("12 texts were truncated",)),
        unseen=("L3: no server",),
    )
    found = schema(seen(low))
    assert found.outcome is UNKNOWN
    assert found.summary.startswith("Schema not checked enough to tell whether v1.2.0")
    told = evidence(found)
    assert told["not known"] == "12 texts were truncated"
    assert told["not looked at"] == "L3: no server"


def test_rows_the_old_version_does_not_see() -> None:
    """If this fails, customers' data goes out of sight and nobody was told."""
    found = data(seen(None, GIFT))
    assert found.outcome is ATTENTION
    assert found.summary == (
        "37 rows written since the deployment are not seen by v1.2.0: orders.gift_note (37 rows)."
    )
    several = data(seen(None, GIFT, Unseen(object="shop.vouchers", rows=1)))
    assert several.summary == (
        "Rows written since the deployment are not seen by v1.2.0: orders.gift_note (37 rows), "
        "shop.vouchers (1 row)."
    )
    unsure = data(seen(None, replace(GIFT, exact=False)))
    assert unsure.summary.startswith("Up to 37 rows written")
    late = data(seen(None, GIFT, phase=Phase.LIVE))
    assert "written since its migrations" in late.summary


def test_nothing_written_passes_and_uncounted_does_not() -> None:
    """If this fails, a table too large to count is a table without loss."""
    nothing = data(seen(None, replace(GIFT, rows=0)))
    assert nothing.outcome is PASSED
    assert evidence(nothing)["nothing in"] == "orders.gift_note"
    uncounted = replace(GIFT, rows=None, reason="the table is larger than the limit")
    for database in (seen(None, uncounted), seen(None, uncounted, GIFT)):
        found = data(database)
        assert found.outcome is UNKNOWN
        assert "larger than the limit" in found.summary
    vouchers = Unseen(object="public.vouchers", rows=3)
    told = evidence(data(seen(None, uncounted, vouchers)))
    assert "3 rows" in told["public.vouchers"]
    assert told["not counted"] == "orders.gift_note"


def test_a_reversals_losses_are_told() -> None:
    """If this fails, somebody reverses a migration that this plan could have warned of."""
    loses = a_schema_finding(SchemaVerdict.SAFE, loses="what was set in it")
    told = evidence(data(seen(a_comparison(loses))))
    assert told["a reversal would lose"] == "orders.gift: what was set in it"


def test_many_and_long_statements_stay_readable() -> None:
    """If this fails, a plan of a thousand lines hides its first one."""
    findings = [
        a_schema_finding(object_=f"public.t{n}", statement="SELECT\n" + "x," * 5000)
        for n in range(40)
    ]
    found = schema(seen(a_comparison(*findings)))
    assert len(found.evidence) < 30
    assert "(and 39 more)" in found.summary
    assert all(len(item.value) < 400 for item in found.evidence)


def test_sql_keeps_its_meaning_on_one_line() -> None:
    """If this fails, a remark swallows the statement after it, or ends too early."""
    assert on_one_line("-- a */ b\nSELECT 1;") == "/* a * / b */ SELECT 1;"
    assert shortened("SELECT\n  1") == "SELECT 1"
    assert len(shortened("x" * 10**6)) == 300
