"""What is learnt of the database for a plan: all of it, in time, and never at the plan's cost."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from tests.unit.engine.small_database import SmallDatabase

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import Comparison, SchemaVerdict
from smartspec_rollback.domain.database_facts import DatabaseFacts, Unseen
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.finding import Finding, Outcome, Risk
from smartspec_rollback.domain.migration import AppliedMigration, Versions
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.schema_record import QuestionKind, SchemaSnapshot
from smartspec_rollback.engine.database import QUESTIONS, look_into, unknown_to
from smartspec_rollback.engine.parts import DatabaseParts, Parts
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.errors import ConfigurationError, Problem, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database
from smartspec_rollback.testing.database_samples import (
    IDENTITY,
    a_catalog,
    a_comparison,
    a_mark,
    a_relation,
    a_schema_finding,
    a_snapshot,
)
from smartspec_rollback.testing.engine_parts import (
    FAILED_ID,
    HEALTHY_ID,
    SETTINGS,
    Bench,
    asking_for,
    deploy,
)
from smartspec_rollback.testing.samples import GOOD, a_person, a_release

NEW = a_catalog(a_relation("orders", "id", "total", "gift_note"), a_relation("vouchers"))
SET, ROWS, WRITTEN = QuestionKind.SET, QuestionKind.ROWS, QuestionKind.WRITTEN
GIFT, VOUCHERS = "public.orders.gift_note", "public.vouchers"


@dataclass
class Comparing:
    """Compares as it was told, and keeps what it was given."""

    says: Comparison | Exception = field(default_factory=a_comparison)
    seen: list[SchemaSnapshot] = field(default_factory=list)
    between: list[Versions] = field(default_factory=list)

    def __call__(
        self, before: SchemaSnapshot, after: Database, versions: Versions, deadline: Deadline, /
    ) -> Comparison:
        """Say what was given."""
        self.seen.append(before)
        self.between.append(versions)
        after.catalog(deadline=deadline)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def recorded(bench: Bench, *phases: Phase) -> None:
    """Record the good version's schema, and phases of the bad one."""
    bench.store.record_schema(HEALTHY_ID, Phase.LIVE, a_snapshot(), by=a_person())
    for number, phase in enumerate(phases, start=900):
        seen = a_snapshot(NEW, mark=a_mark(transaction=str(number)))
        bench.store.record_schema(FAILED_ID, phase, seen, by=a_person())


def parts_with(
    bench: Bench,
    database: SmallDatabase | Callable[[], Database],
    compare: Comparing | None = None,
    within: float = 5.0,
) -> Parts:
    """Put the engine's parts together around a database."""
    connect = (lambda: database) if isinstance(database, SmallDatabase) else database
    looked = DatabaseParts(connect=connect, compare=compare or Comparing(), within=within)
    settings = replace(SETTINGS, database="postgresql")
    return bench.parts_with(database=looked, settings=settings)


def facts_of(parts: Parts, bench: Bench) -> DatabaseFacts:
    """Look into the database for going back to the good version."""
    found = look_into(parts, bench.failed, a_release(GOOD))
    assert found is not None
    return found


def go(bench: Bench, parts: Parts) -> Report:
    """Roll back with these parts."""
    return rollback(parts, bench.failed, asking_for())


def finding(report: Report, check: str) -> Finding:
    """Take one check's finding from a plan."""
    return next(f for f in report.plan.findings if f.check == check)


def test_without_a_database_nothing_is_learnt(bench: Bench) -> None:
    """If this fails, a service without a database gets findings about one."""
    assert look_into(bench.parts, bench.failed, a_release(GOOD)) is None


def test_everything_is_learnt(bench: Bench) -> None:
    """If this fails, a check decides without the fact it was made for."""
    recorded(bench, Phase.AFTER_MIGRATIONS, Phase.LIVE)
    live = SmallDatabase(
        held=NEW,
        rows={(SET, GIFT): 37, (ROWS, VOUCHERS): 3, (WRITTEN, "public.orders"): 900},
        applied=(AppliedMigration(version="2"), AppliedMigration(version="3", complete=False)),
    )
    comparing = Comparing(a_comparison(a_schema_finding()))
    found = facts_of(parts_with(bench, live, comparing), bench)
    assert found.identity == IDENTITY
    assert (found.recorded_with, found.recorded_phase) == (HEALTHY_ID, Phase.LIVE)
    assert found.comparison is comparing.says
    assert comparing.seen == [a_snapshot()]
    assert found.migrations is not None
    assert found.migrations.incomplete == ("3",)
    assert found.migrations.added == ("2", "3")
    assert found.writes is not None
    assert found.writes.phase is Phase.AFTER_MIGRATIONS
    assert found.writes.objects == (
        Unseen(object=GIFT, rows=37, how="counted"),
        Unseen(object=VOUCHERS, rows=3, how="counted"),
    )
    assert live.asked.count("catalog") == 1


@pytest.mark.parametrize(
    ("phase", "held", "written", "counted"),
    [
        (Phase.AFTER_MIGRATIONS, 500, 20, (20, False)),
        (Phase.AFTER_MIGRATIONS, 500, 0, (0, True)),
        (Phase.AFTER_MIGRATIONS, 20, 500, (20, True)),
        (Phase.AFTER_MIGRATIONS, 500, None, (500, True)),
        (Phase.AFTER_MIGRATIONS, None, 0, (0, True)),
        (Phase.AFTER_MIGRATIONS, None, 7, (None, True)),
        (Phase.LIVE, 500, 0, (500, True)),
        (Phase.LIVE, None, 0, (None, True)),
    ],
)
def test_what_a_migration_filled_in_is_not_somebodys_work(
    bench: Bench,
    phase: Phase,
    held: int | None,
    written: int | None,
    counted: tuple[int | None, bool],
) -> None:
    """If this fails, rows written before the mark are taken for none, or a backfill for loss."""
    recorded(bench, phase)
    live = SmallDatabase(
        held=a_catalog(a_relation("orders", "id", "total", "gift_note")),
        rows={(SET, GIFT): held, (WRITTEN, "public.orders"): written},
    )
    found = facts_of(parts_with(bench, live), bench)
    assert found.writes is not None
    (only,) = found.writes.objects
    assert (only.rows, only.exact) == counted
    assert bool(only.reason) is (only.rows is None)


def test_what_is_not_recorded_is_a_gap(bench: Bench) -> None:
    """If this fails, "nobody recorded it" reads as "nothing found"."""
    found = facts_of(parts_with(bench, SmallDatabase(held=NEW)), bench)
    assert (found.comparison, found.writes, found.recorded_at) == (None, None, None)
    assert found.comparison_gap is not None
    assert GOOD in found.comparison_gap.what
    assert "deployment record" in found.comparison_gap.remedy
    recorded(bench)
    found = facts_of(parts_with(bench, SmallDatabase(held=NEW)), bench)
    assert found.comparison is not None
    assert found.writes is None
    assert found.writes_gap is not None
    assert "after-migrations" in found.writes_gap.remedy


def _unset() -> Database:
    raise ConfigurationError("smartspec.yaml", [Problem(7, "url", "the variable URL is not set")])


def _bug() -> Database:
    raise KeyError("a bug")


@pytest.mark.parametrize("connect", [_unset, _bug])
def test_a_database_that_cannot_be_made_costs_findings_and_no_plan(
    bench: Bench, connect: Callable[[], Database]
) -> None:
    """If this fails, a missing secret stops a rollback in the middle of an incident."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    parts = parts_with(bench, connect)
    found = facts_of(parts, bench)
    assert found.comparison_gap == found.writes_gap
    assert found.comparison_gap is not None
    report = go(bench, parts)
    assert report.plan.risk is Risk.HIGH
    assert finding(report, "schema-compatible").outcome is Outcome.UNKNOWN
    assert finding(report, "data-loss").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("broken", ["catalog", "answers", "applied_migrations"])
@pytest.mark.parametrize(
    "error", [ProviderUnavailable("the connection was refused"), ValueError("a bug")]
)
def test_whatever_fails_while_looking_is_unknown(
    bench: Bench, broken: str, error: Exception
) -> None:
    """If this fails, a database on fire stops the rollback that would put it out."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    live = SmallDatabase(held=NEW, broken={broken: error})
    found = facts_of(parts_with(bench, live), bench)
    gaps = (found.comparison_gap, found.writes_gap, found.migrations_gap)
    assert any(gap is not None for gap in gaps)
    assert (found.comparison is None) is (broken == "catalog")
    assert (found.writes is None) is (broken != "applied_migrations")


def test_a_comparison_that_fails_is_unknown(bench: Bench) -> None:
    """If this fails, a fault of ours in judging a schema refuses every rollback."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    comparing = Comparing(RecursionError("deep"))
    found = facts_of(parts_with(bench, SmallDatabase(held=NEW), comparing), bench)
    assert found.comparison is None
    assert found.comparison_gap is not None
    assert "RecursionError" in found.comparison_gap.what


def test_all_looking_shares_one_time_limit(bench: Bench) -> None:
    """If this fails, a slow database holds an incident up for as long as it likes."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    live = SmallDatabase(held=NEW)
    found = facts_of(parts_with(bench, live, within=0.0), bench)
    assert (found.comparison, found.writes, found.migrations) == (None, None, None)
    assert found.comparison_gap is not None
    assert "is over" in found.comparison_gap.what


def test_too_many_new_places_are_not_counted() -> None:
    """If this fails, counting thousands of tables eats the time the comparison needs."""
    many = Catalog(
        kind="postgresql",
        version="18",
        relations=tuple(a_relation(f"t{number}") for number in range(QUESTIONS + 1)),
    )
    assert len(unknown_to(a_catalog(), many)) == QUESTIONS + 1


def test_too_many_new_places_are_a_gap(bench: Bench) -> None:
    """If this fails, what was never counted reads as nothing."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    many = a_catalog(*(a_relation(f"t{number}") for number in range(QUESTIONS + 1)))
    live = SmallDatabase(held=many)
    found = facts_of(parts_with(bench, live), bench)
    assert found.writes is None
    assert found.writes_gap is not None
    assert "answers" not in live.asked


def test_what_holds_nothing_of_its_own_is_not_asked_for() -> None:
    """If this fails, computed columns, partitions and extensions' tables look like loss."""
    old = a_catalog()
    (orders,) = old.relations
    computed = replace(orders.columns[0], name="doubled", generated="id * 2")
    part = replace(a_relation("orders_2026"), partition_of="public.orders")
    theirs = replace(a_relation("spatial_ref_sys"), extension="postgis")
    tools = a_relation("flyway_schema_history")
    new = a_catalog(replace(orders, columns=(*orders.columns, computed)), part, theirs, tools)
    assert unknown_to(old, new) == ()


def test_a_breaking_schema_refuses_the_rollback_before_anything_is_done(
    bench: Bench,
) -> None:
    """If this fails, the old version is started on a schema it cannot write to."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    comparing = Comparing(a_comparison(a_schema_finding(fix="ALTER TABLE x")))
    report = go(bench, parts_with(bench, SmallDatabase(held=NEW), comparing))
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert not report.plan.prewarm
    assert finding(report, "schema-compatible").outcome is Outcome.BLOCKING


def test_a_schema_that_fits_is_gone_back_to(bench: Bench) -> None:
    """If this fails, no service with a database can ever be rolled back at low risk."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    assert a_comparison().verdict is SchemaVerdict.SAFE
    report = go(bench, parts_with(bench, SmallDatabase(held=NEW)))
    assert finding(report, "schema-compatible").outcome is Outcome.PASSED
    assert finding(report, "data-loss").outcome is Outcome.PASSED
    assert report.rollback.status is Status.SUCCEEDED


def test_a_release_put_live_by_hand_since_is_not_taken_for_the_old_one(
    bench: Bench,
) -> None:
    """If this fails, one release is judged by what another one knew."""
    recorded(bench, Phase.AFTER_MIGRATIONS)
    deploy(bench, "deploy-12346", a_release("v1.2.2"))
    parts = parts_with(bench, SmallDatabase(held=NEW))
    found = look_into(parts, bench.failed, a_release("v1.2.2"))
    assert found is not None
    assert found.recorded_at is None
