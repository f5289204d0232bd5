"""Which Target is meant, from what was typed. Called by the commands."""

from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import UsageError
from smartspec_rollback.wiring import Workspace


def narrowed_to(
    workspace: Workspace, service: str | None, environment: str | None
) -> Target | None:
    """Return the Target a listing is narrowed to, None where nothing was typed."""
    if service is None and environment is None:
        return None
    return meant(workspace, service, environment)


def meant(workspace: Workspace, service: str | None, environment: str | None) -> Target:
    """Return the one Target that fits what was typed; UsageError where that is not one."""
    if service is not None:
        checked_name("service", service)
    if environment is not None:
        checked_name("environment", environment)
    if service is not None and environment is not None:
        return workspace.configuration.target(service, environment).settings.target
    fitting = _fitting(workspace, service, environment)
    if len(fitting) == 1:
        return fitting[0]
    raise _unclear(workspace, "it is not clear which Target is meant")


def all_meant(
    workspace: Workspace, service: str | None, environment: str | None
) -> tuple[Target, ...]:
    """Return every Target that fits what was typed, all where nothing was; UsageError for none."""
    if service is not None and environment is not None:
        return (meant(workspace, service, environment),)
    return _fitting(workspace, service, environment)


def _fitting(
    workspace: Workspace, service: str | None, environment: str | None
) -> tuple[Target, ...]:
    fitting = tuple(
        target
        for target in workspace.targets
        if service in (None, target.service) and environment in (None, target.environment)
    )
    if not fitting:
        raise _unclear(workspace, "no Target is called that")
    return fitting


def _unclear(workspace: Workspace, what: str) -> UsageError:
    known = ", ".join(str(target) for target in workspace.targets)
    return UsageError(
        what,
        where=str(workspace.configuration.path),
        remedy=f"give --service and --environment; configured are: {known}",
    )
