"""All the pairs there are, and what the product says of one.

Used by the tests beside it, which take some, and by ``evaluation/reversals.py``, which takes all.
"""

from tests.integration.reversals.demands import demands
from tests.integration.reversals.moves import moves
from tests.integration.reversals.pairs import SCHEMA, Pair, columns_and_types
from tests.integration.reversals.traps import traps

from smartspec_rollback.domain.reversal import Reversal
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.reversing.reversal import reverse
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock


def every_pair() -> tuple[Pair, ...]:
    """Give all pairs there are."""
    return (*columns_and_types(), *moves(), *demands(), *traps())


def tried(server: Scratch, pair: Pair) -> Reversal:
    """Let the product try a pair with writes it makes up."""
    return reverse(
        server,
        before=SCHEMA,
        up=(("up.sql", pair.up),),
        down=(("down.sql", pair.down),),
        deadline=Deadline.after(SystemClock(), 120),
    )
