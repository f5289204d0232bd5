"""A runner that drives only what it is told to: an agent's process is nobody else's worker."""

from datetime import timedelta

import pytest
from tests.integration.operations.conftest import Served

from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.operations import runner as runner_module
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.operations.watching import Unwatched


@pytest.mark.parametrize("takes_over", [True, False])
def test_what_nobody_drives(
    served: Served, monkeypatch: pytest.MonkeyPatch, *, takes_over: bool
) -> None:
    """An agent's process carries out what somebody else's process left behind."""
    rollback_id = served.begin()
    served.comes_to(rollback_id, Status.AWAITING_APPROVAL)
    served.opened.runner.stop()
    monkeypatch.setattr(runner_module, "_UNDISTURBED", timedelta(0))
    other = Opened(served.shops.folder / "smartspec.yaml", tell=_silent, warn=_silent)
    alone = Runner(
        other.workspace,
        listen=lambda _: Unwatched(),
        tell=_silent,
        warn=_silent,
        takes_over=takes_over,
    )
    alone.turn()
    assert alone.is_idle != takes_over
    alone.stop()
    other.workspace.store.close()


def _silent(_: str) -> None:
    """Say nothing."""
