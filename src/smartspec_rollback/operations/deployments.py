"""What may be asked about deployments: record, judge, mark and see them."""

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine.parts import Listener
from smartspec_rollback.operations.asking import Asking
from smartspec_rollback.wiring.recording import Recorded, Said

_CANDIDATES = 20


class Deployments(Asking):
    """The verbs about deployments."""

    def record(self, who: Principal, said: Said) -> Recorded:
        """Record a deployment, and what can be learnt about it right then."""
        self.require(who, Action.RECORD, self.target(said.service, said.environment))
        return self.workspace.record(said, by=who.person)

    def mark(
        self, who: Principal, deployment_id: str, outcome: VerdictOutcome, *, reason: str
    ) -> Verdict:
        """Record what a person or a pipeline says of a deployment's health."""
        self.require(who, Action.JUDGE, self._located(deployment_id).target)
        why = checked_text("reason", reason)
        return self.workspace.mark(deployment_id, outcome, why, by=who.person)

    def gate(self, who: Principal, deployment_id: str, listener: Listener) -> Verdict:
        """Judge a deployment and record the Verdict; takes as long as measuring does."""
        self.require(who, Action.JUDGE, self._located(deployment_id).target)
        return self.workspace.gate(deployment_id, listener, by=who.person)

    def deployment(self, who: Principal, deployment_id: str) -> tuple[LedgerEntry, Verdict | None]:
        """Look one up with its newest verdict; one that only a platform knows, too."""
        checked_name("deployment id", deployment_id)
        entry = self._store.deployment(deployment_id)
        if entry is None:
            entry = LedgerEntry(deployment=self._located(deployment_id))
        self.require(who, Action.READ, entry.deployment.target)
        return entry, self._store.newest_verdict(deployment_id)

    def deployments(
        self, who: Principal, target: Target | None = None, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List the newest that ``who`` may see, newest first."""
        found = self._store.deployments(target, limit=limit)
        return tuple(e for e in found if self.may(who, Action.READ, e.deployment.target))

    def candidates(self, who: Principal) -> tuple[LedgerEntry, ...]:
        """List what is live and may be taken back by ``who``: failed first, then the newest."""
        live = [self._store.live(t) for t in self._targets(who, Action.REQUEST)]
        found = [entry for entry in live if entry is not None]
        found.sort(key=lambda entry: entry.deployment.at, reverse=True)
        found.sort(key=self._failed, reverse=True)
        return tuple(found[:_CANDIDATES])

    def _failed(self, entry: LedgerEntry) -> bool:
        verdict = self._store.newest_verdict(entry.deployment.id)
        return verdict is not None and verdict.outcome is VerdictOutcome.FAIL
