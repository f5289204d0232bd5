"""Tampering with the ledger's file is found, and the place is named."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store.chain import link
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.database_samples import a_snapshot
from smartspec_rollback.testing.samples import (
    NOON,
    a_capture,
    a_decision,
    a_deployment,
    a_hold,
    a_person,
    a_plan,
    a_release,
    a_rollback,
    a_summary,
    a_verdict,
    later,
)

ENTRIES = 16


@pytest.fixture
def written(path: Path) -> Path:
    """Make a ledger in which everything happened once; 16 audit entries."""
    with SqliteStore.open(path) as store:
        store.record_deployment(a_deployment("deploy-1", "v1.2.0"), by=a_person())  # 1
        passed = a_verdict("deploy-1", VerdictOutcome.PASS, measured=a_summary())
        store.record_verdict(passed)  # 2
        early = a_deployment(at=later(1), phase=Phase.BEFORE_MIGRATIONS)
        store.record_deployment(early, by=a_person())  # 3
        store.record_deployment(a_deployment(at=later(2)), by=a_person())  # 4
        store.record_verdict(a_verdict())  # 5
        store.open_rollback(a_rollback(), a_plan())  # 6 and 7
        claim = store.claim("rb-1", holder="alice", at=NOON)  # 8
        assert claim is not None
        place = Change(kind=EntryKind.HOLD_PLACED, text="held", place_hold=a_hold())
        store.append(claim, place, at=NOON)  # 9 and 10
        store.decide(a_decision(answer=Answer.APPROVE))  # 11
        approve = Change(kind=EntryKind.STATUS, text="approved", status=Status.APPROVED)
        store.append(claim, approve, at=later(3))  # 12
        other = a_hold("hold-2", a_release("v0"))
        store.append(
            claim, Change(kind=EntryKind.ASKED, text="x", place_hold=other), at=later(4)
        )  # 13 and 14
        store.release_hold("hold-2", by=a_person(), reason="fixed", at=later(5))  # 15
        store.audit(actor="bob", action="doctor.ran", subject="all", detail="ok", at=NOON)  # 16
    return path


@pytest.fixture
def intruder(written: Path) -> Iterator[sqlite3.Connection]:
    """Somebody with the file and SQLite: without foreign keys, and with the triggers gone."""
    with closing(sqlite3.connect(written, isolation_level=None)) as db:
        names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            db.execute(f"DROP TRIGGER {name}")
        yield db


def _proof(path: Path) -> tuple[int, int | None, str]:
    with SqliteStore.open(path) as store:
        entries, fault = store.verify_audit()
        return entries, fault.seq if fault else None, fault.what if fault else ""


def test_an_untouched_ledger_is_proved(written: Path) -> None:
    """If this fails, an honest ledger is called forged, and the check is ignored from then on."""
    assert _proof(written) == (ENTRIES, None, "")


@pytest.mark.parametrize(
    ("sql", "seq"),
    [
        ("UPDATE audit SET actor = 'mallory' WHERE seq = 5", 5),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1),
        ("UPDATE audit SET detail = '' WHERE seq = 16", 16),
        ("UPDATE audit SET digest = NULL WHERE seq = 9", 9),
        ("UPDATE audit SET hash = '' WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 9", 9),
        ("DELETE FROM audit WHERE seq = 16", 16),
        ("DELETE FROM audit WHERE seq > 12", 13),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET seq = seq + 100 WHERE seq > 8", 9),
        ("INSERT INTO audit VALUES (17, 0, 'm', 'a', 's', 'd', NULL, 'h')", 17),
        ("INSERT INTO audit VALUES (0, 0, 'm', 'a', 's', 'd', NULL, 'h')", 1),
        ("DELETE FROM audit_head", 16),
        ("UPDATE audit_head SET entries = 17", 16),
        ("UPDATE audit_head SET seq = 15, entries = 15", 16),
    ],
)
def test_a_changed_log_is_found(
    written: Path, intruder: sqlite3.Connection, sql: str, seq: int
) -> None:
    """If this fails, somebody can rewrite who did what."""
    intruder.execute(sql)
    assert _proof(written)[1] == seq


def test_swapped_lines_are_found(written: Path, intruder: sqlite3.Connection) -> None:
    """If this fails, the order of events can be rewritten."""
    for old, new in ((5, 99), (6, 5), (99, 6)):
        intruder.execute("UPDATE audit SET seq = ? WHERE seq = ?", (new, old))
    assert _proof(written)[1] == 5


def test_a_forged_end_of_the_log_is_found_by_what_it_leaves_behind(
    written: Path, intruder: sqlite3.Connection
) -> None:
    """If this fails, cutting off the log and its mark hides what was recorded."""
    intruder.execute("DELETE FROM audit WHERE seq > 14")
    last = intruder.execute("SELECT hash FROM audit WHERE seq = 14").fetchone()[0]
    intruder.execute("UPDATE audit_head SET seq = 14, entries = 14, hash = ?", (last,))
    assert _proof(written) == (14, 15, "hold_lifts: a row that the audit log never recorded")


def test_a_line_that_is_forged_with_its_hash_is_found_by_the_next(
    written: Path, intruder: sqlite3.Connection
) -> None:
    """If this fails, the chain is none."""
    row = intruder.execute(
        "SELECT seq, at, 'mallory', action, subject, detail, digest FROM audit WHERE seq = 5"
    ).fetchone()
    before = intruder.execute("SELECT hash FROM audit WHERE seq = 4").fetchone()[0]
    intruder.execute(
        "UPDATE audit SET actor = 'mallory', hash = ? WHERE seq = 5", (link(before, row),)
    )
    assert _proof(written)[1] == 6


@pytest.mark.parametrize(
    ("table", "seq"),
    [
        ("phases", 1),
        ("verdicts", 2),
        ("rollbacks", 6),
        ("plans", 7),
        ("journal", 9),
        ("holds", 10),
        ("decisions", 11),
        ("hold_lifts", 15),
    ],
)
@pytest.mark.parametrize("how", ["change", "remove", "add"])
def test_a_changed_record_is_found(
    written: Path, intruder: sqlite3.Connection, table: str, seq: int, how: str
) -> None:
    """If this fails, the ledger can be made to say that a bad release was good."""
    if how == "change":
        intruder.execute(f"UPDATE {table} SET document = replace(document, 'e', 'a')")  # noqa: S608 - names of ours
    elif how == "remove":
        intruder.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
    else:
        intruder.execute("PRAGMA ignore_check_constraints = ON")
        names = [row[1] for row in intruder.execute(f"PRAGMA table_info({table})")]
        values = ["99" if name == "seq" else name for name in names]
        for unique in ("id", "hold_id", "entry", "person"):
            values = [f"{value} || '9'" if value == unique else value for value in values]
        if table == "plans":
            values[names.index("rollback_id")] = "'rb-9'"
        if table == "rollbacks":
            values[names.index("status")] = "'denied'"
        intruder.execute(
            f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} WHERE seq = {seq}"  # noqa: S608 - names of ours
        )
        seq = 99
    entries, found, what = _proof(written)
    assert (entries, found) == (ENTRIES, seq)
    assert table in what or "is gone" in what


@pytest.mark.parametrize(
    ("sql", "seq"),
    [
        ("UPDATE verdicts SET outcome = 'pass' WHERE seq = 5", 5),
        ("UPDATE phases SET deployment_id = 'deploy-1' WHERE seq = 4", 4),
        ("UPDATE holds SET release = 'sha256:0' WHERE id = 'hold-1'", 10),
        ("UPDATE rollbacks SET plan_digest = 'sha256:0'", 6),
        ("UPDATE decisions SET answer = 'deny'", 11),
        ("UPDATE journal SET entry = 7 WHERE entry = 2", 12),
        ("UPDATE deployments SET standing = 'pass', eligible = 1 WHERE id = 'deploy-12345'", 4),
        ("UPDATE deployments SET standing = NULL, eligible = 0 WHERE id = 'deploy-1'", 1),
        ("UPDATE deployments SET baseline = NULL WHERE id = 'deploy-1'", 1),
        ("UPDATE deployments SET version = 'v9' WHERE id = 'deploy-1'", 1),
        ("UPDATE deployments SET seq = 3 WHERE id = 'deploy-12345'", 3),
        ("DELETE FROM deployments WHERE id = 'deploy-1'", 1),
        ("UPDATE holds SET in_force = 0 WHERE id = 'hold-1'", 10),
        ("UPDATE holds SET in_force = 1 WHERE id = 'hold-2'", 14),
        ("UPDATE rollbacks SET status = 'executing'", 6),
        ("UPDATE rollbacks SET status_detail = 'approved by all'", 6),
        ("UPDATE rollbacks SET token = 0", 6),
    ],
)
def test_a_changed_column_is_found(
    written: Path, intruder: sqlite3.Connection, sql: str, seq: int
) -> None:
    """If this fails, the documents are proved, but the answers come from forged columns."""
    intruder.execute(sql)
    assert _proof(written)[:2] == (ENTRIES, seq)


@pytest.mark.parametrize(
    "table",
    [
        "audit",
        "phases",
        "verdicts",
        "holds",
        "hold_lifts",
        "rollbacks",
        "plans",
        "journal",
        "decisions",
    ],
)
def test_a_bug_of_ours_cannot_rewrite_history(written: Path, table: str) -> None:
    """If this fails, one wrong statement in a later release silently loses evidence."""
    with closing(sqlite3.connect(written)) as db:
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(f"UPDATE {table} SET seq = seq + 1000")  # noqa: S608 - names of ours


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE schemas SET document = zlib_of_another",
        "UPDATE schemas SET document = 'no longer compressed'",
        "UPDATE schemas SET document = x'00'",
        "UPDATE schemas SET version = 'v9'",
        "UPDATE schemas SET release = ''",
        "DELETE FROM schemas",
    ],
)
def test_a_changed_schema_is_found(path: Path, sql: str) -> None:
    """If this fails, the old version can be made to fit a schema that it never knew."""
    with SqliteStore.open(path) as store:
        store.record_deployment(a_deployment(), by=a_person())
        store.record_schema("deploy-12345", Phase.LIVE, a_snapshot(), by=a_person())
    assert _proof(path) == (2, None, "")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for name in ("schemas_kept", "schemas_unchanged"):
            db.execute(f"DROP TRIGGER {name}")
        another = zlib.compress(b"{}").hex()
        db.execute(sql.replace("zlib_of_another", f"x'{another}'"))
    assert _proof(path)[1] == 2


def test_recorded_schemas_stay(path: Path) -> None:
    """If this fails, what a rollback was decided on can be thrown away by a slip."""
    with SqliteStore.open(path) as store:
        store.record_deployment(a_deployment(), by=a_person())
        store.record_schema("deploy-12345", Phase.LIVE, a_snapshot(), by=a_person())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for sql in ("DELETE FROM schemas", "UPDATE schemas SET phase = 'live'"):
            with pytest.raises(sqlite3.IntegrityError, match="recorded schemas stay"):
                db.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE captures SET document = zlib_of_another",
        "UPDATE captures SET document = 'no longer compressed'",
        "UPDATE captures SET release = ''",
        "UPDATE captures SET digest = ''",
        "DELETE FROM captures",
    ],
)
def test_a_changed_capture_is_found(path: Path, sql: str) -> None:
    """If this fails, somebody can have another release put into production than the one known."""
    with SqliteStore.open(path) as store:
        store.record_deployment(a_deployment(), by=a_person())
        store.record_capture(a_capture(), by=a_person())
        store.secret_key()
    assert _proof(path) == (2, None, "")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for refused in (sql.replace("zlib_of_another", "x'00'"), "UPDATE keys SET value = x'00'"):
            with pytest.raises(sqlite3.IntegrityError, match="stay"):
                db.execute(refused)
        for name in ("captures_kept", "captures_unchanged"):
            db.execute(f"DROP TRIGGER {name}")
        db.execute(sql.replace("zlib_of_another", f"x'{zlib.compress(b'{}').hex()}'"))
    assert _proof(path)[1] == 2
