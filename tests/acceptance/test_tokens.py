"""Tokens, as whoever sets a server up makes and ends them."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION, Typed, installed

from smartspec_rollback.cli.token import SCOPES
from smartspec_rollback.domain.access import SCOPES as ALLOWED
from smartspec_rollback.domain.credentials import fingerprint, token_id
from smartspec_rollback.store.sqlite import SqliteStore

PEOPLE = "people: {alice: {os: alice}}\n"
MACHINE = ("token", "create", "--name", "ci", "--scope", "record", "--scope", "judge")


@pytest.fixture(autouse=True)
def _people(typed: Typed) -> None:
    (typed.folder / "smartspec.yaml").write_text(CONFIGURATION + PEOPLE)


def test_a_machines_token_is_printed_once_and_kept_nowhere(typed: Typed) -> None:
    """If this failed, whoever reads the ledger, a backup or a log could deploy."""
    done = typed(*MACHINE, "--service", "checkout", "--expires", "30d")
    assert done.code == 0
    secret = done.out.strip()
    assert re.fullmatch(r"sst_[a-z2-7]{8}_[0-9A-Za-z]{49}", secret)
    assert secret not in done.err
    known = token_id(secret)
    assert known is not None
    with SqliteStore.open(typed.ledger) as store:
        kept = store.token_presented(known, fingerprint=fingerprint(secret))
    assert kept is not None
    assert (kept.name, kept.person, kept.scopes) == ("ci", None, ("record", "judge"))
    assert kept.reach.services == ("checkout",)
    assert kept.expires_at - kept.created_at == timedelta(days=30)
    files = [each for each in typed.folder.rglob("*") if each.is_file()]
    assert len(files) > 1
    for file in files:
        content = file.read_bytes()
        assert secret.encode() not in content, file
        assert secret.split("_")[2][:43].encode() not in content, file
    assert typed("audit", "verify").code == 0


def test_a_persons_token_names_somebody_who_is_known(typed: Typed) -> None:
    """If this failed, a token could speak for somebody who is not there."""
    done = typed("token", "create", "--person", "alice", "--format", "json")
    assert done.document["schema"] == "smartspec.token/1"
    assert done.document["token"]["person"] == "alice"
    assert done.document["token"]["scopes"] is None
    assert done.document["secret"].startswith(f"sst_{done.document['token']['id']}_")
    other = typed("token", "create", "--person", "alcie")
    assert other.code == 2
    assert "did you mean alice" in other.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--name", "ci"), "whose token"),
        (("--scope", "read"), "whose token"),
        ((), "whose token"),
        (("--person", "alice", "--scope", "read"), "no scopes"),
        (("--name", "ci", "--scope", "answer"), "Invalid value for '--scope'"),
        (("--name", "ci", "--scope", "read", "--service", "chekout"), "did you mean checkout"),
        (("--name", "ci", "--scope", "read", "--environment", "prod"), "unknown environment"),
        (("--person", "alice", "--expires", "91d"), "at most 90d"),
        (("--person", "alice", "--expires", "0s"), "more than no time"),
        (("--person", "alice", "--expires", "soon"), "not a duration"),
        (("--name", "a b", "--scope", "read"), "cannot be a token's name"),
        (("--name", "", "--scope", "read"), "cannot be a token's name"),
    ],
)
def test_what_makes_no_sense_is_refused(typed: Typed, words: tuple[str, ...], what: str) -> None:
    """If this failed, a token would allow something else than its maker thinks."""
    done = typed("token", "create", *words)
    assert done.code == 2
    assert what in done.err
    assert done.out == ""
    assert "There are no tokens" in typed("token", "list").out


def test_tokens_are_listed_without_their_secrets(typed: Typed) -> None:
    """If this failed, nobody could tell which token to end, or everybody could use them."""
    secret = typed(*MACHINE).out.strip()
    typed("token", "create", "--person", "alice", "--name", "laptop")
    shown = typed("token", "list")
    lines = [line for line in shown.out.splitlines() if line.startswith("| ")]
    assert len(lines) == 3
    assert "all of alice" in lines[1]
    assert "record, judge" in lines[2]
    assert "never" in lines[2]
    listed = typed("token", "list", "--format", "json")
    assert secret not in shown.out + listed.out
    assert fingerprint(secret) not in shown.out + listed.out
    assert [each["name"] for each in listed.document["tokens"]] == ["laptop", "ci"]


def test_a_revoked_token_stays_in_the_list(typed: Typed) -> None:
    """If this failed, nobody could tell after a leak what had been there."""
    known = token_id(typed(*MACHINE).out.strip()) or ""
    done = typed("token", "revoke", known)
    assert done.code == 0
    assert "lets nobody in" in done.out
    assert f"revoked {datetime.now(UTC):%Y-%m-%d}" in typed("token", "list").out
    again = typed("token", "revoke", known)
    assert (again.code, "was revoked" in again.err) == (2, True)
    assert typed("token", "revoke", "nosuchid").code == 2


def test_scopes_are_those_of_the_domain() -> None:
    """If this failed, a scope could not be given, or would mean nothing."""
    assert set(SCOPES) == set(ALLOWED)


def test_a_pipeline_can_keep_what_is_printed(typed: Typed) -> None:
    """If this failed, `TOKEN=$(smartspec token create …)` would hold more than the token."""
    done = installed("smartspec", *MACHINE, folder=typed.folder)
    assert token_id(done.out.removesuffix("\n")) is not None
    assert done.err.startswith("Token ")


def test_help_is_light(tmp_path: Path) -> None:
    """If this failed, asking what a token is would cost as much as making one."""
    script = (
        "import sys\n"
        "from smartspec_rollback.cli import main\n"
        "sys.argv = ['smartspec', 'token', 'create', '--help']\n"
        "try:\n    main.smartspec()\n"
        "except SystemExit:\n    pass\n"
        "print(sorted({'msgspec', 'yaml', 'starlette', 'authlib'} & set(sys.modules)),"
        " file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stderr.strip() == "[]"
