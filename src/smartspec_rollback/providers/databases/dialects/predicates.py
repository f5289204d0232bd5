"""Which SQL expressions out of a recorded catalog may be evaluated on a live database.

Used by the providers' probes. A recorded snapshot is a file that somebody may have altered, so an
expression of it is never trusted: it has to parse as exactly one expression over columns, without
subqueries, variables or parameters, and may call only functions that are known to have no effects.
"""

from sqlglot import exp

from smartspec_rollback.providers.databases.dialects.parsing import parse
from smartspec_rollback.providers.databases.dialects.placeholders import outside

_LONGEST = 20_000
_NO_EXPRESSION = "the recorded text is not one SQL expression"
_UNWANTED: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Query, "a subquery"),
    (exp.Subquery, "a subquery"),
    (exp.Placeholder, "a parameter"),
    (exp.Parameter, "a variable"),
    (exp.SessionParameter, "a variable"),
    (exp.PropertyEQ, "an assignment"),
    (exp.Star, "a *"),
    (exp.AggFunc, "an aggregate"),
    (exp.Window, "a window"),
)
_HARMLESS = frozenset(
    {
        "json_valid", "char_length", "character_length", "octet_length", "typeof", "glob",
        "regexp_like", "instr", "locate", "now", "date_format", "strftime", "julianday", "ifnull",
        "truncate", "mod", "sign", "crc32", "inet6_aton", "is_uuid", "bit_count", "isnull",
    }
)  # fmt: skip
"""Functions the parser has no class of its own for. What it has one for is built in."""


def refused(text: str, dialect: str) -> str | None:
    """Say why an expression may not be evaluated; None if it may."""
    if len(text) > _LONGEST or ";" in outside(text, dialect):
        return _NO_EXPRESSION
    parsed = parse(f"SELECT {text}\n", dialect)
    tree = parsed.trees[0] if len(parsed.trees) == 1 else None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return _NO_EXPRESSION
    others = [k for k, v in tree.args.items() if v and k != "expressions"]
    expression = tree.expressions[0]
    if others or isinstance(expression, exp.Alias):
        return _NO_EXPRESSION
    return _unwanted(expression)


def _unwanted(expression: exp.Expr) -> str | None:
    for node in expression.walk():
        for kind, what in _UNWANTED:
            if isinstance(node, kind):
                return f"the recorded expression holds {what}"
        if isinstance(node, exp.Dot):
            return "the recorded expression names something in another schema"
        if isinstance(node, exp.Anonymous) and node.name.lower() not in _HARMLESS:
            called = node.name[:63]
            return f"the recorded expression calls {called!r}, which is not known here"
    return None
