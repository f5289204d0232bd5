"""What the doctor says of the places where people are asked and told."""

from pathlib import Path

import pytest

from smartspec_rollback.cli.diagnosis_channels import look
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.messenger import Messenger
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace

_FILE = """\
services:
  checkout:
    production:
      platform: {kind: local, releases: releases/}
      channel: {kind: webhook, url: {env: HOOK}}
      notify: [{kind: file, path: notices.jsonl}]
"""


class _Tried:
    """An outlet that can be tried."""

    name = place = "chat:room"

    def __init__(self, error: ProviderError | None = None) -> None:
        self._error = error

    def examine(self) -> str:
        """Say who it is, or why not."""
        if self._error is not None:
            raise self._error
        return "smartspec"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Supply a configuration with places that cannot be tried."""
    path = tmp_path / "smartspec.yaml"
    path.write_text(_FILE)
    return open_workspace(path, Surroundings())


def test_what_cannot_be_tried_is_never_called_good(workspace: Workspace) -> None:
    """A webhook that nobody ever posted to, shown as reachable, is found out in an incident."""
    (target,) = workspace.targets
    found = list(look(workspace, target))
    assert [outcome for outcome, *_ in found] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert [about.split()[-1] for _, about, *_ in found] == ["webhook", "file"]


@pytest.mark.parametrize(
    ("outlet", "outcome", "said"),
    [
        (_Tried(), Outcome.PASSED, "posts as smartspec"),
        (_Tried(ProviderError("not invited", remedy="invite it")), Outcome.BLOCKING, "not invited"),
    ],
)
def test_a_chat_is_tried(
    outlet: Messenger,
    outcome: Outcome,
    said: str,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bot that was never invited is told before it is needed."""
    monkeypatch.setattr(Workspace, "outlets", lambda *_: (outlet,))
    (target,) = workspace.targets
    first = next(iter(look(workspace, target)))
    assert (first[0], first[2]) == (outcome, said)
