"""Readiness of many Targets: one that hangs hides no other, and old answers do not count."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.access import Principal, Reach
from smartspec_rollback.domain.readiness import Readiness, Ready
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderUnavailable, StoreError
from smartspec_rollback.operations import readiness
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.operations.readiness import Lookout, answer_for, look_at, look_at_all
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.samples import a_deployment, a_person, a_readiness
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace

NAMES = ("basket", "checkout", "search")
_TARGET = """\
  {name}:
    production:
      platform: {{kind: local, releases: releases/, listen: "127.0.0.1:{port}"}}
      database: none
"""
_LONG = 20.0


def target(name: str) -> Target:
    """Name a Target of the configuration."""
    return Target(service=name, environment="production")


@pytest.fixture
def warned() -> list[str]:
    """Supply where warnings are kept."""
    return []


@pytest.fixture
def workspace(tmp_path: Path, warned: list[str]) -> Iterator[Workspace]:
    """Supply a workspace with several services, none of which runs."""
    services = "".join(_TARGET.format(name=n, port=i + 1) for i, n in enumerate(NAMES))
    roles = "server: {roles: [{role: viewer, groups: [sre], services: [search]}]}\n"
    (tmp_path / "smartspec.yaml").write_text(f"services:\n{services}{roles}")
    made = open_workspace(tmp_path / "smartspec.yaml", Surroundings(warn=warned.append))
    _ = made.store
    yield made
    made.store.close()


def until(there: Callable[[], bool]) -> None:
    """Wait until something is there."""
    deadline = Deadline.after(SystemClock(), _LONG)
    while not there():
        assert not deadline.expired
        deadline.pause(0.01)


def answering(monkeypatch: pytest.MonkeyPatch, how: Callable[[Target], Readiness]) -> None:
    """Let ``how`` be what looking comes to."""
    monkeypatch.setattr(readiness, "_asked", lambda _, target: how(target))


def ready(at: Target) -> Readiness:
    """Answer for a Target that all is well, a moment ago."""
    now = SystemClock().now()
    until = now + timedelta(minutes=10)
    return replace(a_readiness(at=now), target=at, fresh_until=until, newest_id=None)


def test_each_target_is_answered_in_its_place(workspace: Workspace) -> None:
    """The answers of services are mixed up."""
    answers = look_at_all(workspace, workspace.targets)
    assert [answer.target.service for answer in answers] == list(NAMES)
    assert all(answer == workspace.store.readiness(answer.target) for answer in answers)


def test_one_that_hangs_hides_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cluster that never answers keeps the state of all services from everybody."""
    hangs = threading.Event()

    def how(at: Target) -> Readiness:
        if at.service == "checkout":
            hangs.wait(_LONG)
        return ready(at)

    answering(monkeypatch, how)
    answers = look_at_all(workspace, workspace.targets, within=0.5)
    hangs.set()
    assert [a.outcome for a in answers] == [Ready.READY, Ready.UNKNOWN, Ready.READY]
    assert answers[1].why == "nobody answered within 0.5s"


@pytest.mark.parametrize("raised", [ProviderUnavailable("down"), KeyError("secret-value")])
def test_whatever_goes_wrong_is_unknown(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    """A provider that is down, or a bug in it, ends the look at everything else."""

    def fails(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(readiness, "look", fails)
    (answer, *_) = look_at_all(workspace, workspace.targets)
    assert answer.outcome is Ready.UNKNOWN
    assert answer.why in {"down", "unexpected KeyError while looking"}


def test_a_ledger_that_cannot_keep_the_answer_still_answers(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, warned: list[str]
) -> None:
    """A full disk hides whether one could go back."""

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    answering(monkeypatch, ready)
    monkeypatch.setattr(workspace.store, "keep_readiness", full)
    assert look_at(workspace, target("search")).outcome is Ready.READY
    assert warned == ["search/production: the answer was not kept: the disk is full"]


def test_what_changed_since_the_last_answer_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody learns that a service could go back yesterday, and cannot today."""
    answering(monkeypatch, ready)
    first = look_at(workspace, target("search"))
    answering(monkeypatch, lambda at: replace(ready(at), outcome=Ready.NOT_READY))
    second = look_at(workspace, target("search"))
    assert first.changes == ()
    assert [(c.before, c.after) for c in second.changes] == [("ready", "not-ready")]
    assert second.since == second.at


def test_an_answer_about_what_is_no_longer_live_does_not_count(workspace: Workspace) -> None:
    """A page stays green for a version that was replaced a moment ago."""
    at = target("search")
    assert answer_for(workspace, at).outcome is Ready.UNKNOWN
    workspace.store.keep_readiness(ready(at))
    assert answer_for(workspace, at).outcome is Ready.READY
    now = workspace.clock.now()
    workspace.store.record_deployment(
        a_deployment("deploy-9", target=at, at=now), by=a_person("pipeline")
    )
    counted = answer_for(workspace, at)
    assert (counted.outcome, counted.why) == (
        Ready.UNKNOWN,
        "deploy-9 went live, and nobody looked since",
    )


def test_an_old_answer_does_not_count(workspace: Workspace) -> None:
    """A server whose lookout died shows yesterday's answer as today's."""
    old = ready(target("search"))
    workspace.store.keep_readiness(replace(old, fresh_until=old.at - timedelta(seconds=1)))
    assert answer_for(workspace, target("search")).outcome is Ready.UNKNOWN


def test_people_see_only_what_they_may(workspace: Workspace) -> None:
    """Whoever may see one service sees all of them."""
    runner = Runner(
        workspace, listen=lambda _: Unwatched(), tell=lambda _: None, warn=lambda _: None
    )
    operations = Operations(workspace, runner)
    viewer = Principal(person=a_person("carol"), groups=("sre",))
    stranger = Principal(person=a_person("dave"))
    machine = Principal(person=a_person("ci"), scopes=(), reach=Reach())
    assert [a.target for a in operations.readiness(viewer)] == [target("search")]
    assert operations.readiness(stranger) == operations.readiness(machine) == ()


class Looks:
    """Counts looks, and lets a test hold them."""

    def __init__(self) -> None:
        self.seen: list[Target] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, _: Workspace, at: Target) -> None:
        """Note a look."""
        self.seen.append(at)
        self.go.wait(_LONG)


def test_every_target_is_looked_at_when_a_server_starts(workspace: Workspace) -> None:
    """After a restart nobody knows anything for minutes."""
    looks = Looks()
    lookout = Lookout(workspace, look=looks)
    lookout.start()
    until(lambda: set(looks.seen) == set(workspace.targets))
    lookout.stop()
    lookout.stop()
    assert len(looks.seen) == len(NAMES)


def test_a_deployment_is_looked_at_at_once(workspace: Workspace) -> None:
    """After each deployment nobody knows for minutes whether it could be taken back."""
    looks = Looks()
    lookout = Lookout(workspace, look=looks)
    lookout.start()
    until(lambda: len(looks.seen) == len(NAMES))
    now = workspace.clock.now()
    made = a_deployment("deploy-9", target=target("checkout"), at=now)
    workspace.store.record_deployment(made, by=a_person("pipeline"))
    until(lambda: len(looks.seen) > len(NAMES))
    lookout.stop()
    assert looks.seen[len(NAMES) :] == [target("checkout")]


def test_a_deployment_during_a_look_is_looked_at_again(workspace: Workspace) -> None:
    """What was deployed while somebody looked is looked at only minutes later."""
    looks = Looks()
    looks.go.clear()
    lookout = Lookout(workspace, look=looks)
    lookout.turn()
    until(lambda: len(looks.seen) == len(NAMES))
    now = workspace.clock.now()
    made = a_deployment("deploy-9", target=target("checkout"), at=now)
    workspace.store.record_deployment(made, by=a_person("pipeline"))
    lookout.turn()
    looks.go.set()
    lookout.start()
    until(lambda: len(looks.seen) > len(NAMES))
    lookout.stop()
    assert looks.seen[len(NAMES) :] == [target("checkout")]


def test_no_more_look_at_once_than_allowed(workspace: Workspace) -> None:
    """A server with many services asks every cluster at the same moment."""
    looks = Looks()
    looks.go.clear()
    lookout = Lookout(workspace, look=looks, at_once=1)
    lookout.turn()
    lookout.turn()
    until(lambda: bool(looks.seen))
    assert len(looks.seen) == 1
    looks.go.set()
    lookout.start()
    until(lambda: set(looks.seen) == set(workspace.targets))
    lookout.stop()


def test_never_means_never(tmp_path: Path) -> None:
    """Owners said that nobody should look, and production is asked all the same."""
    text = f"services:\n{_TARGET.format(name='search', port=1)}server: {{readiness: 0s}}\n"
    (tmp_path / "smartspec.yaml").write_text(text)
    workspace = open_workspace(tmp_path / "smartspec.yaml", Surroundings())
    looks = Looks()
    lookout = Lookout(workspace, look=looks)
    lookout.start()
    lookout.stop()
    assert looks.seen == []
    assert "0s" in answer_for(workspace, target("search")).why
    workspace.store.close()
