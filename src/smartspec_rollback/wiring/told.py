"""What verbs tell commands, whether the ledger is at hand or behind a server.

Made by ``cli.at_hand`` and ``remote.verbs``; the commands show it.
"""

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.ports.store import AuditFault


class Answered(Value):
    """An answer that was recorded: whose, whether new, and the rollback as it stands.

    ``driven_by`` names who living carries it out, None for nobody.
    """

    person: str
    is_new: bool
    rollback: Rollback
    driven_by: str | None


class Seen(Value):
    """A deployment with its newest verdict; one that only a platform knows is not recorded."""

    entry: LedgerEntry
    is_recorded: bool
    verdict: Verdict | None


class Proof(Value):
    """What the hash chain of the audit log says; ``where`` is the ledger, for people."""

    entries: int
    fault: AuditFault | None
    newest_hash: str | None
    where: str
