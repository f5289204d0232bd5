"""The part of the store contract about readiness.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

from msgspec.structs import replace

from smartspec_rollback.domain.readiness import Ready
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import TARGET, a_readiness, later

MakeStore = Callable[[], Store]
_OTHER = Target(service="search", environment="production")


class ReadinessContract:
    """What every Store promises about readiness."""

    def test_the_newest_answer_of_each_target_is_given_back(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, somebody believes an answer about another service, or an old one."""
        first, second = a_readiness(), a_readiness(at=later(60), outcome=Ready.NOT_READY)
        other = replace(a_readiness(), target=_OTHER)
        for answer in (first, other, second):
            store.keep_readiness(answer)
        store.close()
        again = make_store()
        assert again.readiness(TARGET) == second
        assert again.readiness(_OTHER) == other

    def test_an_older_answer_takes_no_newer_ones_place(self, store: Store) -> None:
        """If this fails, a slow look that began earlier hides what a quick one found since."""
        newer = a_readiness(at=later(60), outcome=Ready.UNKNOWN)
        store.keep_readiness(newer)
        store.keep_readiness(a_readiness())
        assert store.readiness(TARGET) == newer

    def test_nobody_answered_is_no_answer(self, store: Store) -> None:
        """If this fails, a service that nobody looked at seems to have been."""
        store.keep_readiness(a_readiness())
        assert store.readiness(_OTHER) is None

    def test_answers_are_not_audited(self, store: Store) -> None:
        """If this fails, looking every few minutes buries what people did."""
        store.keep_readiness(a_readiness())
        assert store.verify_audit() == (0, None)
