"""The part of the store contract about what was measured while rollbacks ran.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

from msgspec.structs import replace

from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import a_summary, a_verdict, later
from smartspec_rollback.testing.series_samples import a_point, a_series
from smartspec_rollback.testing.store_rollbacks_contract import open_one

MakeStore = Callable[[], Store]

_MANY = 600


class SeriesContract:
    """What every Store promises about series."""

    def test_series_are_given_back_in_order(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, a chart shows what never was measured, or in another order."""
        open_one(store)
        first, second = a_series(), a_series(a_point(latency=None), start=later(20))
        store.add_series("rb-1", first)
        store.add_series("rb-1", second)
        store.close()
        again = make_store()
        assert again.series("rb-1") == (first, second)
        assert again.series("rb-2") == ()

    def test_series_of_nothing_are_dropped(self, store: Store) -> None:
        """If this fails, watching a rollback that was never saved ends in an error."""
        store.add_series("rb-1", a_series())
        assert store.series("rb-1") == ()

    def test_what_was_measured_outlives_what_people_say(self, store: Store) -> None:
        """If this fails, a person's word takes the chart of the gate away."""
        assert store.newest_measured("deploy-1") is None
        gate = replace(a_verdict("deploy-1", measured=a_summary()), series=a_series())
        store.record_verdict(gate)
        store.record_verdict(a_verdict("deploy-1", VerdictOutcome.PASS, at=later(9)))
        assert store.newest_measured("deploy-1") == gate

    def test_series_are_bounded(self, store: Store) -> None:
        """If this fails, something that measures for ever fills the ledger."""
        open_one(store)
        for _ in range(_MANY):
            store.add_series("rb-1", a_series(a_point()))
        assert 0 < len(store.series("rb-1")) < _MANY

    def test_the_audit_log_is_not_about_series(self, store: Store) -> None:
        """If this fails, every few seconds of a rollback become a line that nobody reads."""
        open_one(store)
        before = store.verify_audit()
        store.add_series("rb-1", a_series())
        assert store.verify_audit() == before
