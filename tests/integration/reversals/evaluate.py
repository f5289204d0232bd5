"""Judge every pair by the product and by the oracle, and print how they agree.

``python -m tests.integration.reversals.evaluate`` takes some minutes; ``make evaluate`` runs it.
Exits 1 where anything was called lossless of which the oracle saw a loss.
"""

import sys
from collections import Counter
from collections.abc import Sequence

from tests.integration.reversals.demands import demands
from tests.integration.reversals.moves import moves
from tests.integration.reversals.oracle import judge
from tests.integration.reversals.pairs import SCHEMA, Pair, columns_and_types
from tests.integration.reversals.traps import traps

from smartspec_rollback.domain.reversal import Reversal, ReversalVerdict
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


def main(arguments: Sequence[str]) -> int:
    """Print the table of agreement; ``arguments`` choose pairs by parts of their names."""
    counted: Counter[tuple[bool, str]] = Counter()
    wrong = []
    with Scratch(18) as server:
        for pair in every_pair():
            if arguments and not any(word in pair.name for word in arguments):
                continue
            losses, found = judge(server, pair).losses, tried(server, pair)
            counted[bool(losses), found.verdict.value] += 1
            if losses and found.verdict is ReversalVerdict.LOSSLESS:
                wrong.append(f"{pair.name}: {losses[0]}")
            seen = "loses" if losses else "keeps"
            print(f"{found.verdict.value:9} {seen:6} {pair.name}: {found.reason}", flush=True)  # noqa: T201  # it is what this prints
    for (lossy, verdict), number in sorted(counted.items()):
        print(f"{number:4} {verdict:9} where the oracle {'loses' if lossy else 'keeps'}")  # noqa: T201  # as above
    print(f"{len(wrong)} wrongly lossless", *wrong, sep="\n")  # noqa: T201  # as above
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
