"""Deploying on this host: what is refused, and what is said when the ledger fails after it."""

import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION, seed

from smartspec_rollback.cli import local_host
from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.session import Session
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.snapshot import Revision
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import AnotherRunning, SmartSpecError, StoreError, UsageError
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import a_release
from smartspec_rollback.wiring import Workspace


class _Deploying:
    """A platform that deploys at once, and counts how often."""

    name = "pretended"

    def __init__(self) -> None:
        self.deployed: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def up(self, target: Target, /) -> None:
        """Start nothing."""

    def down(self, target: Target, /) -> None:
        """Stop nothing."""

    def is_down(self, _: Target, /) -> bool:
        """Tell that it was stopped."""
        return True

    def deploy(self, target: Target, version: str, /, **_: object) -> Revision:
        """Deploy it."""
        self.deployed.append(f"{version} on {target}")
        self.meanwhile()
        at = datetime(2026, 3, 2, 12, tzinfo=UTC)
        return Revision(id="r1", release=a_release(version), deployed_at=at)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> _Deploying:
    """Put the pretended platform behind every Target."""
    made = _Deploying()
    monkeypatch.setattr(Workspace, "platform", lambda *_: made)
    return made


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Make a session on a configuration with one Target."""
    made = Session()
    made.config = tmp_path / "smartspec.yaml"
    made.config.write_text(CONFIGURATION)
    return made


def test_deployment_is_recorded_at_the_switch(session: Session, platform: _Deploying) -> None:
    """If this failed, deployments would stand in the ledger at another time than they happened."""
    assert local_host.deploy(session, None, None, "v1.2.0", None) == 0
    (entry,) = session.workspace.store.deployments(limit=5)
    assert platform.deployed == ["v1.2.0 on checkout/production"]
    assert entry.deployment.id.startswith("deploy-")
    assert entry.deployment.at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert entry.deployment.revision == "r1"


def test_a_wish_to_stop_is_not_promised_what_it_does_not_get(
    session: Session, platform: _Deploying, capfd: pytest.CaptureFixture[str]
) -> None:
    """If this failed, Ctrl-C would say that nothing changes, and the release go live unrecorded."""

    def interrupt_twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    platform.meanwhile = interrupt_twice
    with session.stop.listening():
        assert local_host.deploy(session, None, None, "v1.2.0", "deploy-1") == 0
    assert session.workspace.store.deployment("deploy-1") is not None
    said = capfd.readouterr().err
    assert "Stopping as soon as it is over: the deployment of v1.2.0" in said
    assert "before anything is changed" not in said


def test_nothing_is_deployed_into_a_rollback(
    session: Session, platform: _Deploying, tmp_path: Path
) -> None:
    """If this failed, a deployment would race with the rollback that mends production."""
    seed(tmp_path / ".smartspec/smartspec.db", status=Status.AWAITING_APPROVAL)
    with pytest.raises(AnotherRunning, match="rb-waiting"):
        local_host.deploy(session, None, None, "v1.2.0", None)
    assert platform.deployed == []


def test_an_id_is_used_once(session: Session, platform: _Deploying) -> None:
    """If this failed, a reused id would be noticed only after production was changed."""
    local_host.deploy(session, None, None, "v1.2.0", "deploy-1")
    with pytest.raises(UsageError, match="deploy-1"):
        local_host.deploy(session, None, None, "v1.2.1", "deploy-1")
    assert len(platform.deployed) == 1


@pytest.mark.usefixtures("platform")
def test_unrecorded_deployment_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a live release would be missing from the ledger and nobody would know."""

    def full(*_: object, **__: object) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(SqliteStore, "record_deployment", full)
    with pytest.raises(SmartSpecError, match="IS LIVE") as caught:
        local_host.deploy(session, None, None, "v1.2.0", "deploy-1")
    assert caught.value.exit_code == 4
    assert caught.value.remedy.endswith(
        "smartspec deployment record --id deploy-1 --service checkout --environment production "
        "--version v1.2.0 --at 2026-03-02T12:00:00.000000Z"
    )


@pytest.mark.usefixtures("platform")
def test_what_is_down_is_no_error(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, asking how it stands after `local down` would look like a broken host."""
    session.output = Output()  # on the streams of the test itself
    assert local_host.show_status(session, None, None) == 0
    told = capsys.readouterr().out
    assert "checkout/production is down; `smartspec local up` starts it." in told
    session.output.format = "json"
    assert local_host.show_status(session, None, None) == 0
    assert json.loads(capsys.readouterr().out)["down"] == ["checkout/production"]
