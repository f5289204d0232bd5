"""The verbs behind a server: nothing begins that could not be followed, or by whom it may not."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from tests.golden import cases
from tests.unit.remote.stub import DROPPED, Heard, Says, Stub, listening, problem

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.values import canonical
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import Forbidden, ProviderError, ServerLost, UsageError
from smartspec_rollback.ports.channel import AnswerableChannel
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.remote.place import Place
from smartspec_rollback.remote.verbs import RemoteVerbs
from smartspec_rollback.testing.engine_parts import Recorder
from smartspec_rollback.testing.fake_channel import FakeChannel

OWN = version("smartspec-rollback")


def me(*, name: str = "machine:ci", machine: bool = True, of: str = OWN) -> Says:
    """Say who asks."""
    said = {"schema": "smartspec.me/1", "name": name, "is_machine": machine, "version": of}
    return Says(content=said)


def verbs(
    place: Place, terminal: Callable[[], AnswerableChannel | None] = lambda: None
) -> RemoteVerbs:
    """Make the verbs of a stub."""
    return RemoteVerbs(
        place, clock=SystemClock(), stop=lambda: False, terminal=terminal, patience=0.2
    )


def served(report: Report | None = None, **says: Says) -> Callable[[Heard], Says]:
    """Answer by the end of a path; a rollback's record is ``report``."""

    def answer(heard: Heard) -> Says:
        end = heard.path.partition("?")[0].rpartition("/")[2]
        if end == "record" and report is not None and "record" not in says:
            return Says(200, canonical(report))
        return says.get(end, problem(404, "unknown", f"no {heard.path}"))

    return answer


def rolling_back(place: Place, listener: Recorder | None = None, **asked: Any) -> Report:
    """Ask for a rollback."""
    request = Request(failed_deployment_id="deploy-12345", **asked)
    return verbs(place).rollback(request, listener or Recorder())


BEGUN = Says(202, {"rollback_id": "rb-1"})
CLOSED = Says(200, {"rollback_id": "rb-1"})


@pytest.mark.parametrize(
    ("says", "error", "what"),
    [
        (problem(403, "forbidden", "no"), Forbidden, "`read` too"),
        (me(of="0.0.1"), UsageError, "the server's version"),
    ],
)
def test_what_could_not_be_followed_is_not_begun(
    says: Says, error: type[Exception], what: str
) -> None:
    """A rollback begins, and the command that asked for it cannot say how it goes."""
    stub = Stub(served(cases.succeeded(), me=says, rollbacks=BEGUN))
    with listening(stub) as place, pytest.raises(error, match=what):
        rolling_back(place)
    assert stub.of("POST") == []


def test_a_plan_that_is_over_at_once_is_shown_and_returned() -> None:
    """A dry run by a server shows nothing, or waits for what never comes."""
    report, listener = cases.succeeded(), Recorder()
    stub = Stub(served(report, me=me(), rollbacks=CLOSED))
    with listening(stub) as place:
        found = rolling_back(place, listener)
    assert found.rollback == report.rollback
    assert [each.digest for each in listener.plans] == [report.digest]
    assert len(stub.of("POST")) == 1
    assert len(stub.of("POST")[0].headers["idempotency-key"]) >= 32


def test_the_paths_of_the_servers_machine_are_left_out() -> None:
    """A person looks for a report here that lies on another machine."""
    with listening(Stub(served(cases.succeeded(), me=me(), rollbacks=CLOSED))) as place:
        found = rolling_back(place)
    assert not any(entry.data for entry in found.journal if entry.kind == "reported")


def test_a_rollback_whose_state_cannot_be_fetched_is_not_called_undone() -> None:
    """The server began, then fell silent, and the pipeline reads "nothing was changed"."""
    stub = Stub(served(me=me(), rollbacks=BEGUN, record=Says(200, b"{}")))
    with listening(stub) as place, pytest.raises(ServerLost, match="rb-1") as lost:
        rolling_back(place)
    assert lost.value.exit_code == 6


def test_a_dry_run_that_got_no_answer_changed_nothing() -> None:
    """A dry run exits as if production might have been touched."""
    stub = Stub(served(me=me(), rollbacks=CLOSED, record=Says(200, b"{}")))
    with listening(stub) as place, pytest.raises(ProviderError) as failed:
        rolling_back(place, dry_run=True)
    assert failed.value.exit_code == 4


@pytest.mark.parametrize("machine", [True, False])
def test_only_people_are_asked_at_this_terminal(*, machine: bool) -> None:
    """A pipeline stands still before a question that its token may not answer."""
    asked: list[AnswerableChannel] = []

    def terminal() -> AnswerableChannel:
        asked.append(FakeChannel())
        return asked[-1]

    report = cases.succeeded()
    assert report.rollback.status is Status.SUCCEEDED
    stub = Stub(served(report, me=me(machine=machine), rollbacks=CLOSED))
    with listening(stub) as place:
        made = verbs(place, terminal)
        made.rollback(Request(failed_deployment_id="deploy-12345"), Recorder())
        assert made.decides_here is not machine
    assert bool(asked) is not machine


def test_a_gate_that_ended_with_an_error_says_so() -> None:
    """A gate that could not judge passes a deployment."""
    run = {
        "schema": "smartspec.gate-run/1",
        "gate_id": "gate-1",
        "deployment_id": "deploy-1",
        "asked_by": "ci",
        "asked_at": "2026-03-02T12:00:00Z",
        "ended_at": "2026-03-02T12:00:01Z",
        "exit_code": 4,
        "verdict": None,
        "error": "no metrics",
        "remedy": "mend them",
    }
    stub = Stub(served(me=me(), gates=Says(202, run)))
    with listening(stub) as place, pytest.raises(ProviderError, match="no metrics") as failed:
        verbs(place).gate("deploy-1", Recorder())
    assert failed.value.remedy == "mend them"


def test_a_hold_that_may_have_been_lifted_is_not_lifted_twice() -> None:
    """Asking again says that somebody else had lifted it before."""
    stub = Stub(served(me=me(), release=DROPPED))
    with listening(stub) as place, pytest.raises(ServerLost):
        verbs(place).release_hold("hold-1", reason="mended")
    assert len(stub.of("POST")) == 1


def test_a_machine_without_extras_can_reach_a_server() -> None:
    """Every pipeline has to install a web server to speak to one."""
    extras = ("starlette", "uvicorn", "httpx", "jinja2", "authlib", "lightkube", "psycopg", "rich")
    script = (
        "import sys, smartspec_rollback.cli.reaching\n"
        f"sys.exit(', '.join(set({extras!r}) & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
