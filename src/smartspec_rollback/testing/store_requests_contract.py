"""The part of the store contract about what a server was asked for.

Inherited by ``store_contract.StoreContract``; nothing else uses it.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.gate import GateRun
from smartspec_rollback.errors import UsageError
from smartspec_rollback.ports.store import Store
from smartspec_rollback.testing.samples import NOON, a_person, later

MakeStore = Callable[[], Store]


def a_run(run_id: str, deployment_id: str = "deploy-1") -> GateRun:
    """Make a gate that a machine asked for."""
    who = Principal(person=a_person("ci"), scopes=(Action.JUDGE,))
    return GateRun(id=run_id, deployment_id=deployment_id, asked_by=who, asked_at=NOON)


class RequestsContract:
    """What every Store promises about requests and gates."""

    def test_a_request_sent_twice_is_known(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, a pipeline that tries again begins a second rollback."""
        assert store.remember_request("key", "sha256:1", at=NOON) is None
        assert store.remember_request("key", "sha256:1", at=NOON) is None
        store.answer_request("key", "rb-1")
        store.answer_request("key", "rb-2")
        assert make_store().remember_request("key", "sha256:1", at=later(5)) == "rb-1"
        assert store.remember_request("other", "sha256:1", at=NOON) is None

    def test_a_key_names_one_request(self, store: Store) -> None:
        """If this fails, somebody gets the rollback of another deployment than they named."""
        store.remember_request("key", "sha256:1", at=NOON)
        with pytest.raises(UsageError):
            store.remember_request("key", "sha256:2", at=NOON)

    def test_old_keys_are_forgotten(self, store: Store) -> None:
        """If this fails, the ledger grows with every request for ever."""
        store.remember_request("key", "sha256:1", at=NOON)
        assert store.remember_request("new", "sha256:1", at=NOON + timedelta(days=31)) is None
        assert store.remember_request("key", "sha256:2", at=NOON + timedelta(days=31)) is None

    def test_a_gate_outlives_its_process(self, store: Store, make_store: MakeStore) -> None:
        """If this fails, a gate whose server died is never ended, and its pipeline waits."""
        run = a_run("gate-1")
        assert store.begin_gate(run) == run
        again = make_store()
        assert again.running_gates() == (run,)
        over = replace(run, ended_at=later(5), exit_code=4, error="it broke")
        again.end_gate(over)
        again.end_gate(replace(over, error="another word"))
        assert store.running_gates() == ()
        assert store.gate_run("gate-1") == over
        assert store.gate_run("gate-2") is None

    def test_one_gate_of_a_deployment_at_a_time(self, store: Store) -> None:
        """If this fails, two pipelines double the requests that a gate itself sends."""
        first = store.begin_gate(a_run("gate-1"))
        assert store.begin_gate(a_run("gate-2")) == first
        other = a_run("gate-3", "deploy-2")
        assert store.begin_gate(other) == other
        store.end_gate(replace(first, ended_at=later(5), exit_code=0))
        assert store.begin_gate(a_run("gate-4")).id == "gate-4"
