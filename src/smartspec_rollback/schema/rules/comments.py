"""Comments that changed (row 49): the one change nobody runs into.

Called by ``compare``.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import found


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Report tables whose comment, or a column's, is another one: safe, whoever uses them."""
    for pair in case.matching.matches:
        changed = [old.name for old, new in pair.columns.kept if old.comment != new.comment]
        if pair.old.comment == pair.new.comment and not changed:
            continue
        which = f" (columns {', '.join(changed)})" if changed else ""
        yield found(
            49,
            SchemaVerdict.SAFE,
            pair.old.qualified,
            f"A comment of {pair.old.qualified}{which} was changed.",
        )
