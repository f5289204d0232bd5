"""How the parts are put together: the ledger's place, and what break-glass leaves behind."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.errors import AnotherRunning, UnknownName, UsageError
from smartspec_rollback.ledgers import DATABASE_URL, ledger_path
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.engine_parts import Recorder, asking_for
from smartspec_rollback.testing.samples import a_deployment, a_person, a_plan, a_rollback
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace, short_id

_CONFIGURATION = """\
services:
  checkout:
    production:
      platform: {kind: local, releases: releases/}
      channel: {kind: file, path: notices.jsonl}
people: {somebody-else: {os: nobody-here}}
"""


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a configuration with one Target."""
    monkeypatch.delenv(DATABASE_URL, raising=False)
    path = tmp_path / "smartspec.yaml"
    path.write_text(_CONFIGURATION)
    return path


def _open(configuration: Path, heard: list[str] | None = None) -> Workspace:
    warn = (heard if heard is not None else []).append
    return open_workspace(configuration, Surroundings(warn=warn))


def _broken_glass(configuration: Path, status: Status, version: str = "v1.2.1") -> Path:
    """Leave a break-glass journal behind."""
    path = configuration.parent / ".smartspec/break-glass.db"
    plan = a_plan("rb-glass")
    with SqliteStore.open(path) as journal:
        journal.record_deployment(a_deployment(version=version), by=a_person())
        journal.open_rollback(a_rollback(plan=plan, status=status, break_glass=True), plan)
    return path


def test_ledger_path(configuration: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If this failed, two commands would write to two ledgers."""
    assert ledger_path(configuration) == tmp_path / ".smartspec/smartspec.db"
    monkeypatch.setenv(DATABASE_URL, "sqlite:////var/lib/ledger.db")
    assert ledger_path(configuration) == Path("/var/lib/ledger.db")
    for wrong in ("postgresql://host/db", "sqlite:///", "ledger.db"):
        monkeypatch.setenv(DATABASE_URL, wrong)
        with pytest.raises(UsageError):
            ledger_path(configuration)


def test_short_ids() -> None:
    """If this failed, ids could collide, or not be accepted where people type them."""
    made = {short_id("rb") for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 11 and one.islower() for one in made)


def test_finished_break_glass_is_taken_in(configuration: Path) -> None:
    """If this failed, what was done without the ledger would be forgotten."""
    journal = _broken_glass(configuration, Status.SUCCEEDED)
    workspace = _open(configuration)
    assert [r.id for r in workspace.store.rollbacks(limit=5)] == ["rb-glass"]
    assert workspace.find("rb-glass")[1] is False
    assert not journal.exists()
    assert len(list(journal.parent.glob("*.imported.db"))) == 1


def test_running_break_glass_is_left_alone(configuration: Path) -> None:
    """If this failed, a running rollback would lose its journal under its feet."""
    journal = _broken_glass(configuration, Status.AWAITING_APPROVAL)
    workspace = _open(configuration)
    assert workspace.store.rollbacks(limit=5) == ()
    found, only_there = workspace.find("rb-glass")
    assert (found.id, only_there) == ("rb-glass", True)
    assert workspace.report("rb-glass").plan.rollback_id == "rb-glass"
    assert journal.exists()


def test_a_restored_ledger_takes_it_in_again(configuration: Path) -> None:
    """If this failed, a backup put back would forget the hold on the release that was bad."""
    path = ledger_path(configuration)
    SqliteStore.open(path).close()
    backup = path.read_bytes()
    _broken_glass(configuration, Status.SUCCEEDED)
    _open(configuration).store.close()
    path.write_bytes(backup)
    workspace = _open(configuration)
    assert [r.id for r in workspace.store.rollbacks(limit=5)] == ["rb-glass"]
    written = workspace.store.verify_audit()
    workspace.store.close()
    assert _open(configuration).store.verify_audit() == written


def test_nothing_is_begun_beside_unfinished_break_glass(configuration: Path) -> None:
    """If this failed, a rollback that died without the ledger would be done twice at once."""
    _broken_glass(configuration, Status.INTERRUPTED)
    workspace = _open(configuration)
    workspace.store.record_deployment(a_deployment(), by=a_person())
    asked = asking_for(failed_deployment_id=a_deployment().id)
    with pytest.raises(AnotherRunning, match="rb-glass") as caught:
        workspace.rollback(asked, Recorder())
    assert caught.value.rollback_id == "rb-glass"
    assert "smartspec resume rb-glass" in caught.value.remedy


def test_contradicting_break_glass_stops_nothing(configuration: Path) -> None:
    """If this failed, one bad import would lock everybody out of the ledger."""
    with SqliteStore.open(ledger_path(configuration)) as ledger:
        ledger.record_deployment(a_deployment(version="v9"), by=a_person())
    journal = _broken_glass(configuration, Status.SUCCEEDED)
    heard: list[str] = []
    workspace = _open(configuration, heard)
    assert workspace.store.rollbacks(limit=5) == ()
    assert "not in the ledger yet" in heard[0]
    assert journal.exists()


def test_break_glass_asks_at_the_terminal_alone(configuration: Path) -> None:
    """If this failed, break-glass would depend on a channel that may be on fire."""
    workspace = _open(configuration)
    (target,) = workspace.targets
    assert [c.name for c in workspace.channels(target)] == ["file"]
    assert workspace.channels(target, break_glass=True) == ()


def test_unknown_rollback_names_the_nearest(configuration: Path) -> None:
    """If this failed, a typo would cost minutes in an incident."""
    workspace = _open(configuration)
    plan = a_plan("rb-abcdefgh")
    workspace.store.open_rollback(a_rollback(plan=plan, status=Status.DENIED), plan)
    with pytest.raises(UnknownName) as caught:
        workspace.find("rb-abcdefhg")
    assert caught.value.nearest == ("rb-abcdefgh",)


def test_a_mark_is_a_persons_word(configuration: Path) -> None:
    """If this failed, a person's word would count as the gate's, or under another's name."""
    workspace = _open(configuration)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    workspace.store.record_deployment(a_deployment("d1", at=at), by=a_person())
    verdict = workspace.mark("d1", VerdictOutcome.FAIL, "blank page")
    assert (verdict.source, verdict.by) == ("person", workspace.operator.name)
    assert workspace.operator.account.startswith("os:")
    assert workspace.store.newest_verdict("d1") == verdict


def test_what_watches_beside_a_rollback_shares_nothing_with_it(configuration: Path) -> None:
    """If this failed, a chart could disturb the connection that moves production."""
    workspace = _open(configuration)
    parts = workspace.parts(workspace.targets[0], Recorder())
    watcher = parts.watcher()
    assert watcher is not None
    assert id(watcher.platform) != id(parts.platform)
    assert id(watcher.metrics) != id(parts.metrics)
