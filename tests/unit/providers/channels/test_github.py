"""The channel github: statuses on the right deployments, each once, within the API's rules."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.unit.providers.channels.github_stub import TOKEN, Github, github
from tests.unit.providers.channels.told import Kept, a_post, a_report

from smartspec_rollback.domain.report import Commits, Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.messenger import Form, Messenger
from smartspec_rollback.providers.channels.github import GithubMessenger, GithubSettings

PAGE = "https://rollback.example.org/rollbacks/rb-1"
GOOD, BAD = "a" * 40, "b" * 40


@pytest.fixture
def hub() -> Iterator[Github]:
    """Supply GitHub, and see that its rules were kept."""
    with github() as hub:
        yield hub
        assert not hub.faults


def messenger(hub: Github, token: str = TOKEN, **more: Any) -> GithubMessenger:
    """Make one, as a new process would."""
    settings = {"repository": "example/checkout", "api": hub.url, **more}
    return GithubMessenger(GithubSettings(token=Kept(token, "GITHUB_TOKEN"), **settings))


def built_from(told: Report, *, target: str | None = GOOD, failed: str | None = BAD) -> Report:
    """Say what both releases were built from."""
    return msgspec.structs.replace(told, commits=Commits(failed=failed, target=target))


def tell(made: Messenger, status: Status, part: str = "progress", **commits: Any) -> None:
    """Tell how a rollback stands."""
    told = built_from(a_report(status), **commits)
    made.send(a_post(part, status, told=told, link=PAGE), thread="")


def test_story_of_a_rollback(hub: Github) -> None:
    """GitHub shows the bad version as deployed long after it was taken back."""
    good, bad = hub.deploy("v1.2.0", GOOD), hub.deploy("v1.2.1", BAD)
    made: Messenger = messenger(hub)
    assert made.form is Form.FACTS
    tell(made, Status.AWAITING_APPROVAL, "plan")
    assert hub.states(good) == hub.states(bad) == []
    tell(made, Status.EXECUTING)
    tell(made, Status.VERIFYING)
    assert hub.states(good) == ["in_progress"]
    tell(made, Status.SUCCEEDED, "report")
    assert hub.states(good) == ["in_progress", "success"]
    assert hub.states(bad) == ["inactive"]
    assert hub.statuses[good][0]["description"] == "rb-1: rolled back to this, verified"
    assert hub.statuses[good][0]["log_url"] == PAGE


@pytest.mark.parametrize(
    ("status", "good_states", "bad_states"),
    [
        (Status.UNSTABLE, ["failure"], ["inactive"]),
        (Status.UNKNOWN, ["error"], []),
        (Status.INTERRUPTED, ["error"], []),
        (Status.ABANDONED, ["error"], []),
        *(
            (status, [], [])
            for status in (Status.DENIED, Status.EXPIRED, Status.DRY_RUN, Status.REFUSED)
        ),
    ],
)
def test_every_end(
    hub: Github, status: Status, good_states: list[str], bad_states: list[str]
) -> None:
    """GitHub says that a version is live though nobody knows, or that something changed."""
    good, bad = hub.deploy("v1.2.0", GOOD), hub.deploy("v1.2.1", BAD)
    tell(messenger(hub), status, "report")
    assert hub.states(good) == good_states
    assert hub.states(bad) == bad_states


def test_what_changed_nothing_is_taken_back(hub: Github) -> None:
    """A deployment stays in progress for ever after a rollback that was refused at last."""
    good, _ = hub.deploy("v1.2.0", GOOD), hub.deploy("v1.2.1", BAD)
    tell(messenger(hub), Status.STALE, "report")
    assert hub.states(good) == []
    tell(messenger(hub), Status.EXECUTING)
    tell(messenger(hub), Status.STALE, "report")
    assert hub.states(good) == ["in_progress", "inactive"]


def test_going_on_is_told_anew(hub: Github) -> None:
    """A rollback that somebody resumed stays an error."""
    good = hub.deploy("v1.2.0", GOOD)
    made = messenger(hub)
    for status in (Status.EXECUTING, Status.INTERRUPTED, Status.EXECUTING, Status.UNSTABLE):
        tell(made, status)
    assert hub.states(good) == ["in_progress", "error", "in_progress", "failure"]


def test_repeated_delivery_adds_nothing(hub: Github) -> None:
    """After a crash the same status stands there twice."""
    good, bad = hub.deploy("v1.2.0", GOOD), hub.deploy("v1.2.1", BAD)
    for _ in range(3):
        tell(messenger(hub), Status.SUCCEEDED, "report")
    assert hub.states(good) == ["success"]
    assert hub.states(bad) == ["inactive"]


def test_lost_answer_adds_nothing(hub: Github) -> None:
    """A status that arrived though nobody was told so is added again."""
    good, bad = hub.deploy("v1.2.0", GOOD), hub.deploy("v1.2.1", BAD)
    made = messenger(hub)
    hub.lost.append(True)
    with pytest.raises(ProviderUnavailable):
        tell(made, Status.SUCCEEDED, "report")
    tell(made, Status.SUCCEEDED, "report")
    assert hub.states(good) == ["success"]
    assert hub.states(bad) == ["inactive"]


def test_edits_ask_nothing_anew(hub: Github) -> None:
    """Every line of progress costs requests, until GitHub limits them."""
    hub.deploy("v1.2.0", GOOD)
    made = messenger(hub)
    tell(made, Status.EXECUTING)
    before = len(hub.calls)
    post = a_post("progress", Status.EXECUTING, told=built_from(a_report(Status.EXECUTING)))
    for _ in range(10):
        made.edit("rb-1/progress", post)
    assert len(hub.calls) == before


@pytest.mark.parametrize(
    ("commit", "matches"),
    [
        (GOOD, True),
        (GOOD[:7], True),
        (None, True),  # then the version decides
        ("c" * 40, False),
        ("c" * 7, False),
    ],
)
def test_commit_decides(hub: Github, commit: str | None, matches: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """A tag that was moved puts the status on another commit's deployment."""
    good = hub.deploy("v1.2.0", GOOD)
    tell(messenger(hub), Status.SUCCEEDED, "report", target=commit)
    assert hub.states(good) == (["success"] if matches else [])


def test_commit_is_found_behind_a_branch(hub: Github) -> None:
    """Who deploys from a branch gets no statuses, since no ref is called like the version."""
    older, good = hub.deploy("main", GOOD), hub.deploy("main", GOOD)
    other = hub.deploy("main", "c" * 40)
    tell(messenger(hub), Status.SUCCEEDED, "report")
    assert hub.states(good) == ["success"]
    assert hub.states(older) == hub.states(other) == []


def test_other_environments_and_tasks_are_left_alone(hub: Github) -> None:
    """A rollback in production marks the deployment to staging."""
    staging = hub.deploy("v1.2.0", GOOD, "staging")
    other = hub.deploy("v1.2.0", GOOD, "prod", task="deploy:search")
    good = hub.deploy("v1.2.0", GOOD, "prod", task="deploy:checkout")
    made = messenger(hub, environment="prod", task="deploy:checkout")
    tell(made, Status.SUCCEEDED, "report")
    assert hub.states(good) == ["success"]
    assert hub.states(staging) == hub.states(other) == []
    assert made.place != messenger(hub).place


def test_nothing_to_tell_is_no_trouble(hub: Github) -> None:
    """A service that GitHub does not deploy is an outage."""
    tell(messenger(hub), Status.SUCCEEDED, "report")
    assert not any(call.startswith("POST") for call in hub.calls)


@pytest.mark.parametrize(("status", "passing"), [(500, True), (429, True), (403, False)])
def test_failure_is_said_without_the_token(hub: Github, status: int, *, passing: bool) -> None:
    """A token stands in a log; or an outage is taken for good."""
    good = hub.deploy("v1.2.0", GOOD)
    made = messenger(hub)
    hub.failing.append(status)
    with pytest.raises(ProviderError) as caught:
        tell(made, Status.SUCCEEDED, "report")
    assert isinstance(caught.value, ProviderUnavailable) == passing
    assert TOKEN not in f"{caught.value} {made!r} {made.place}"
    tell(made, Status.SUCCEEDED, "report")
    assert hub.states(good) == ["success"]


def test_wrong_token_is_said(hub: Github) -> None:
    """Nobody learns why GitHub shows nothing."""
    hub.deploy("v1.2.0", GOOD)
    with pytest.raises(ProviderError) as caught:
        tell(messenger(hub, token="WR0NG"), Status.SUCCEEDED, "report")
    assert "401" in caught.value.what
    assert "WR0NG" not in str(caught.value)


def test_hostile_names_stay_in_their_parameter(hub: Github) -> None:
    """A version that is written like a query asks for something else."""
    told = a_report(Status.SUCCEEDED)
    rollback = msgspec.structs.replace(told.rollback, to_version="v1&environment=staging#/../x")
    told = msgspec.structs.replace(told, rollback=rollback)
    messenger(hub).send(a_post("report", Status.SUCCEEDED, told=told), thread="")
    assert all(call.startswith("GET deployments?environment=production&") for call in hub.calls)
