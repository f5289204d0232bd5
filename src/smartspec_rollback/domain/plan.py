"""Plans: everything people see and consent to, immutable, with a digest."""

from datetime import datetime

from smartspec_rollback.domain.approval import Person, Policy
from smartspec_rollback.domain.candidate import Candidate
from smartspec_rollback.domain.finding import Finding, Override, Risk
from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value, digest


class Estimate(Value):
    """How long the steps will take, in seconds, and what that rests on."""

    seconds: float
    basis: str


class Plan(Value):
    """A rollback, decided in full before anything is done.

    ``to`` is the chosen candidate with its evidence; ``rejected`` are the newer ones passed over.
    ``fingerprint`` is the Snapshot's that the plan was made for. ``failing_now`` says what is wrong
    at this moment, None if nothing is known. ``baseline`` was measured while the target release
    was last healthy. ``stated_reason`` is what the requester said. Nothing that executing needs
    stands outside the plan.
    """

    rollback_id: str
    failed_deployment_id: str
    target: Target
    reason: str
    stated_reason: str | None = None
    from_release: Release
    to: Candidate
    rejected: tuple[Candidate, ...]
    findings: tuple[Finding, ...]
    overrides: tuple[Override, ...]
    risk: Risk
    failing_now: str | None
    prewarm: bool
    steps: tuple[Step, ...]
    verification: Verification
    objectives: tuple[Objective, ...]
    baseline: Summary | None
    policy: Policy
    estimate: Estimate | None
    fingerprint: str
    requested_by: Person
    made_at: datetime

    @property
    def digest(self) -> str:
        """Digest the whole plan; what an approval is bound to."""
        return digest(self)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that refuse this plan."""
        return tuple(f for f in self.findings if f.blocks)


SHORT = 8
"""How many hexadecimal digits of a digest name a plan, where a person types it."""

_KIND = "sha256:"


def short_digest(digest: str) -> str:
    """Return the digits that a person types to name a plan."""
    return digest.removeprefix(_KIND)[:SHORT]


def names_plan(said: str, digest: str) -> bool:
    """Tell whether what somebody typed or pressed is a plan's digest, or the beginning of it.

    Fewer than eight digits name nothing; the kind before them may be left out.
    """
    digits = said.strip().lower().removeprefix(_KIND)
    return len(digits) >= SHORT and digest.removeprefix(_KIND).startswith(digits)
