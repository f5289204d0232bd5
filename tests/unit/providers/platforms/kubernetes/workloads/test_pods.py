"""What a pod says of itself."""

import pytest

from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import is_over, is_ready

_READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def test_what_is_told_to_end_is_not_ready() -> None:
    """Else an instance that takes no requests any more would count for the load."""
    ending = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": _READY}
    assert is_ready({"metadata": {}, "status": _READY})
    assert not is_ready(ending)


def test_without_a_word_about_it_a_pod_is_not_ready() -> None:
    """Else what has only just been made would count as standing."""
    unknown = {"conditions": [{"type": "Ready", "status": "Unknown"}]}
    assert not is_ready({"metadata": {}})
    assert not is_ready({"metadata": {}, "status": unknown})


@pytest.mark.parametrize(
    ("phase", "over"), [("Succeeded", True), ("Failed", True), ("Running", False), ("", False)]
)
def test_only_what_ended_for_good_is_over(phase: str, *, over: bool) -> None:
    """Else an evicted pod would be waited for, or a running one not be."""
    assert is_over({"status": {"phase": phase}}) is over
