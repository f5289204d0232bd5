"""Whether a view stands in for a table: the same rows, the same values, all that a table takes.

Called by ``rules.behind_views``. A view's query is told by its text, so whatever is not the
plainest form of it counts as something else.
"""

import re

from smartspec_rollback.domain.catalog import Relation
from smartspec_rollback.domain.workload import Statement

_QUERY = re.compile(r"SELECT (?P<list>.+) FROM (?P<table>\S+)(?: (?:AS )?\S+)?", re.IGNORECASE)
_ITEM = re.compile(
    r'(?:(?:"[^"]+"|\w+)\.)?(?P<column>"[^"]+"|\w+)(?: AS (?P<name>"[^"]+"|\w+))?', re.IGNORECASE
)
_TABLES_OWN = re.compile(r"\b(?:xmin|xmax|cmin|cmax|ctid|tableoid)\b", re.IGNORECASE)
_LOCKS = re.compile(
    r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b|\bFOR\s+KEY\s+SHARE\b", re.IGNORECASE
)


def differs(view: Relation, table: Relation) -> str | None:
    """Say what of a view's query may give other rows or values than ``table``; None if nothing."""
    text = " ".join((view.definition or "").replace("`", '"').split()).rstrip("; ")
    query = _QUERY.fullmatch(text)
    if query is None or "(" in text:
        return "its query does more than select columns of one table"
    for item in query["list"].split(","):
        found = _ITEM.fullmatch(item.strip())
        if found is None or found["column"].upper() == "DISTINCT":
            return f"it computes {item.strip()}"
        column = found["column"].strip('"')
        name = (found["name"] or found["column"]).strip('"')
        if name != column and table.column(name) is not None:
            return f"what it calls {name} is {column}"
    return None


def asks_a_table(statement: Statement, view: Relation) -> bool:
    """Tell whether a statement asks for what tables have and ``view`` has not."""
    locks = not view.updatable and _LOCKS.search(statement.text) is not None
    return locks or _TABLES_OWN.search(statement.text) is not None
