"""Run a service's verification tests: its HTTP probes and its own commands."""

from collections.abc import Iterator

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.values import Parameter, parameters
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.smoke import SmokeResult


def run_tests(
    parts: Parts,
    plan: Plan,
    *,
    base_url: str,
    deadline: Deadline,
    extra: tuple[Parameter, ...] = (),
) -> Iterator[SmokeResult]:
    """Run every test against ``base_url``, in order, yielding each result as it comes.

    Commands learn from their environment what they test: ``SMARTSPEC_BASE_URL``,
    ``SMARTSPEC_SERVICE``, ``SMARTSPEC_ENVIRONMENT`` and ``SMARTSPEC_VERSION``.
    """
    for probe in plan.verification.probes:
        yield parts.smoke.probe(base_url, probe, deadline=deadline)
    environment = (
        *parameters(
            SMARTSPEC_BASE_URL=base_url,
            SMARTSPEC_SERVICE=plan.target.service,
            SMARTSPEC_ENVIRONMENT=plan.target.environment,
            SMARTSPEC_VERSION=plan.to.release.version,
        ),
        *extra,
    )
    for command in plan.verification.commands:
        yield parts.smoke.command(command, environment=environment, deadline=deadline)
