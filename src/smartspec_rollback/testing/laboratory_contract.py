"""What every laboratory must do, as tests: inherit ``LaboratoryContract``, supply fixtures.

A laboratory runs what others wrote, and what it says decides whether a rollback is called safe: so
nothing that did not work before may count against the new schema, and what was not tried must not
count for it.
"""

from contextlib import suppress

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Run, StatementText, Trial, Workload
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Laboratory

READS = "SELECT id, total FROM orders"
WRITES = "INSERT INTO orders (id, total) VALUES (1, 2)"
BROKEN = "SELECT missing FROM nowhere"
TEXTS = tuple(StatementText(text=t, source="file") for t in (READS, WRITES, BROKEN))


class LaboratoryContract:
    """Promises of ``Laboratory``.

    Supply ``laboratory``, ``recorded`` (a snapshot of ``database_samples.a_catalog()`` of its kind,
    with an empty workload) and ``clock``.
    """

    @pytest.fixture
    def laboratory(self) -> Laboratory:
        """Supply a laboratory that can rehearse."""
        raise self._not_supplied("laboratory")

    @pytest.fixture
    def recorded(self) -> SchemaSnapshot:
        """Supply a recorded schema with the table orders."""
        raise self._not_supplied("recorded")

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock."""
        raise self._not_supplied("clock")

    def test_texts_are_understood_in_order(
        self, laboratory: Laboratory, recorded: SchemaSnapshot
    ) -> None:
        """A statement is judged by what another one touches."""
        found = laboratory.understand(TEXTS, recorded.catalog)
        assert [each.text for each in found] == [each.text for each in TEXTS]
        assert [use.relation for use in found[0].uses or ()] == ["public.orders"]
        assert [use.inserts for use in found[1].uses or ()] == [True]

    def test_unusable_text_is_not_understood(
        self, laboratory: Laboratory, recorded: SchemaSnapshot
    ) -> None:
        """A statement that was cut off passes for one that touches nothing."""
        cut = StatementText(text="SELECT id FROM ord", source="file", problem="it was cut off")
        (found,) = laboratory.understand((cut,), recorded.catalog)
        assert not found.understood

    def test_only_what_worked_before_counts(
        self, laboratory: Laboratory, recorded: SchemaSnapshot, clock: Clock
    ) -> None:
        """What never worked is reported as broken by the new version."""
        statements = laboratory.understand(TEXTS, recorded.catalog)
        before = replace(recorded, workload=Workload(statements=statements))
        told = laboratory.rehearse(
            before, recorded.catalog, migrations=(), deadline=Deadline.after(clock, 60)
        )
        assert told.server
        assert [each.worked for each in told.before] == [True, True, False]
        assert {each.statement for each in told.after} == {s.id for s in statements[:2]}
        assert all(each.worked for each in told.after)
        assert all(run.before and run.after for run in told.runs)

    def test_no_time_shows_nothing_as_working(
        self, laboratory: Laboratory, recorded: SchemaSnapshot, clock: Clock
    ) -> None:
        """What was not tried in time passes for tried."""
        statements = laboratory.understand(TEXTS, recorded.catalog)
        before = replace(recorded, workload=Workload(statements=statements))
        over = Deadline.after(clock, 0)
        tried: tuple[Trial | Run, ...] = ()
        with suppress(ProviderError):
            told = laboratory.rehearse(before, recorded.catalog, migrations=(), deadline=over)
            tried = (*(each for each in told.after if each.worked), *told.runs)
        assert tried == ()

    def test_it_says_that_it_is_available(self, laboratory: Laboratory) -> None:
        """Nobody rehearses though it could be done, and what only running shows goes unseen."""
        assert laboratory.available() is None

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply the fixture {fixture!r}")
