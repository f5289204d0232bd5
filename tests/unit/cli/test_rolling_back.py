"""What was typed becomes a request, checked."""

import pytest

from smartspec_rollback.cli.rolling_back import Asked, _checked
from smartspec_rollback.errors import UsageError


def _asked(**said: object) -> Asked:
    given: dict[str, object] = {
        "failed_deployment_ids": ("deploy-12345",),
        "target_version": None,
        "auto_approve": False,
        "dry_run": False,
        "override": None,
        "reason": None,
        "break_glass": None,
        **said,
    }
    return Asked(**given)  # type: ignore[arg-type] # the test's own keywords


def test_reasons() -> None:
    """If this failed, the reason for breaking the glass would not be recorded."""
    assert _checked(_asked()).reason is None
    assert _checked(_asked(reason=" slow  pages ")).reason == "slow pages"
    request = _checked(_asked(break_glass="the ledger's disk died", reason="slow pages"))
    assert request.break_glass
    assert request.reason == "the ledger's disk died; slow pages"


@pytest.mark.parametrize(
    "said",
    [
        {"failed_deployment_ids": ("../x",)},
        {"target_version": "v1 v2"},
        {"override": "still-live"},
        {"override": "a b", "reason": "why"},
        {"reason": ""},
        {"break_glass": "\x1b[2J"},
    ],
)
def test_bad_requests(said: dict[str, object]) -> None:
    """If this failed, hostile text would reach the engine."""
    with pytest.raises(UsageError):
        _checked(_asked(**said))
