"""Asking a server: what may have been heard is never called undone, and nothing is done twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.unit.remote.stub import DROPPED, SECRET, Heard, Says, Stub, at, listening, problem
from tests.unit.server.auth.certificates import certificate

from smartspec_rollback import errors
from smartspec_rollback.errors import (
    ConfigurationError,
    Forbidden,
    ProviderError,
    ProviderUnavailable,
    Refused,
    ServerLost,
    SmartSpecError,
    UnknownName,
    UsageError,
)
from smartspec_rollback.remote.asking import Server
from smartspec_rollback.remote.http import Answer
from smartspec_rollback.remote.place import Place
from smartspec_rollback.remote.problems import error_of
from smartspec_rollback.server.api.problems import of_error
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.views.json import written


class Done(msgspec.Struct):
    """What a test's server answers with."""

    name: str = ""


def one_after_another(*says: Says) -> Callable[[Heard], Says]:
    """Say one after the other, and the last for ever."""
    left = list(says)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def asking(place: Place) -> Server:
    """Ask at a place without really waiting."""
    clock = FakeClock()
    return Server(place, patience=20.0, sleep=clock.sleep, monotonic=clock.monotonic)


def test_what_is_lost_on_the_way_is_sent_again_as_the_same() -> None:
    """A dropped answer makes two rollbacks of one, or none."""
    stub = Stub(one_after_another(DROPPED, DROPPED, Says(content={"name": "rb-1"})))
    with listening(stub) as place:
        key = {"Idempotency-Key": "k"}
        done = asking(place).post(Done, "/v1/x", {"a": 1}, again=True, headers=key)
    assert done.name == "rb-1"
    assert len(stub.heard) == 3
    assert {each.headers["idempotency-key"] for each in stub.heard} == {"k"}
    assert {each.body for each in stub.heard} == {b'{"a":1}'}


def test_what_may_be_done_once_only_is_sent_once() -> None:
    """A hold is lifted twice, or a verdict recorded twice, since an answer was lost."""
    stub = Stub(one_after_another(DROPPED))
    with listening(stub) as place, pytest.raises(ServerLost) as lost:
        asking(place).post(Done, "/v1/x", again=False)
    assert len(stub.heard) == 1
    assert lost.value.exit_code == 6


def test_what_was_never_heard_was_not_done() -> None:
    """A server that is away reads as a rollback that may have happened."""
    with listening(Stub(one_after_another(Says()))) as place:
        pass
    with pytest.raises(ProviderUnavailable) as away:
        asking(place).post(Done, "/v1/x", again=True)
    assert away.value.exit_code == 4
    assert "connection refused" in away.value.what


@pytest.mark.parametrize(
    "says",
    [
        DROPPED,
        Says(502, b"<h1>Bad Gateway</h1>", "text/html"),
        Says(504, b"", "text/plain"),
        problem(503, "ledger"),
        problem(500, "internal"),
        Says(200, b"not json"),
        Says(200, b'{"name": 5}'),
    ],
)
def test_what_may_have_been_heard_is_not_called_undone(says: Says) -> None:
    """A pipeline is told that nothing was changed, while a rollback begins."""
    with listening(Stub(one_after_another(says))) as place, pytest.raises(ServerLost):
        asking(place).post(Done, "/v1/x", again=True)


def test_a_refusal_after_a_lost_answer_is_no_refusal_of_the_first() -> None:
    """The first request began a rollback; the second was refused, and so nothing seems done."""
    stub = Stub(one_after_another(DROPPED, problem(403, "forbidden")))
    with listening(stub) as place, pytest.raises(ServerLost):
        asking(place).post(Done, "/v1/x", again=True)


def test_what_changes_nothing_is_never_lost() -> None:
    """A dry run that got no answer exits as if production might have changed."""
    with listening(Stub(one_after_another(DROPPED))) as place:
        with pytest.raises(ProviderError) as failed:
            asking(place).post(Done, "/v1/x", again=True, harmless=True)
        assert failed.value.exit_code == 4
        with pytest.raises(ProviderError) as failed:
            asking(place).get(Done, "/v1/x")
        assert failed.value.exit_code == 4


@pytest.mark.parametrize("says", [problem(503, "stopping"), problem(429, "too-many")])
def test_a_server_that_has_no_time_is_asked_again(says: Says) -> None:
    """A server that is being restarted fails every pipeline of that moment."""
    stub = Stub(one_after_another(says, Says(content={"name": "later"})))
    with listening(stub) as place:
        assert asking(place).post(Done, "/v1/x", again=False).name == "later"


def test_the_guard_of_the_server_is_understood() -> None:
    """A wrong token is explained as if another program answered."""
    said = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "revoked"}
    stub = Stub(one_after_another(Says(401, said, "application/problem+json")))
    with listening(stub) as place, pytest.raises(Forbidden, match="revoked"):
        asking(place).get(Done, "/v1/x")


def test_a_redirect_takes_the_token_nowhere() -> None:
    """Whoever can redirect a request gets the token."""
    elsewhere = Stub(one_after_another(Says()))
    with listening(elsewhere) as there:
        where = (("Location", f"http://127.0.0.1:{there.port}/v1/x"),)
        stub = Stub(one_after_another(Says(307, b"", "text/plain", where)))
        with listening(stub) as place, pytest.raises(UsageError, match="sends elsewhere"):
            asking(place).get(Done, "/v1/x")
    assert elsewhere.heard == []


def test_the_token_is_sent_and_never_told() -> None:
    """A token ends up in a log, with every error that is said there."""
    stub = Stub(one_after_another(problem(409, "refused", "no")))
    with listening(stub) as place, pytest.raises(Refused) as refused:
        asking(place).get(Done, "/v1/x")
    assert stub.heard[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in f"{refused.value} {refused.value!r} {place} {place!r}"


def _every_error() -> Iterator[SmartSpecError]:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, SmartSpecError):
            if kind is ConfigurationError:
                yield ConfigurationError("smartspec.yaml", ())
            elif kind is UnknownName:
                yield UnknownName("rollback", "rb-2", nearest=("rb-1",), remedy="look")
            elif kind is not ServerLost:  # commands raise it, and no server
                yield kind("what", where="where", remedy="remedy")


@pytest.mark.parametrize("error", list(_every_error()), ids=lambda error: type(error).__name__)
def test_every_error_of_the_server_ends_like_the_same_error_here(error: SmartSpecError) -> None:
    """A script reads another exit code through a server than it would without one."""
    said = of_error(error)
    answer = Answer(said.status, written(said), {"content-type": "application/problem+json"})
    here = error_of(answer, place="http://127.0.0.1:1")
    assert here.exit_code == error.exit_code
    assert here.what == error.what
    assert here.remedy == error.remedy
    if isinstance(error, UnknownName):
        assert isinstance(here, UnknownName)
        assert here.nearest == error.nearest


def test_nobody_there_is_said_at_once_where_waiting_is_over() -> None:
    """A command waits for a server that never comes."""
    stub = Stub(one_after_another(Says()))
    with listening(stub) as place:
        pass
    clock = FakeClock()
    server = Server(at(place.port), patience=5.0, sleep=clock.sleep, monotonic=clock.monotonic)
    before = clock.monotonic()
    with pytest.raises(ProviderUnavailable):
        server.get(Done, "/v1/x")
    assert clock.monotonic() - before <= 5.0


def test_nobody_unproven_gets_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands in the way of the network reads the token."""
    tls = certificate(tmp_path, "here")
    stub = Stub(one_after_another(Says(content={"name": "by TLS"})))
    with listening(stub, tls=tls) as place:
        with pytest.raises(ProviderUnavailable, match="cannot be trusted") as failed:
            asking(place).post(Done, "/v1/x", again=True)
        assert stub.heard == []
        assert failed.value.exit_code == 4
        assert "SSL_CERT_FILE" in failed.value.remedy
        monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
        assert asking(place).get(Done, "/v1/x").name == "by TLS"
