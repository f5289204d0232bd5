"""The real ``smartspec serve``, killed at moments that hurt: the next one loses nothing.

The process is killed with SIGKILL while a rollback waits, right after somebody approved it, and
while it is being carried out. The cluster is emulated by the test's own process and outlives it.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.server.running import Answer, Caller, awaited, configure, tokens_for_all

from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.kubernetes.cluster import Cluster

_PROGRAM = str(Path(sys.executable).with_name("smartspec"))
_ASKED = {"failed_deployment_id": "basket-v2", "reason": "slow"}


class Server:
    """One ledger and its server processes, one after another."""

    def __init__(self, shops: Shops) -> None:
        self.shops = shops
        with SqliteStore.open(shops.folder / ".smartspec" / "smartspec.db") as store:
            self.tokens = tokens_for_all(store)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Caller:
        """Start a server, and return once it answers."""
        self.process = subprocess.Popen(
            [_PROGRAM, "serve", "--port", "0"],
            cwd=self.shops.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said.startswith("Serving on http://127.0.0.1:"), said
        return Caller(int(said.rpartition(":")[2]), self.tokens)

    def kill(self) -> None:
        """Kill it as the kernel would."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate(timeout=20.0)

    def check(self, call: Caller, where: str) -> dict[str, Any]:
        """Insist that one rollback came of it all, ended well, and the audit log is whole."""
        over: dict[str, Any] = call.until(
            where, lambda told: told["status"] in {"succeeded", "unstable"}, by="vera"
        )
        assert self.shops.images()["basket"].endswith(":v1")
        listed = call("GET", "/v1/rollbacks?service=basket", by="vera").document["rollbacks"]
        assert len(listed) == 1, listed
        steps = [e["operation"] for e in over["journal"] if e["kind"] == "step-done"]
        assert len(steps) == len(set(steps))
        assert call("GET", "/v1/audit/proof", by="adam").document["sound"] is True
        return over


@contextmanager
def _served(folder: Path) -> Iterator[Server]:
    with Cluster(speed=20.0) as cluster:
        shops = Shops(folder, cluster)
        configure(folder)
        server = Server(shops)
        try:
            yield server
        finally:
            server.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Supply a cluster with services gone bad, and somebody who serves their ledger."""
    with _served(tmp_path) as server:
        yield server


def _waiting(call: Caller) -> tuple[str, str]:
    asked = call("POST", "/v1/rollbacks", _ASKED, by="olga")
    assert asked.status == 202, asked.content
    where = asked.headers["location"]
    call.until(where, lambda told: told["status"] == "awaiting-approval", by="vera")
    return where, asked.document["plan"]["digest"]


def test_a_question_survives_the_server(server: Server) -> None:
    """The server dies while people decide; their answer goes nowhere, or a second plan is made."""
    where, digest = _waiting(server.start())
    server.kill()
    call = server.start()
    told = call("GET", where, by="vera").document
    assert (told["status"], told["plan"]["digest"]) == ("awaiting-approval", digest)
    again = call("POST", "/v1/rollbacks", _ASKED, by="robot")
    assert again.document["rollback_id"] == told["rollback_id"]
    assert call("POST", f"{where}/approve", {"digest": digest}, by="anna").status == 200
    server.check(call, where)


def test_an_answer_survives_the_server(server: Server) -> None:
    """The server dies right after it took an approval, and somebody has to approve again."""
    call = server.start()
    where, digest = _waiting(call)
    assert call("POST", f"{where}/approve", {"digest": digest}, by="anna").status == 200
    server.kill()
    over = server.check(server.start(), where)
    assert [d["person"]["name"] for d in over["approval"]["decisions"]] == ["anna"]


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.6])
def test_what_is_carried_out_survives_the_server(server: Server, moment: float) -> None:
    """The server dies in the middle of a step, and production is left half way or done twice."""
    call = server.start()
    where, digest = _waiting(call)
    call("POST", f"{where}/approve", {"digest": digest}, by="anna")
    call.until(where, lambda told: told["status"] != "awaiting-approval", by="vera")
    time.sleep(moment)  # not to wait for anything: the moment of death is what is varied
    server.kill()
    server.check(server.start(), where)


def test_two_triggers_at_once_are_one_rollback(server: Server) -> None:
    """An alert, a pipeline and a person react at once, and two rollbacks fight."""
    call = server.start()

    def ask(who: str) -> Answer:
        return call("POST", "/v1/rollbacks", _ASKED, by=who)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, ["olga", "robot", "adam"] * 4))
    assert {answer.status for answer in answers} == {202}, [a.content for a in answers]
    assert len({answer.document["rollback_id"] for answer in answers}) == 1
    where = answers[0].headers["location"]
    digest = answers[0].document["plan"]["digest"]
    assert call("POST", f"{where}/approve", {"digest": digest}, by="anna").status == 200
    server.check(call, where)


def test_a_key_finds_its_rollback_although_its_answer_was_not_kept(server: Server) -> None:
    """The server dies between beginning and remembering; the same request begins another."""
    call = server.start()
    key = {"Idempotency-Key": "pipeline-8/rollback"}
    first = call("POST", "/v1/rollbacks", _ASKED, by="robot", headers=key).document
    where = f"/v1/rollbacks/{first['rollback_id']}"
    call.until(where, lambda told: told["status"] == "awaiting-approval", by="vera")
    call("POST", f"{where}/deny", {"digest": first["plan"]["digest"]}, by="anna")
    call.until(where, lambda told: told["status"] == "denied", by="vera")
    server.kill()
    path = server.shops.folder / ".smartspec" / "smartspec.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        assert ledger.execute("UPDATE requests SET rollback_id = NULL").rowcount == 1
    call = server.start()
    again = call("POST", "/v1/rollbacks", _ASKED, by="robot", headers=key)
    assert (again.status, again.document["rollback_id"]) == (200, first["rollback_id"])


def test_a_key_is_kept(server: Server) -> None:
    """A pipeline whose request got lost sends it again after a denial, and a new one is opened."""
    call = server.start()
    key = {"Idempotency-Key": "pipeline-7/rollback"}
    first = call("POST", "/v1/rollbacks", _ASKED, by="robot", headers=key).document
    where = f"/v1/rollbacks/{first['rollback_id']}"
    call.until(where, lambda told: told["status"] == "awaiting-approval", by="vera")
    call("POST", f"{where}/deny", {"digest": first["plan"]["digest"]}, by="anna")
    call.until(where, lambda told: told["status"] == "denied", by="vera")
    server.kill()
    call = server.start()
    again = call("POST", "/v1/rollbacks", _ASKED, by="robot", headers=key)
    assert (again.status, again.document["rollback_id"]) == (200, first["rollback_id"])
    other = call("POST", "/v1/rollbacks", {**_ASKED, "dry_run": True}, by="robot", headers=key)
    assert other.status == 409
    theirs = call("POST", "/v1/rollbacks", _ASKED, by="olga", headers=key)
    assert theirs.document["rollback_id"] != first["rollback_id"]


def test_a_gate_survives_the_server(server: Server) -> None:
    """A pipeline waits for ever for a gate whose server died."""
    call = server.start()
    begun = call("POST", "/v1/gates", {"deployment_id": "search-v2"}, by="robot")
    assert begun.status == 202, begun.content
    server.kill()
    call = server.start()
    over = call.until(
        begun.headers["location"], lambda told: told["exit_code"] is not None, by="robot"
    )
    assert over["gate_id"] == begun.document["gate_id"]
    assert over["ended_at"] is not None


def test_a_polite_stop_leaves_what_waits(server: Server) -> None:
    """The server is replaced, and the question that people are about to answer is gone."""
    where, _ = _waiting(server.start())
    assert server.process is not None
    server.process.terminate()
    assert server.process.wait(30.0) == 0
    call = server.start()
    awaited(lambda: call("GET", "/readyz").status == 200, "it is not ready")
    assert call("GET", where, by="vera").document["status"] == "awaiting-approval"
