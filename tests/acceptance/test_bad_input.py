"""What was typed, or lies in the files, is wrong: the right code, and words that help."""

import sqlite3

import pytest
from tests.acceptance.commands import CONFIGURATION, Typed

HOSTILE = ["../../etc/passwd", "$(reboot)", "a b", "-", "", "x" * 500, "\x1b[2Jgone", "é", "a\nb"]

RECORD = ("deployment", "record", "--service", "checkout", "--environment", "production")


def _record(typed: Typed, deployment_id: str = "deploy-12345", *more: str) -> None:
    done = typed(*RECORD, "--id", deployment_id, "--version", "v1.2.1", *more)
    assert done.code == 0, done.err


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_ids(typed: Typed, hostile: str) -> None:
    """If this failed, a shell, a path or a terminal would see what somebody put into an id."""
    commands = [
        ("smartspec_rollback", f"--failed-deployment-id={hostile}"),
        ("smartspec_rollback", "--failed-deployment-id=d", f"--target-version={hostile}"),
        ("smartspec_quality_gate", f"--deployment-id={hostile}"),
        (*RECORD, f"--id={hostile}", "--version=v1"),
        (*RECORD, "--id=d", f"--version={hostile}"),
        ("deployment", "mark", "--", hostile, "failed"),
        ("deployment", "show", "--", hostile),
        ("show", "--", hostile),
        ("resume", "--", hostile),
        ("approve", "--", hostile),
        ("hold", "release", "--", hostile),
        ("local", "deploy", f"--version={hostile}"),
    ]
    for command in commands:
        done = typed(*command)
        assert done.code == 2, command
        assert "cannot be a" in done.err
        assert done.out == ""
        assert "\x1b" not in done.err
        assert "Traceback" not in done.err
    assert not typed.ledger.exists()


def test_unknown_deployment_names_the_nearest(typed: Typed) -> None:
    """If this failed, a typo at 3 am would cost minutes."""
    _record(typed)
    for words in (
        ("smartspec_rollback", "--failed-deployment-id", "deploy-12354"),
        ("smartspec_quality_gate", "--deployment-id", "deploy-12354"),
        ("deployment", "mark", "deploy-12354", "failed"),
        ("deployment", "show", "deploy-12354"),
    ):
        done = typed(*words)
        assert done.code == 2
        assert "did you mean deploy-12345?" in done.err


def test_unknown_rollback_and_hold(typed: Typed) -> None:
    """If this failed, an unknown id would look like an empty result."""
    for words in (("show", "rb-1"), ("resume", "rb-1"), ("approve", "rb-1"), ("deny", "rb-1")):
        done = typed(*words)
        assert done.code == 2
        assert "smartspec history" in done.err
    assert typed("hold", "release", "hold-1").code == 2


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-02T12:00:00", "no time zone"),
        ("yesterday", "is no time"),
        ("", "is no time"),
        ("2999-01-01T00:00:00Z", "in the future"),
        ("0001-01-01T00:00:00+23:59", "is no time"),
    ],
)
def test_bad_times(typed: Typed, at: str, said: str) -> None:
    """If this failed, deployments would stand in the wrong order, and the wrong one be chosen."""
    done = typed(*RECORD, "--id", "d", "--version", "v1", "--at", at)
    assert done.code == 2
    assert said in done.err
    assert "--at" in done.err
    assert "No deployments" in typed("deployment", "list").out


def test_times_are_kept_in_utc(typed: Typed) -> None:
    """If this failed, an offset would be dropped and the order of deployments be wrong."""
    _record(typed, "deploy-1", "--at", "2026-03-02T12:00:00+02:00")
    assert "2026-03-02 10:00:00 UTC" in typed("deployment", "list").out


def test_target_must_be_configured(typed: Typed) -> None:
    """If this failed, a typo in a pipeline would hide a deployment from every rollback."""
    words = ("deployment", "record", "--id", "d", "--version", "v1")
    done = typed(*words, "--service", "chekout", "--environment", "production")
    assert (done.code, "did you mean checkout?" in done.err) == (2, True)
    done = typed(*words, "--service", "checkout", "--environment", "prod")
    assert (done.code, "did you mean production?" in done.err) == (2, True)
    assert typed("history", "--service", "chekout").code == 2
    assert typed("local", "status", "--environment", "staging").code == 2


def test_contradicting_record(typed: Typed) -> None:
    """If this failed, one id would mean two releases."""
    _record(typed)
    done = typed(*RECORD, "--id", "deploy-12345", "--version", "v9")
    assert done.code == 2
    assert "v1.2.1" in done.err


def test_texts_are_checked(typed: Typed) -> None:
    """If this failed, a reason could forge lines of a plan or of the audit log."""
    _record(typed)
    for words in (
        ("deployment", "mark", "deploy-12345", "failed", "--reason", "a\x1b[31mb"),
        ("deployment", "mark", "deploy-12345", "failed", "--reason", "  "),
        ("smartspec_rollback", "--failed-deployment-id", "deploy-12345", "--reason", "\x07"),
        ("smartspec_rollback", "--failed-deployment-id", "deploy-12345", "--break-glass", ""),
    ):
        done = typed(*words)
        assert done.code == 2
        assert "\x1b" not in done.err


def test_override_needs_a_reason(typed: Typed) -> None:
    """If this failed, a finding could be lifted without anybody saying why."""
    done = typed("smartspec_rollback", "--failed-deployment-id", "d", "--override", "still-live")
    assert done.code == 2
    assert "--reason" in done.err


def test_usage_errors(typed: Typed) -> None:
    """If this failed, a pipeline's typo would look like a refusal or a failure."""
    for words in (
        ("smartspec_rollback",),
        ("smartspec_rollback", "--failed-deployment-id"),
        ("smartspec_rollback", "--failed-deployment-id", "d", "--force"),
        ("smartspec_rollback", "--failed-deployment-id", "d", "--format", "xml"),
        ("smartspec_quality_gate",),
        ("rolback",),
        ("deployment", "mark", "d", "good"),
        ("history", "--limit", "0"),
        ("completion", "tcsh"),
    ):
        done = typed(*words)
        assert done.code == 2, words
        assert done.out == ""
        assert done.err.startswith("error: ")
    assert "Did you mean rollback?" in typed("rolback").err


def test_configuration_problems_have_lines(typed: Typed) -> None:
    """If this failed, somebody would search a long file for a typo."""
    broken = CONFIGURATION.replace("database:", "databse:").replace("p99 latency", "p99 latensy")
    (typed.folder / "smartspec.yaml").write_text(broken)
    done = typed("history")
    assert done.code == 2
    assert "smartspec.yaml:5" in done.err
    assert "smartspec.yaml:6" in done.err
    assert "database" in done.err
    (typed.folder / "smartspec.yaml").write_text("a: [1\nb: }")
    done = typed("smartspec_quality_gate", "--deployment-id", "d", "--format", "json")
    assert done.code == 2
    assert done.document["problems"][0]["line"] > 0


def test_missing_configuration(typed: Typed) -> None:
    """If this failed, a command in the wrong folder would leave people guessing."""
    (typed.folder / "smartspec.yaml").unlink()
    done = typed("history")
    assert done.code == 2
    assert "smartspec init" in done.err
    assert typed("history", "--config", "nowhere.yaml").code == 2
    assert typed("history", "--config", str(typed.folder)).code == 2


def test_ledger_url(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a wrong URL would silently give a new, empty ledger."""
    monkeypatch.setenv("SMARTSPEC_DATABASE_URL", "postgres//oops")
    done = typed("history")
    assert done.code == 2
    assert "SMARTSPEC_DATABASE_URL" in done.err
    monkeypatch.setenv("SMARTSPEC_DATABASE_URL", f"sqlite:///{typed.folder}/else/where.db")
    assert typed("history").code == 0
    assert (typed.folder / "else/where.db").exists()
    assert not typed.ledger.exists()


def test_damaged_ledger(typed: Typed) -> None:
    """If this failed, a damaged ledger would be overwritten or end in a traceback."""
    typed.ledger.parent.mkdir()
    typed.ledger.write_bytes(b"no database at all " * 100)
    for words in (("history",), ("smartspec_rollback", "--failed-deployment-id", "d")):
        done = typed(*words)
        assert done.code == 4
        assert "damaged" in done.err
        assert "Traceback" not in done.err
    assert typed.ledger.read_bytes() == b"no database at all " * 100
    glass = 'smartspec_rollback --failed-deployment-id d --break-glass "why"'
    assert glass in typed("smartspec_rollback", "--failed-deployment-id", "d").err
    for command in (("history",), ("smartspec_rollback", *glass.split()[1:])):
        assert "without the ledger" not in typed(*command).err


def test_newer_ledger(typed: Typed) -> None:
    """If this failed, an old release of this tool would write into a format it does not know."""
    _record(typed)
    with sqlite3.connect(typed.ledger) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    done = typed("history", "--format", "json")
    assert done.code == 4
    assert done.document["error"] == "StoreTooNew"


def test_read_only_place(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a read-only disk would end in a traceback."""
    monkeypatch.setenv("SMARTSPEC_DATABASE_URL", "sqlite:////proc/nobody-may-write/here.db")
    done = typed("deployment", "list")
    assert done.code == 4
    assert "SMARTSPEC_DATABASE_URL" in done.err
    assert "Traceback" not in done.err


def test_folder_that_cannot_be_made(typed: Typed) -> None:
    """If this failed, something in the ledger's place would end in a traceback."""
    (typed.folder / ".smartspec").write_text("a file, not a folder")
    for words in (
        ("deployment", "list"),
        ("smartspec_quality_gate", "--deployment-id", "d"),
        ("smartspec_rollback", "--failed-deployment-id", "d"),
    ):
        done = typed(*words)
        assert done.code == 4, words
        assert "Traceback" not in done.err


def test_init_never_overwrites(typed: Typed) -> None:
    """If this failed, a second init would destroy somebody's configuration."""
    done = typed("init")
    assert done.code == 2
    assert (typed.folder / "smartspec.yaml").read_text() == CONFIGURATION
    assert not (typed.folder / "smartspec.schema.json").exists()
    assert typed("init", "--folder", "smartspec.yaml/deeper").code == 2
    assert typed("init", "--folder", "new").code == 0
    assert typed("history", "--config", "new/smartspec.yaml").code == 0


def test_nothing_to_go_back_to(typed: Typed) -> None:
    """If this failed, a first deployment would be rolled back to nothing."""
    _record(typed)
    done = typed("smartspec_rollback", "--failed-deployment-id", "deploy-12345")
    assert done.code == 3
