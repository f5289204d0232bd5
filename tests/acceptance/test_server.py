"""Commands on a machine without configuration or ledger, which a server does for them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.clusters import Shops
from tests.acceptance.commands import installed
from tests.acceptance.served import Server, configured
from tests.acceptance.terminal import at_terminal

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes.cluster import Cluster

QUESTION = "Approve this plan? (yes/no): "
SCOPES = ("--scope", "read", "--scope", "record", "--scope", "judge", "--scope", "request")
_PATIENCE = 40.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one server for the tests of this file; each uses a service of its own."""
    with Cluster(speed=20.0) as cluster:
        shops = Shops(tmp_path_factory.mktemp("served"), cluster)
        configured(shops)
        made = Server(shops, tmp_path_factory.mktemp("elsewhere"))
        made.tokens = {
            "robot": made.token("--name", "robot", *SCOPES),
            "reader": made.token("--name", "reader", "--scope", "read"),
            "alice": made.token("--person", "alice"),
            "bob": made.token("--person", "bob"),
        }
        made.start()
        yield made
        made.end()


def _waiting(server: Server, service: str) -> str:
    """Wait until a rollback of a service is to be approved, and return its id."""
    deadline = Deadline.after(SystemClock(), _PATIENCE)
    while True:
        listed = server("history", "--service", service, "--format", "json", by="alice")
        found = listed.document["rollbacks"]
        if found and found[0]["status"] == "awaiting-approval":
            rollback_id: str = found[0]["id"]
            return rollback_id
        assert not deadline.expired, listed
        deadline.pause(0.1)


def _started(server: Server, *words: str, by: str = "robot") -> "subprocess.Popen[str]":
    program = Path(sys.executable).with_name(words[0])
    return subprocess.Popen(
        [program, *words[1:]],
        cwd=server.elsewhere,
        env={**os.environ, **server.environment(by)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_pipeline_rolls_back_by_a_server(server: Server) -> None:
    """A machine that is thrown away afterwards has to hold the ledger, or nothing is recorded.

    On the way: what was recorded is listed, a person approves from elsewhere, the pipeline's
    command follows to the end and exits as it would with a ledger of its own.
    """
    said = ("--service", "basket", "--environment", "production")
    for number in (1, 2):
        version = f"v{number}"
        done = server(
            "deployment", "record", "--id", f"basket-{version}", "--version", version, *said
        )
        assert done.code == 0, done.err
        assert f"Recorded: basket-{version}, {version} on basket/production" in done.out
    marked = server("deployment", "mark", "basket-v2", "failed", "--reason", "blank")
    assert marked.code == 0, marked.err
    listed = server("deployment", "list", "--service", "basket", "--environment", "production")
    assert listed.out.index("basket-v2") < listed.out.index("basket-v1")
    assert "blank" in server("deployment", "show", "basket-v2").out

    dry = server("smartspec_rollback", "--failed-deployment-id", "basket-v2", "--dry-run")
    assert dry.code == 0, dry.err
    assert dry.out.rstrip().endswith("Dry run: nothing was changed.")

    command = ("smartspec_rollback", "--failed-deployment-id", "basket-v2", "--format", "json")
    with _started(server, *command) as following:
        rollback_id = _waiting(server, "basket")
        machine = server("approve", rollback_id)
        assert machine.code == 3, machine
        given = server("approve", rollback_id, "--reason", "seen", by="alice")
        assert given.code == 0, given.err
        assert f"Approved {rollback_id} as alice" in given.out
        out, err = following.communicate(timeout=_PATIENCE)
    assert following.returncode == 7, err  # nothing is measured here, so nothing is verified
    assert f'"rollback_id": "{rollback_id}"' in out
    assert '"exit_code": 7' in out
    assert server.shops.images()["basket"].endswith(":v1")
    assert "Scale down" in err or "scale-down" in err

    shown = server("show", rollback_id, "--report", by="reader")
    assert shown.code == 0
    assert "# Rollback Report: basket-v2" in shown.out
    again = server(*command)
    assert again.code == 7, again.err
    assert again.out.count('"kind": "verdict"') == 2  # it was verified again, and followed
    resumed = server("resume", rollback_id, "--format", "json")
    assert resumed.code == 7, resumed.err
    assert resumed.out.count('"kind": "verdict"') == 3
    held = server("hold", "list", "--format", "json", by="alice").document["holds"]
    hold_id = next(each["id"] for each in held if each["target"]["service"] == "basket")
    assert server("hold", "release", hold_id).code == 3
    assert server("hold", "release", hold_id, "--reason", "mended", by="alice").code == 0
    proof = server("audit", "verify", by="alice")
    assert proof.code == 0, proof.err


def test_a_person_answers_at_their_own_terminal(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody on call has a token and a terminal, and still needs a second way to approve."""
    for name, value in server.environment("alice").items():
        monkeypatch.setenv(name, value)
    words = ("smartspec_rollback", "--failed-deployment-id", "checkout-v2", "--reason", "slow")
    denied = at_terminal(*words, folder=server.elsewhere, answers=[(QUESTION, "no\n")])
    assert denied.code == 3, denied.out
    assert "Rollback Plan: checkout-v2" in denied.out
    done = at_terminal(*words, folder=server.elsewhere, answers=[(QUESTION, "yes\n")])
    assert done.code == 7, done.out
    assert "v2 → v1 on checkout/production" in done.out
    assert server.shops.images()["checkout"].endswith(":v1")


def test_who_may_not_answer_is_told_so_and_asked_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that does not count is taken for one that does."""
    for name, value in server.environment("bob").items():
        monkeypatch.setenv(name, value)
    words = ("smartspec_rollback", "--failed-deployment-id", "search-v2", "--reason", "slow")
    answers = [(QUESTION, "yes\n"), ("Not counted: bob has no role that allows answer", "\x03")]
    done = at_terminal(*words, folder=server.elsewhere, answers=answers)
    assert done.code == 3, done.out
    assert "The server goes on with it" in done.out
    rollback_id = _waiting(server, "search")
    assert server("deny", rollback_id, by="alice").code == 0
    assert server.shops.images()["search"].endswith(":v2")


def test_a_machine_is_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline with a pseudo-terminal stands still before a question it may not answer."""
    for name, value in server.environment("robot").items():
        monkeypatch.setenv(name, value)
    words = ("smartspec_rollback", "--failed-deployment-id", "search-v2", "--dry-run")
    done = at_terminal(*words, folder=server.elsewhere)
    assert done.code == 0, done.out
    assert QUESTION not in done.out


def test_the_gate_is_judged_by_the_server(server: Server) -> None:
    """A pipeline cannot judge, or passes what the server could not measure."""
    said = ("--service", "search", "--environment", "production", "--version", "v2")
    assert server("deployment", "record", "--id", "search-v2", *said).code == 0
    judged = server("smartspec_quality_gate", "--deployment-id", "search-v2", "--format", "json")
    assert judged.code == 3, judged.err  # no data is never a pass
    assert judged.document["outcome"] == "inconclusive"
    unknown = server("smartspec_quality_gate", "--deployment-id", "nothing-1")
    assert unknown.code == 2, unknown.err
    assert "nothing-1" in unknown.err


def test_readiness_is_what_the_server_saw(server: Server) -> None:
    """Every machine has to reach every cluster to know whether one could go back."""
    deadline = Deadline.after(SystemClock(), _PATIENCE)
    while True:
        done = server("readiness", "--service", "search", "--format", "json", by="reader")
        (answer,) = done.document["answers"]
        if answer["live_version"] == "v2":
            break
        assert not deadline.expired, done
        deadline.pause(0.2)
    assert done.code == done.document["exit_code"]
    assert answer["outcome"] == "unknown"
    nowhere = server("readiness", "--service", "moon", by="reader")
    assert nowhere.code == 2


def test_several_are_rolled_back_by_one_command(server: Server) -> None:
    """In an incident of many services only a machine with the ledger can act."""
    ids = [w for name in ("basket", "search") for w in ("--failed-deployment-id", f"{name}-v2")]
    done = server("smartspec_rollback", *ids, "--dry-run", "--format", "json")
    said = done.document
    assert said["schema"] == "smartspec.rollbacks/1"
    assert {each["target"]["service"] for each in said["rollbacks"]} == {"basket", "search"}


@pytest.mark.parametrize(
    ("token", "words", "code"),
    [
        ("smartspec_not.a.token", ["history"], 3),
        ("with space", ["history"], 2),
        ("", ["history"], 2),
    ],
)
def test_a_token_that_is_no_good_is_never_shown(
    server: Server, token: str, words: list[str], code: int
) -> None:
    """A wrong token ends up in a pipeline's log, for everybody to read."""
    environment = {"SMARTSPEC_SERVER": server.url, "SMARTSPEC_TOKEN": token}
    done = installed("smartspec", *words, folder=server.elsewhere, environment=environment)
    assert done.code == code, done
    assert not token or token not in done.err + done.out


def test_a_token_may_come_from_a_file(server: Server, tmp_path: Path) -> None:
    """Secrets that are mounted as files have to be put into an environment."""
    file = tmp_path / "token"
    file.write_text(server.tokens["reader"] + "\n")
    environment = {"SMARTSPEC_SERVER": server.url, "SMARTSPEC_TOKEN_FILE": str(file)}
    done = installed("smartspec", "history", folder=server.elsewhere, environment=environment)
    assert done.code == 0, done.err
    both = {**environment, "SMARTSPEC_TOKEN": server.tokens["reader"]}
    refused = installed("smartspec", "history", folder=server.elsewhere, environment=both)
    assert refused.code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--server", "http://192.0.2.1:8080"], "everybody on the way"),
        (["--server", "ftp://example.org"], "no http or https URL"),
        (["--server", "https://alice:secret@example.org"], "password in it"),
        (["--server", "https://example.org/?a=b"], "plain path"),
        (["--config", "smartspec.yaml"], "both given"),
    ],
)
def test_what_names_no_server_is_refused(server: Server, words: list[str], said: str) -> None:
    """A token travels where everybody can read it, or to a place nobody meant."""
    done = server("history", *words)
    assert done.code == 2, done
    assert said in done.err
    assert "secret" not in done.err


def test_break_glass_needs_no_server(server: Server) -> None:
    """Somebody breaks the glass through the very server that is on fire."""
    done = server("smartspec_rollback", "--failed-deployment-id", "x-1", "--break-glass", "down")
    assert done.code == 2
    assert "without a server" in done.err


def test_a_server_that_is_restarted_in_the_middle_is_waited_for(server: Server) -> None:
    """A deployment of the server itself ends every command that follows a rollback by it."""
    command = ("smartspec_rollback", "--failed-deployment-id", "search-v2", "--reason", "slow")
    with _started(server, *command) as following:
        rollback_id = _waiting(server, "search")
        server.kill()
        server.start()
        given = server("approve", rollback_id, by="alice")
        assert given.code == 0, given.err
        out, err = following.communicate(timeout=_PATIENCE * 2)
    assert following.returncode == 7, err
    assert "# Rollback Report: search-v2" in out
    assert server.shops.images()["search"].endswith(":v1")
