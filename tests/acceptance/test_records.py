"""Deployments, marks, holds and the audit log, as a pipeline and its people use them."""

import sqlite3
import stat

from tests.acceptance.commands import Typed, place_hold

from smartspec_rollback.store.sqlite import SqliteStore

RECORD = ("deployment", "record", "--service", "checkout", "--environment", "production")


def test_phases(typed: Typed) -> None:
    """If this failed, saying a phase twice would be an error, or a later phase be lost."""
    words = (*RECORD, "--id", "d1", "--version", "v1", "--commit", "0123abc")
    assert "Recorded: d1" in typed(*words, "--phase", "before-migrations").out
    assert "Already recorded" in typed(*words, "--phase", "before-migrations").out
    assert "Recorded: d1" in typed(*words, "--artifact", "v1").out
    found = typed("deployment", "show", "d1", "--format", "json").document["deployments"]
    assert found[0]["deployment"]["phase"] == "live"
    assert found[0]["deployment"]["commit"] == "0123abc"


def test_commit_can_be_added(typed: Typed) -> None:
    """If this failed, the commit of what `local deploy` recorded would be dropped in silence."""
    words = (*RECORD, "--id", "d1", "--version", "v1")
    typed(*words)
    typed(*RECORD, "--id", "d2", "--version", "v2")
    assert "Recorded: d1" in typed(*words, "--commit", "0123abc").out
    assert "Already recorded" in typed(*words, "--commit", "0123abcdef").out
    other = typed(*words, "--commit", "fedcba")
    assert other.code == 2
    assert "is recorded with commit 0123abc, not fedcba" in other.err
    found = typed("deployment", "list", "--format", "json").document["deployments"]
    assert [(d["deployment"]["id"], d["deployment"]["commit"]) for d in found] == [
        ("d2", None),
        ("d1", "0123abc"),
    ]
    assert typed("audit", "verify").code == 0


def test_later_phase_needs_no_artifact(typed: Typed) -> None:
    """If this failed, the second step of a pipeline would have to repeat everything."""
    words = (*RECORD, "--id", "d1", "--version", "v1")
    typed(*words, "--artifact", "registry.example/checkout:v1", "--phase", "before-migrations")
    assert typed(*words).code == 0
    found = typed("deployment", "list", "--format", "json").document["deployments"]
    assert found[0]["deployment"]["release"]["artifact"] == "registry.example/checkout:v1"


def test_marks(typed: Typed) -> None:
    """If this failed, a person's word on a deployment would not count, or not be shown."""
    typed(*RECORD, "--id", "d1", "--version", "v1")
    assert typed("deployment", "mark", "d1", "healthy").code == 0
    assert "marked healthy by" in typed("deployment", "list").out
    done = typed("deployment", "mark", "d1", "failed", "--reason", "the page | is blank")
    assert done.code == 0
    shown = typed("deployment", "show", "d1").out
    assert "failed: the page" in shown
    assert "**fail:**" in shown


def test_lists_can_be_narrowed(typed: Typed) -> None:
    """If this failed, a busy ledger could not be read."""
    for number in range(5):
        typed(*RECORD, "--id", f"d{number}", "--version", "v1")
    rows = typed("deployment", "list", "--limit", "2", "--service", "checkout").out.splitlines()
    assert len(rows) == 4


def test_holds(typed: Typed) -> None:
    """If this failed, a bad release could come back unnoticed, or never come back once mended."""
    typed(*RECORD, "--id", "d1", "--version", "v1.2.1")
    with SqliteStore.open(typed.ledger) as store:
        place_hold(store, "d1")
    assert "hold-1" in typed("hold", "list").out
    again = typed(*RECORD, "--id", "d2", "--version", "v1.2.1")
    assert again.code == 0
    assert "warning: v1.2.1 is on hold" in again.err
    gate = typed("smartspec_quality_gate", "--deployment-id", "d2")
    assert gate.code == 1
    assert "on hold" in gate.out
    refused = typed("local", "deploy", "--version", "v1.2.1")
    assert refused.code == 3
    assert "smartspec hold release hold-1" in refused.err
    assert typed("hold", "release", "hold-1", "--reason", "mended").code == 0
    twice = typed("hold", "release", "hold-1")
    assert twice.code == 2
    assert "hold-1 was already released at" in twice.err
    assert ": mended" in twice.err
    assert "did you mean" not in twice.err
    assert "No release is on hold" in typed("hold", "list").out


def test_audit_finds_changes(typed: Typed) -> None:
    """If this failed, history could be rewritten and nobody would know where."""
    typed(*RECORD, "--id", "d1", "--version", "v1")
    typed("deployment", "mark", "d1", "failed")
    assert typed("audit", "verify").code == 0
    with sqlite3.connect(typed.ledger) as db:
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE audit SET actor = 'somebody else' WHERE seq = 2")
    db.close()
    done = typed("audit", "verify")
    assert done.code == 4
    assert "audit entry 2" in done.out
    as_json = typed("audit", "verify", "--format", "json")
    assert (as_json.code, as_json.document["sound"]) == (4, False)
    assert as_json.document["fault"]["seq"] == 2


def test_ledger_is_private(typed: Typed) -> None:
    """If this failed, other users of the machine could read reasons and names."""
    typed(*RECORD, "--id", "d1", "--version", "v1")
    assert stat.S_IMODE(typed.ledger.stat().st_mode) == 0o600


def test_doctor(typed: Typed) -> None:
    """If this failed, the doctor would call healthy what the night will find broken."""
    done = typed("doctor")
    assert "- [✅] ledger" in done.out
    assert "nothing is live" in done.out
    assert "❔" in done.out
    typed.ledger.chmod(0o644)
    assert "chmod 600" in typed("doctor").out
    typed.ledger.write_bytes(b"no database at all " * 100)
    done = typed("doctor")
    assert done.code == 4
    assert "- [❌] ledger" in done.out
    (typed.folder / "smartspec.yaml").write_text("servces: {}\n")
    done = typed("doctor")
    assert done.code == 4
    assert "smartspec.yaml:1" in done.out


def test_doctor_knows_who_may_approve(typed: Typed) -> None:
    """If this failed, people would learn in an incident that they may not approve."""
    text = (typed.folder / "smartspec.yaml").read_text()
    approval = "      approval: {approvers: [somebody]}\npeople: {somebody: {os: nobody-here}}\n"
    (typed.folder / "smartspec.yaml").write_text(text + approval)
    assert "you may not approve; somebody may" in typed("doctor").out
