"""The verbs: what may be asked for, by whom, and what it does. One place for every way in.

Called by ``server``, ``desk`` and whatever else speaks for other people. Each verb first asks
whether who asks may do that to that Target; a refusal is audited and raises Forbidden. Then the
same engine is called as by the commands. The verbs live in ``rollbacks``, ``deployments``,
``overview`` and ``tokens``; this is their one face.
"""

from smartspec_rollback.operations.deployments import Deployments
from smartspec_rollback.operations.overview import Overview, ServiceState
from smartspec_rollback.operations.rollbacks import Given, ProofTooOld, Rollbacks
from smartspec_rollback.operations.tokens import Tokens

__all__ = ["Given", "Operations", "ProofTooOld", "ServiceState"]


class Operations(Rollbacks, Deployments, Overview, Tokens):
    """Everything that may be asked of one ledger; safe to use from any thread."""
