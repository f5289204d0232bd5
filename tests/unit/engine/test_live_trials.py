"""Compiling on the live schema goes on beside the rehearsal, and nothing of it gets lost."""

from threading import Event

import pytest

from smartspec_rollback.comparing import RULES
from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.comparison import Comparison
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, Trial
from smartspec_rollback.engine.compare import Compared, compare
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.database_samples import a_catalog, a_snapshot
from smartspec_rollback.testing.fake_database import FakeDatabase
from smartspec_rollback.testing.fake_laboratory import FakeLaboratory

_PATIENCE = 30.0


class Meeting(FakeDatabase, FakeLaboratory):
    """A database and a laboratory, each of which goes on only when both are at work."""

    def __init__(self) -> None:
        FakeLaboratory.__init__(self)
        FakeDatabase.__init__(self, a_catalog())
        self._compiling, self._rehearsing = Event(), Event()

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Wait for the rehearsal."""
        del deadline
        self._compiling.set()
        assert self._rehearsing.wait(_PATIENCE)
        return tuple(Trial(statement=each.id, worked=True) for each in statements)

    def rehearse(
        self,
        before: SchemaSnapshot,
        after: Catalog,
        /,
        *,
        migrations: tuple[str, ...],
        deadline: Deadline,
    ) -> Rehearsal:
        """Wait for the trials."""
        self._rehearsing.set()
        assert self._compiling.wait(_PATIENCE)
        return super().rehearse(before, after, migrations=migrations, deadline=deadline)


class Faulty(FakeDatabase):
    """A database whose trials end in a way nobody foresaw."""

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Fail."""
        del statements, deadline
        raise ZeroDivisionError


def compared(after: FakeDatabase, laboratory: FakeLaboratory) -> Comparison:
    """Compare what was recorded with a live database."""
    return compare(
        Compared(before=a_snapshot(), after=after),
        rules=RULES,
        laboratory=laboratory,
        deadline=Deadline.after(FakeClock(), 60),
    )


def test_both_servers_work_at_once() -> None:
    """People wait for one server after the other, and a planned rollback with them."""
    both = Meeting()
    told = compared(both, both)
    assert both.rehearsals
    assert set(both.cannot_see) <= set(told.unseen)


def test_a_fault_of_ours_is_not_swallowed() -> None:
    """A thread dies of a mistake of ours, and the statements count as not looked at."""
    with pytest.raises(ZeroDivisionError):
        compared(Faulty(a_catalog()), FakeLaboratory())
