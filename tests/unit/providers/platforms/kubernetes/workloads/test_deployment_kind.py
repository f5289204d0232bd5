from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.providers.platforms.kubernetes.workloads.deployment import DeploymentKind

DEPLOYMENT = DeploymentKind()

_COUNT = st.integers(0, 4)
_STATUS = st.fixed_dictionaries(
    {
        "observedGeneration": st.integers(1, 3),
        "replicas": _COUNT,
        "updatedReplicas": _COUNT,
        "availableReplicas": _COUNT,
    }
)


def _deployment(status: dict[str, Any], *, replicas: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": replicas},
        "status": status,
    }


def _exceeded(at: str) -> dict[str, Any]:
    return {
        "conditions": [
            {
                "type": "Progressing",
                "status": "False",
                "reason": "ProgressDeadlineExceeded",
                "lastUpdateTime": at,
                "lastTransitionTime": at,
            }
        ]
    }


@given(status=_STATUS, replicas=_COUNT)
def test_done_means_what_kubectl_means(status: dict[str, int], replicas: int) -> None:
    """Traffic counts as switched while pods of another version serve, or too few do."""
    said = DEPLOYMENT.converged(_deployment(status, replicas=replicas), None, before="")
    done = (
        status["observedGeneration"] >= 2
        and status["updatedReplicas"] >= replicas
        and status["replicas"] <= status["updatedReplicas"]
        and status["availableReplicas"] >= status["updatedReplicas"]
    )
    assert (said.state is ProgressState.DONE) == done
    assert said.state is not ProgressState.FAILED


@given(status=_STATUS)
def test_failure_of_before_is_not_ours(status: dict[str, Any]) -> None:
    """The failed rollout's own exceeded deadline is read as a failure of the rollback."""
    workload = _deployment({**status, **_exceeded("2026-01-01T00:00:00Z")})
    before = DEPLOYMENT.progress_mark(workload)
    assert DEPLOYMENT.converged(workload, None, before=before).state is not ProgressState.FAILED
    later = _deployment({**status, **_exceeded("2026-01-01T00:10:00Z")})
    seen = DEPLOYMENT.converged(later, None, before=before).state
    observed = status["observedGeneration"] >= 2
    assert (seen is ProgressState.FAILED) == observed


def test_nothing_is_taken_for_done() -> None:
    """An object without a status, as one just made, counts as rolled out."""
    assert DEPLOYMENT.converged({"metadata": {"generation": 1}}, None, before="").state is (
        ProgressState.PENDING
    )
    assert DEPLOYMENT.wanted({}) == 1
    assert DEPLOYMENT.progress_mark({}) == ""
