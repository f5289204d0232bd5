"""What commands do with a ledger, done by a server: the same verbs as those of a ledger at hand.

Made by ``cli.reaching`` where a server is named. The token says who asks, so whoever sits at this
terminal answers as that person; a machine's token is never asked. The verbs live in ``rollbacks``
and ``records``; this is their one face.
"""

from smartspec_rollback.remote.records import Records
from smartspec_rollback.remote.rollbacks import Rollbacks


class RemoteVerbs(Rollbacks, Records):
    """The verbs of the ledger behind one server; implements ``cli.verbs.Verbs``."""
