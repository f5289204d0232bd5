"""The part of the store contract about tokens and sessions.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.access import ROOT, a_session, a_token
from smartspec_rollback.testing.samples import NOON, later

MakeStore = Callable[[], Store]


class AccessContract:
    """What every Store promises about tokens and sessions."""

    def test_a_token_is_found_by_what_is_presented(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, a pipeline is turned away, or anybody who knows an id comes in."""
        token = a_token("ci", reach=Reach(services=("shop",)))
        store.add_token(token, fingerprint="f" * 64, by=ROOT)
        store.close()
        again = make_store()
        assert again.token(token.id) == token
        assert again.token_presented(token.id, fingerprint="f" * 64) == token
        assert again.token_presented(token.id, fingerprint="e" * 64) is None
        assert again.token_presented("aaaaaaaa", fingerprint="f" * 64) is None
        assert again.token("aaaaaaaa") is None

    def test_making_and_revoking_a_token_is_audited_once(self, store: Store) -> None:
        """If this fails, nobody can tell who let somebody in."""
        token = a_token("ci", scopes=(Action.READ,), reach=Reach(services=("shop",)))
        store.add_token(token, fingerprint="f" * 64, by=ROOT)
        with pytest.raises(UsageError, match="there is a token"):
            store.add_token(token, fingerprint="e" * 64, by=ROOT)
        store.revoke_token(token.id, by=ROOT, at=later(60))
        with pytest.raises(UsageError, match="was revoked at"):
            store.revoke_token(token.id, by=ROOT, at=later(61))
        told = [(e.actor, e.action, e.subject, e.detail) for e in store.audit_log(limit=9)]
        allowed = "ci: machine, may read, services shop, until 2026-03-02T13:00:00+00:00"
        assert told == [
            ("root", "token.revoked", token.id, allowed),
            ("root", "token.created", token.id, allowed),
        ]
        assert store.verify_audit() == (2, None)

    def test_a_revoked_token_stays_and_counts_no_more(self, store: Store) -> None:
        """If this fails, a leaked token goes on working, or nobody knows that it was there."""
        token = a_token("ci")
        store.add_token(token, fingerprint="f" * 64, by=ROOT)
        assert token.counts(at=NOON)
        revoked = store.revoke_token(token.id, by=ROOT, at=later(60))
        assert revoked == replace(token, revoked_at=later(60))
        assert not revoked.counts(at=later(60))
        assert store.token_presented(token.id, fingerprint="f" * 64) == revoked
        with pytest.raises(UnknownName):
            store.revoke_token("ci", by=ROOT, at=NOON)

    def test_tokens_are_listed_newest_first(self, store: Store) -> None:
        """If this fails, somebody who looks for a token of today finds one of last year."""
        made = [a_token(f"ci-{number}") for number in range(3)]
        for number, token in enumerate(made):
            store.add_token(token, fingerprint=str(number), by=ROOT)
        assert store.tokens(limit=9) == tuple(reversed(made))
        assert store.tokens(limit=1) == (made[-1],)

    def test_use_is_noted_by_the_hour(self, store: Store) -> None:
        """If this fails, every request of a pipeline writes to the ledger, or none ever does."""
        token = a_token("ci")
        store.add_token(token, fingerprint="f" * 64, by=ROOT)
        for seconds in (0, 1, 3599):
            mark = store.version_mark()
            store.token_used(token.id, at=later(seconds))
            assert (store.version_mark() == mark) is (seconds > 0)
        assert store.token(token.id) == replace(token, used_at=NOON)
        store.token_used(token.id, at=later(3600))
        assert store.token(token.id) == replace(token, used_at=later(3600))
        store.token_used("aaaaaaaa", at=NOON)

    def test_a_session_is_there_until_it_is_ended(
        self, store: Store, make_store: MakeStore
    ) -> None:
        """If this fails, people are logged out by a restart, or stay in after logging out."""
        session = a_session(groups=("sre",))
        store.open_session(session, fingerprint="s")
        store.close()
        again = make_store()
        assert again.session("s") == session
        assert again.session("t") is None
        again.end_session("s")
        again.end_session("s")
        assert again.session("s") is None

    def test_a_new_session_takes_the_place_of_the_one_before(self, store: Store) -> None:
        """If this fails, a session id that leaked before a login is good after it."""
        store.open_session(a_session(), fingerprint="before")
        store.open_session(a_session(), fingerprint="after", instead_of="before")
        assert store.session("before") is None
        assert store.session("after") == a_session()

    def test_sessions_that_are_over_are_forgotten(self, store: Store) -> None:
        """If this fails, the ledger grows by every login for ever."""
        store.open_session(a_session(lasts=60), fingerprint="old")
        store.open_session(a_session(at=later(59)), fingerprint="new")
        assert store.session("old") is not None
        store.open_session(a_session(at=later(60)), fingerprint="newer")
        assert store.session("old") is None
        assert store.session("new") is not None
