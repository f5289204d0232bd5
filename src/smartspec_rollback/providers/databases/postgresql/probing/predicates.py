"""Which SQL expressions out of a recorded catalog may be evaluated on a live database.

Used by ``probes``. A recorded snapshot is a file that somebody may have altered, so an expression
of it is never trusted: it has to parse, by the server's own grammar, as exactly one expression over
the columns of its table, without subqueries, and may call only functions that the live server
itself declares to have no effects (immutable or stable).
"""

from collections.abc import Iterator
from typing import Any

from smartspec_rollback.providers.databases.postgresql.connection import Connection
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, parse
from smartspec_rollback.providers.sql_text import tokens

_LONGEST = 20_000
_UNWANTED = {
    "SubLink": "a subquery",
    "ParamRef": "a parameter",
    "SetToDefault": "DEFAULT",
    "CurrentOfExpr": "CURRENT OF",
    "A_Star": "a *",
}
_NO_EXPRESSION = "the recorded text is not one SQL expression"
_VOLATILITY = """
SELECT proname::text FROM pg_catalog.pg_proc
WHERE proname = ANY(%s) AND (provolatile = ANY(%s) OR prokind <> 'f')
UNION ALL
SELECT name FROM unnest(%s::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = name)
"""


def refused(connection: Connection, text: str, *, immutable: bool = False) -> str | None:
    """Say why an expression may not be evaluated; None if it may.

    ``immutable``: it also has to give the same value always (for defaults that rows are compared
    with).
    """
    if len(text) > _LONGEST or ";" in _outside_quotes(text):
        return _NO_EXPRESSION
    trees = parse(f"SELECT {text}\n").trees
    expression = _expression(trees[0]) if len(trees) == 1 else None
    if expression is None:
        return _NO_EXPRESSION
    called: set[str] = set()
    for kind, node in nodes(expression):
        if kind in _UNWANTED:
            return f"the recorded expression holds {_UNWANTED[kind]}"
        if kind == "SQLValueFunction" and immutable:
            return "the recorded expression depends on the moment"
        if kind == "FuncCall":
            called.add(str(node["funcname"][-1]["String"]["sval"]))
    return _refused_calls(connection, called, immutable=immutable)


def nodes(tree: Any) -> Iterator[tuple[str, Tree]]:
    """Give every node of a parser's tree with its kind, without recursion."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, dict):
            for kind, inside in each.items():
                if kind[:1].isupper() and isinstance(inside, dict):
                    yield kind, inside
                waiting.append(inside)


def _expression(tree: Tree) -> Tree | None:
    """Return the expression of ``SELECT expression``; None where anything else stands there."""
    select = tree.get("SelectStmt")
    if select is None or set(select) != {"targetList", "limitOption", "op"}:
        return None
    if len(select["targetList"]) != 1 or select["op"] != "SETOP_NONE":
        return None
    target: Tree = select["targetList"][0]["ResTarget"]
    value: Tree | None = target.get("val")
    return None if "name" in target or "indirection" in target else value


def _outside_quotes(text: str) -> str:
    return "".join(text[t.start : t.end] for t in tokens(text) if t.kind == "other")


def _refused_calls(connection: Connection, called: set[str], *, immutable: bool) -> str | None:
    """Ask the server for the volatility of every function of these names, in any schema."""
    if not called:
        return None
    names = sorted(called)
    bad = ["v", "s"] if immutable else ["v"]
    row = connection.execute(_VOLATILITY, (names, bad, names)).fetchone()
    if row is None:
        return None
    return f"the recorded expression calls {str(row[0])[:63]!r}, which is not free of effects here"
