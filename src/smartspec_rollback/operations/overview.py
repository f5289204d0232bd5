"""What may be asked about the whole: what is live and banned, and what was written down."""

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.operations.asking import Asking
from smartspec_rollback.operations.readiness import answer_for
from smartspec_rollback.ports.store import AuditEntry, AuditFault


class ServiceState(Value):
    """What is known of a Target: what is live, what is being done, and what is banned."""

    target: Target
    live: LedgerEntry | None
    active: Rollback | None
    holds: tuple[Hold, ...]


class Overview(Asking):
    """The verbs about holds, services, readiness and the audit log."""

    def holds(self, who: Principal, target: Target | None = None) -> tuple[Hold, ...]:
        """List the holds in force that ``who`` may see, newest first."""
        found = self._store.holds(target)
        return tuple(each for each in found if self.may(who, Action.READ, each.target))

    def release_hold(self, who: Principal, hold_id: str, *, reason: str) -> Hold:
        """Lift a hold, so that its release may be deployed again."""
        checked_name("hold id", hold_id)
        why = checked_text("reason", reason)
        known = {each.id: each for each in self._store.holds()}
        if hold_id in known:
            self.require(who, Action.RELEASE_HOLD, known[hold_id].target)
        else:
            self.require(who, Action.RELEASE_HOLD, None)
        return self._store.release_hold(
            hold_id, by=who.person, reason=why, at=self.workspace.clock.now()
        )

    def services(self, who: Principal) -> tuple[ServiceState, ...]:
        """Say of each Target that ``who`` may see what is live, being done and banned."""
        return tuple(
            ServiceState(
                target=target,
                live=self._store.live(target),
                active=self._store.active(target),
                holds=self._store.holds(target),
            )
            for target in self._targets(who, Action.READ)
        )

    def readiness(self, who: Principal) -> tuple[Readiness, ...]:
        """Say of each Target that ``who`` may see whether it could be gone back on, and how fast.

        The kept answers, as they count now; looking is the ``Lookout``'s. An answer that is old,
        or about what is no longer live, is unknown.
        """
        targets = self._targets(who, Action.READ)
        return tuple(answer_for(self.workspace, target) for target in targets)

    def audit_log(self, who: Principal, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the newest entries of the audit log, newest first."""
        self.require(who, Action.AUDIT, None)
        return self._store.audit_log(limit=limit)

    def verify_audit(self, who: Principal) -> tuple[int, AuditFault | None]:
        """Check the whole chain: how many entries, and the first fault if there is one."""
        self.require(who, Action.AUDIT, None)
        return self._store.verify_audit()
