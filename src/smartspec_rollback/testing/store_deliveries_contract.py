"""The part of the store contract about what was told and heard.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

from msgspec.structs import replace

from smartspec_rollback.ports.store import Delivery, HeardEvent, Store
from smartspec_rollback.testing.samples import NOON, later

MakeStore = Callable[[], Store]

_PLACE = "matrix:!room:example.org"
_MONTH = 31 * 86400.0


def a_delivery(key: str = "rb-1/plan", *, ref: str | None = None, place: str = _PLACE) -> Delivery:
    """Make a delivery about a rollback, at first an intent."""
    return Delivery(place=place, key=key, rollback_id="rb-1", ref=ref, digest="", at=NOON)


class DeliveriesContract:
    """What every Store promises about deliveries, and about events that come once."""

    def test_an_intent_becomes_a_message(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, whoever takes over posts a second time, or edits another message."""
        intent = a_delivery()
        store.deliver(intent)
        assert make_store().delivery(_PLACE, "rb-1/plan") == intent
        sent = replace(intent, ref="$1", digest="sha256:1", at=later(1))
        store.deliver(sent)
        assert make_store().delivery(_PLACE, "rb-1/plan") == sent
        assert store.delivered(_PLACE, "$1") == sent
        edited = replace(sent, ref=None, digest="sha256:2", at=later(2))
        store.deliver(edited)
        assert store.delivery(_PLACE, "rb-1/plan") == replace(edited, ref="$1")

    def test_places_and_keys_are_apart(self, store: Store) -> None:
        """If this fails, one place's answer counts for another rollback."""
        store.deliver(a_delivery(ref="$1"))
        store.deliver(a_delivery("rb-1/report", ref="$2"))
        store.deliver(a_delivery(ref="$1", place="slack:C1"))
        found = store.delivered(_PLACE, "$2")
        assert found is not None
        assert found.key == "rb-1/report"
        assert store.delivered(_PLACE, "$3") is None
        assert store.delivery(_PLACE, "rb-2/plan") is None
        found = store.delivered("slack:C1", "$1")
        assert found is not None
        assert found.key == "rb-1/plan"

    def test_one_serves_a_place(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, two processes post the same message, or nobody takes over."""
        other = make_store()
        first = store.attend(_PLACE)
        assert first is not None
        assert store.attend(_PLACE) is None
        assert other.attend(_PLACE) is None
        elsewhere = other.attend("slack:../../etc\x00")
        assert elsewhere is not None
        first.leave()
        first.leave()
        assert other.attend(_PLACE) is not None
        other.close()
        assert store.attend(_PLACE) is not None

    def test_an_event_is_heard_once(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, a replayed approval or webhook counts twice."""
        assert not store.was_heard("$1")
        assert store.hear("$1", at=NOON)
        assert make_store().was_heard("$1")
        assert not make_store().hear("$1", at=later(60))
        assert store.hear("$2", at=NOON)
        assert store.unsettled(limit=9) == ()

    def test_what_was_heard_stays_until_it_is_settled(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, an approval that was acknowledged dies with the process."""
        assert store.hear("$1", at=NOON, document='{"text":"first"}')
        assert store.hear("$2", at=NOON, document='{"text":"second"}')
        store.close()
        again = make_store()
        assert not again.hear("$1", at=later(1), document='{"text":"forged"}')
        first, second = again.unsettled(limit=9)
        assert first == HeardEvent(id="$1", at=NOON, document='{"text":"first"}')
        assert again.unsettled(limit=1) == (first,)
        again.settle("$1")
        again.settle("$1")
        again.settle("$9")
        assert again.unsettled(limit=9) == (second,)
        assert not again.hear("$1", at=later(2))

    def test_only_what_is_settled_is_forgotten(self, store: Store) -> None:
        """If this fails, the ledger grows with every message of a room, or loses an open one."""
        store.hear("$settled", at=NOON)
        store.hear("$open", at=NOON, document="{}")
        assert store.hear("$new", at=later(_MONTH))
        assert store.hear("$settled", at=later(_MONTH))
        assert [each.id for each in store.unsettled(limit=9)] == ["$open"]

    def test_what_is_told_and_heard_is_not_audited(self, store: Store) -> None:
        """If this fails, the audit log fills with chatter, or cannot be proven."""
        store.deliver(a_delivery())
        store.hear("$1", at=NOON)
        assert store.verify_audit() == (0, None)
        assert store.audit_log(limit=9) == ()
