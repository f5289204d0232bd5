"""Say why a statement that compiles may do something else, or fail, on the schema as it is now.

Used by the trials of MySQL and SQLite. Both compile some statements that they refuse when they are
run, and some that then do something else: for those, compiling tells nothing.
"""

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.providers.databases.dialects.names import unique_keys


def of(statement: Statement, now: Catalog) -> str | None:
    """Return the doubt, None without one; ``now`` is the schema it was compiled on."""
    for use in statement.uses or ():
        if (doubt := _computed(use, now) or _keyless(use, now)) is not None:
            return doubt
    return None


def _computed(use: Use, now: Catalog) -> str | None:
    """MySQL compiles an INSERT into a computed column, and refuses it when it is run."""
    relation = now.relation(use.relation)
    for column in relation.columns if relation is not None else ():
        given = use.inserts and (use.inserted is None or column.name in use.inserted)
        if column.generated is not None and (given or column.name in use.updated):
            return f"it writes {column.name}, which is computed: compiling it tells nothing"
    return None


def _keyless(use: Use, now: Catalog) -> str | None:
    """REPLACE and ON DUPLICATE KEY compile without the key that tells rows apart, and insert."""
    relation = now.relation(use.relation)
    if use.arbiter is None or relation is None or "(…)" in use.arbiter:
        return None
    if any(set(key) == set(use.arbiter) for key in unique_keys(relation)):
        return None
    names = ", ".join(use.arbiter)
    return f"no key keeps {names} apart any more, and it relies on one: compiling it tells nothing"
