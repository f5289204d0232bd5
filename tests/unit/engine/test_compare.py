"""Comparing sequences the layers, and what one of them did not see never makes it safer."""

import pytest
from msgspec.structs import replace
from tests.unit.engine.small_database import SmallDatabase

from smartspec_rollback.comparing import RULES
from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import Comparison, Layer, SchemaVerdict
from smartspec_rollback.domain.migration import AppliedMigration, Effect, EffectKind
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Run, StatementText, Trial, Use
from smartspec_rollback.engine.compare import Compared, compare
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.schema.codes import NOT_COMPARABLE
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.database_samples import (
    a_catalog,
    a_mark,
    a_relation,
    a_snapshot,
    a_statement,
)
from smartspec_rollback.testing.fake_laboratory import FakeLaboratory

SAME = a_catalog()
WIDER = a_catalog(a_relation("orders", "id", "total", "gift"))
NARROWER = a_catalog(a_relation("orders", "id"))
GONE = ProviderUnavailable("it went away")
PRICE = "SELECT price FROM orders"
DIRTY = (AppliedMigration(version="2", complete=False),)


def judged(
    after: SmallDatabase | SchemaSnapshot,
    laboratory: FakeLaboratory | None = None,
    *,
    within: float = 60,
    **what: object,
) -> Comparison:
    """Compare what was recorded with ``after``."""
    fields = {"before": a_snapshot(mark=a_mark()), "since": a_mark(), **what}
    return compare(
        Compared(after=after, **fields),  # type: ignore[arg-type] # a test's own words
        rules=RULES,
        laboratory=laboratory or FakeLaboratory(),
        deadline=Deadline.after(FakeClock(), within),
    )


def live(catalog: Catalog = SAME, **broken: Exception) -> SmallDatabase:
    """Make a database that is looked at now, of which methods fail."""
    return SmallDatabase(held=catalog, broken=broken)


@pytest.mark.parametrize("after", [live(), a_snapshot(), live(WIDER), a_snapshot(WIDER)])
def test_what_harms_nobody_is_safe(after: SmallDatabase | SchemaSnapshot) -> None:
    """Everybody is alarmed although nothing happened."""
    told = judged(after)
    assert told.verdict is SchemaVerdict.SAFE
    assert {Layer.CATALOG, Layer.WORKLOAD} <= set(told.layers)


def test_what_the_catalogs_show_is_breaking() -> None:
    """A dropped column that the old version writes is let through where nothing can be tried."""
    told = judged(a_snapshot(NARROWER), FakeLaboratory(missing="there is none"))
    assert told.verdict is SchemaVerdict.BREAKING
    assert told.layers == (Layer.CATALOG,)


def test_without_the_new_schema_there_is_no_answer() -> None:
    """An unreachable database looks like one where nothing changed."""
    with pytest.raises(ProviderUnavailable, match="went away"):
        judged(SmallDatabase(broken={"catalog": GONE}))


@pytest.mark.parametrize("catalog", [SAME, WIDER], ids=["same", "wider"])
@pytest.mark.parametrize("method", ["trials", "applied_migrations"])
def test_a_failing_look_at_the_database_is_not_safe(method: str, catalog: Catalog) -> None:
    """What a layer would have found is taken for not being there."""
    told = judged(SmallDatabase(held=catalog, broken={method: GONE}))
    assert told.verdict is SchemaVerdict.UNKNOWN
    assert "went away" in told.reason
    assert any("went away" in each for each in told.unseen)
    assert told.findings[0].code == NOT_COMPARABLE.name


@pytest.mark.parametrize("after", [live(WIDER), a_snapshot(WIDER)])
def test_a_failing_rehearsal_is_not_safe(after: SmallDatabase | SchemaSnapshot) -> None:
    """A server that died in the middle makes the rest look tried."""
    told = judged(after, FakeLaboratory(fails=ProviderError("the server died")))
    assert told.verdict is SchemaVerdict.UNKNOWN
    assert any("L3: the server died" in each for each in told.unseen)
    assert Layer.SHADOW not in told.layers


def test_a_missing_server_is_told() -> None:
    """People take for tried what could not be tried on this machine."""
    told = judged(a_snapshot(WIDER), FakeLaboratory(missing="no server programs"))
    assert "L3: no server programs" in told.unseen
    assert not {Layer.WORKLOAD, Layer.SHADOW} & set(told.layers)


def test_a_failure_never_hides_what_is_known_to_break() -> None:
    """A broken layer turns a certain no into a don't know."""
    refused = Trial(statement=a_statement().id, worked=False, code="42703", message="no total")
    rehearsal = Rehearsal(
        server="fake",
        before=(Trial(statement=a_statement().id, worked=True),),
        after=(refused,),
    )
    told = judged(live(trials=GONE), FakeLaboratory(rehearsal=rehearsal))
    assert told.verdict is SchemaVerdict.BREAKING


def test_what_only_running_shows_is_breaking() -> None:
    """A trigger that refuses every row is called safe, since statements compile."""
    statement = a_statement().id
    works = (Trial(statement=statement, worked=True),)
    run = Run(
        statement=statement, before=True, after=False, same=None, code="P0001", message="refused"
    )
    trigger = Rehearsal(server="fake", before=works, after=works, runs=(run,))
    told = judged(a_snapshot(WIDER), FakeLaboratory(rehearsal=trigger))
    assert told.verdict is not SchemaVerdict.SAFE
    assert Layer.SHADOW in told.layers


def test_no_time_left_is_not_safe_and_starts_no_server() -> None:
    """The deadline passes, a server is started all the same, and what was skipped looks fine."""
    laboratory = FakeLaboratory()
    told = judged(a_snapshot(WIDER), laboratory, within=0)
    assert told.verdict is SchemaVerdict.UNKNOWN
    assert laboratory.rehearsals == []
    assert any("time was up" in each for each in told.unseen)


@pytest.mark.parametrize(
    ("migrations", "unread"),
    [((), ("0002.sql: it is binary",)), ((("0002.sql", "SELECT wipe()"),), ())],
)
def test_after_an_unread_migration_nothing_is_safe(
    migrations: tuple[tuple[str, str], ...], unread: tuple[str, ...]
) -> None:
    """A migration nobody could read deleted the rows the old version lives on."""
    effect = Effect(kind=EffectKind.UNPARSED, relation=None, text="SELECT wipe()")
    laboratory = FakeLaboratory(effects=(effect,))
    told = judged(live(), laboratory, migrations=migrations, unread=unread)
    assert told.verdict is SchemaVerdict.UNKNOWN
    assert any("0002.sql" in each for each in told.unseen)


def test_an_unread_migration_does_not_soften_attention() -> None:
    """What is known to need a look is drowned in what is not known."""
    wiped = Effect(kind=EffectKind.DELETE, relation="orders", text="DELETE FROM orders")
    read = "SELECT total FROM orders"
    use = Use(relation="public.orders", reads=("id", "total"))
    told = judged(
        live(),
        FakeLaboratory(uses={read: (use,)}, effects=(wiped,)),
        texts=(StatementText(text=read, source="a.sql"),),
        migrations=(("0002.sql", "DELETE FROM orders"),),
        unread=("0003.sql: it is binary",),
    )
    assert told.verdict is SchemaVerdict.ATTENTION


def test_a_half_applied_migration_is_breaking() -> None:
    """The old version is put on a schema that no version was made for."""
    after = SmallDatabase(applied=DIRTY)
    assert judged(after).verdict is SchemaVerdict.BREAKING
    recorded = a_snapshot(migrations=DIRTY)
    assert judged(recorded).verdict is SchemaVerdict.BREAKING


def test_statements_of_files_are_joined_with_the_recorded_ones() -> None:
    """A statement is judged twice, or the one beside the recorded ones not at all."""
    known = StatementText(text=a_statement().text, source="again.sql")
    new = StatementText(text=PRICE, source="b.sql")
    laboratory = FakeLaboratory(uses={PRICE: (Use(relation="public.orders", reads=("price",)),)})
    told = judged(live(), laboratory, texts=(known, new, new))
    (rehearsed,) = laboratory.rehearsals
    assert [each.text for each in rehearsed.workload.statements] == [known.text, PRICE]
    assert told.coverage.statements == 2


def test_a_text_nobody_understands_lowers_what_is_known() -> None:
    """Half of the workload is unread and counts as read."""
    nothing = FakeLaboratory(missing="there is none")
    told = judged(live(WIDER), nothing, texts=(StatementText(text="SELEKT", source="b.sql"),))
    assert told.coverage.share <= 0.5


def test_a_text_that_was_cut_off_is_no_text_that_never_worked() -> None:
    """The beginning of a statement is refused, and what the whole of it uses looks unused."""
    cut = StatementText(text="SELECT total FROM orders WH", source="b.csv", problem="cut off")
    told = judged(a_snapshot(WIDER), texts=(cut,))
    assert told.coverage.share <= 0.5


def test_kinds_that_differ_are_never_safe() -> None:
    """A MySQL schema is compared with a PostgreSQL one, and found to be fine."""
    told = judged(a_snapshot(replace(SAME, kind="mysql")))
    assert told.verdict is SchemaVerdict.UNKNOWN


def test_nothing_is_asked_of_rows_that_are_not_there() -> None:
    """A recorded schema is asked for its rows, and the comparison crashes."""
    orders = SAME.relations[0]
    narrowed = replace(orders.columns[1], type="smallint")
    after = a_catalog(replace(orders, columns=(orders.columns[0], narrowed)))
    told = judged(a_snapshot(after))
    assert Layer.PROBE not in told.layers
    assert told.verdict is not SchemaVerdict.SAFE
