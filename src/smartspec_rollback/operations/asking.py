"""Who may ask: what every verb looks at before it does anything. The verbs derive from it."""

from collections.abc import Iterable

from smartspec_rollback.domain.access import SCOPES, Action, Principal, permits, why_not
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import Forbidden
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.wiring import Workspace


class Asking:
    """One ledger that is asked, and the rule over who may ask it for what."""

    def __init__(self, workspace: Workspace, runner: Runner) -> None:
        self.workspace = workspace
        self._runner = runner
        self._store = workspace.store

    def may(self, who: Principal, action: Action, target: Target | None) -> bool:
        """Tell whether ``who`` may do ``action``; None asks about the whole ledger."""
        return permits(self.workspace.configuration.grants, who, action, target)

    def require(self, who: Principal, action: Action, target: Target | None) -> None:
        """Raise Forbidden, and audit it, where ``who`` may not do ``action``."""
        refusal = why_not(self.workspace.configuration.grants, who, action, target)
        if refusal is None:
            return
        self._store.audit(
            actor=who.person.name,
            action="access.refused",
            subject=str(target) if target is not None else "ledger",
            detail=refusal,
            at=self.workspace.clock.now(),
        )
        raise Forbidden(refusal, remedy=_remedy(who, action))

    def target(self, service: str, environment: str) -> Target:
        """Look a Target up; UnknownName with the nearest known one."""
        checked_name("service", service)
        checked_name("environment", environment)
        return self.workspace.configuration.target(service, environment).settings.target

    def _targets(self, who: Principal, action: Action) -> Iterable[Target]:
        return (t for t in self.workspace.targets if self.may(who, action, t))

    def _located(self, deployment_id: str) -> Deployment:
        return self.workspace.locate(checked_name("deployment id", deployment_id))


def _remedy(who: Principal, action: Action) -> str:
    if not who.is_machine:
        return "ask whoever looks after `server.roles` of smartspec.yaml"
    if action in SCOPES:
        return "have a token made that does: `smartspec token create --help` lists scopes and reach"
    return "let a person do it; no machine's token may, whatever its scopes"
