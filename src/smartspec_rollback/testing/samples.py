"""Small domain values for tests: complete, valid, and the same on every run.

Tests say only what matters to them by keyword; everything else gets a value that fits. Nothing
here reads the clock: time starts at ``NOON``.
"""

from smartspec_rollback.testing.ledger_samples import (
    BAD,
    GOOD,
    NOON,
    TARGET,
    a_capture,
    a_deployment,
    a_digest,
    a_hold,
    a_person,
    a_release,
    a_summary,
    a_verdict,
    an_objective,
    later,
)
from smartspec_rollback.testing.plan_samples import (
    a_candidate,
    a_decision,
    a_finding,
    a_plan,
    a_readiness,
    a_rollback,
    a_step,
    some_steps,
)

__all__ = [
    "BAD",
    "GOOD",
    "NOON",
    "TARGET",
    "a_candidate",
    "a_capture",
    "a_decision",
    "a_deployment",
    "a_digest",
    "a_finding",
    "a_hold",
    "a_person",
    "a_plan",
    "a_readiness",
    "a_release",
    "a_rollback",
    "a_step",
    "a_summary",
    "a_verdict",
    "an_objective",
    "later",
    "some_steps",
]
