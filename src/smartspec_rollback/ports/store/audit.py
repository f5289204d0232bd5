"""The part of the ledger that shows who did what: the audit log."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.ports.store.values import AuditEntry, AuditFault


class KeepsAudit(Protocol):
    """The audit log, append-only and hash-chained."""

    def audit(self, *, actor: str, action: str, subject: str, detail: str, at: datetime) -> None:
        """Add an entry for something that changes no other table."""
        ...

    def audit_log(self, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the newest entries, newest first."""
        ...

    def audit_since(self, seq: int, /, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the entries with numbers above ``seq``, oldest first."""
        ...

    def verify_audit(self) -> tuple[int, AuditFault | None]:
        """Check the whole chain: how many entries, and the first fault if there is one."""
        ...
