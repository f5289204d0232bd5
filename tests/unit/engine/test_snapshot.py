"""What is taken down of a database, and what is said of what was not."""

import pytest
from tests.unit.engine.small_database import SmallDatabase, Telling

from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.engine.snapshot import Taken, Wanted, merged, take
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.samples import NOON

GIVEN = StatementText(text="SELECT 1", source="a.sql")
SEEN = StatementText(text="SELECT  1", source="pg_stat_statements", calls=7)
OTHER = StatementText(text="SELECT 2", source="pg_stat_statements", calls=1)
REFUSED = ProviderError("may not look")


def taken(
    database: SmallDatabase, wanted: Wanted | None = None, *texts: StatementText, gap: str = ""
) -> Taken:
    """Take a database down."""
    return take(
        database,
        wanted or Wanted(),
        texts=texts,
        gaps=(gap,) if gap else (),
        at=NOON,
        deadline=Deadline.after(FakeClock(), 60),
    )


def test_everything_is_taken_down() -> None:
    """A part of what a later comparison needs is never recorded."""
    database = SmallDatabase(remembered=(SEEN, OTHER))
    told = taken(database, None, GIVEN)
    assert told.missing == ()
    assert told.snapshot.catalog == database.held
    assert told.snapshot.mark == database.marks
    assert told.snapshot.migrations == database.applied
    assert [(s.text, s.calls) for s in told.snapshot.workload.statements] == [
        ("SELECT 1", 7),
        ("SELECT 2", 1),
    ]


def test_the_mark_comes_first() -> None:
    """What is written while the schema is read counts as written before."""
    database = SmallDatabase()
    taken(database)
    assert database.asked[:2] == ["mark", "catalog"]


def test_without_a_schema_there_is_no_snapshot() -> None:
    """An empty document is kept, and everything looks dropped later."""
    with pytest.raises(ProviderUnavailable):
        taken(SmallDatabase(broken={"catalog": ProviderUnavailable("gone")}))


@pytest.mark.parametrize("method", ["mark", "applied_migrations", "statements"])
def test_what_is_missing_is_named(method: str) -> None:
    """Half a snapshot passes for a whole one."""
    told = taken(SmallDatabase(broken={method: REFUSED}), None, GIVEN)
    assert any("may not look" in each for each in told.missing)


def test_forgetting_statements_is_a_gap_of_the_workload() -> None:
    """Statements that could not be read count as not existing, and coverage as full."""
    told = taken(SmallDatabase(broken={"statements": REFUSED}), None, GIVEN)
    assert any("may not look" in each for each in told.snapshot.workload.gaps)


def test_a_server_that_remembers_nothing_takes_nothing_from_files() -> None:
    """Whoever gives all statements as files is told for ever that they are not all."""
    told = taken(SmallDatabase(gaps=("not installed",)), None, GIVEN)
    assert told.snapshot.workload.gaps == ()
    assert told.missing == ("not installed",)


def test_without_any_statement_the_gaps_stay() -> None:
    """A database nobody knows a statement of looks like one nobody uses."""
    told = taken(SmallDatabase(gaps=("not installed",)), gap="b.sql is binary")
    assert told.snapshot.workload.gaps == ("b.sql is binary", "not installed")


def test_what_is_not_wanted_is_not_asked() -> None:
    """Rows are recorded although nobody switched that on."""
    database = Telling()
    told = taken(database, Wanted(remembered=False))
    assert not {"statements", "profiles", "samples"} & set(database.asked)
    assert (told.snapshot.samples, told.snapshot.profiles) == ((), ())


def test_values_are_taken_where_wanted() -> None:
    """Figures somebody asked for are missing without a word."""
    told = taken(Telling(), Wanted(values=True, samples=2))
    assert len(told.snapshot.profiles) == 1
    assert len(told.snapshot.samples[0].rows) == 2
    assert told.missing == ()


def test_a_database_that_cannot_tell_values_says_so() -> None:
    """Somebody switches values on and believes to have them."""
    told = taken(SmallDatabase(), Wanted(values=True))
    assert any("small has no figures" in each for each in told.missing)


def test_values_that_fail_are_named() -> None:
    """A failing count leaves no trace."""
    broken = {"profiles": REFUSED, "samples": REFUSED}
    told = taken(Telling(broken=broken), Wanted(values=True, samples=1))
    assert len(told.missing) == 2


def test_the_same_text_is_kept_once_with_its_calls() -> None:
    """A statement counts twice, or loses how often it runs."""
    assert merged((GIVEN, OTHER, SEEN)) == (
        StatementText(text="SELECT 1", source="a.sql", calls=7),
        OTHER,
    )
