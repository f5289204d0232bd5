"""What is known of an expression's value without running it: constants, and whether it can be NULL.

Used by the resolver; looks at trees only, and knows no catalog. Dividing by zero gives NULL in both
families of databases, so a quotient is never certain.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto

from sqlglot import exp

COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
_NEVER = (
    exp.Boolean, exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Uuid, exp.Rand,
    exp.Count, exp.Exists, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.RowNumber,
)  # fmt: skip
_OPAQUE_NEVER = frozenset(
    {"now", "uuid", "random", "randomblob", "unix_timestamp", "utc_timestamp"}
)
_STRICT = (exp.Add, exp.Sub, exp.Mul, exp.Concat, exp.DPipe, *COMPARISONS)


class Nullness(Enum):
    """Whether an expression is NULL: by a literal in it, never, or nobody knows."""

    WRITTEN = auto()
    NEVER = auto()
    OPEN = auto()


def is_default(node: exp.Expr) -> bool:
    """Tell whether a value is the word DEFAULT."""
    return isinstance(node, exp.Var | exp.Column | exp.Identifier) and (
        node.name.upper() == "DEFAULT" and not node.args.get("quoted")
    )


def peeled(nodes: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    """Go through the nodes whose values expressions can take, casts and lists opened."""
    for node in nodes:
        match node:
            case exp.Paren() | exp.Cast() | exp.Collate():
                yield from peeled([node.this])
            case exp.Coalesce():
                yield from peeled([node.this, *node.expressions])
            case exp.Tuple() | exp.Array():
                yield from peeled(node.expressions)
            case exp.Case() | exp.If():
                yield from peeled(_branches(node))
            case _:
                yield node


def constants(nodes: Iterable[exp.Expr]) -> Iterator[str]:
    """Go through the constants among those values, as text; NULL is none."""
    for node in peeled(nodes):
        match node:
            case exp.Literal():
                yield node.name
            case exp.Neg(this=exp.Literal() as number):
                yield f"-{number.name}"
            case exp.Boolean():
                yield "1" if node.this else "0"


def nullness(node: exp.Expr) -> Nullness:
    """Judge one expression."""
    if _never_null(node):
        return Nullness.NEVER
    return Nullness.WRITTEN if any(_results(node)) else Nullness.OPEN


def _results(node: exp.Expr) -> Iterator[bool]:
    """Tell of everything a CASE can result in whether it is NULL; COALESCE hides its NULLs."""
    match node:
        case exp.Paren() | exp.Cast():
            yield from _results(node.this)
        case exp.Case() | exp.If():
            for each in _branches(node):
                yield from _results(each)
        case _:
            yield isinstance(node, exp.Null)


def _branches(node: exp.Expr) -> list[exp.Expr]:
    """List the results of CASE or IF; a missing ELSE is NULL."""
    if isinstance(node, exp.Case):
        found = [each.args["true"] for each in node.args.get("ifs", ())]
        return [*found, node.args.get("default") or exp.Null()]
    return [node.args["true"], node.args.get("false") or exp.Null()]


def _never_null(node: exp.Expr) -> bool:
    match node:
        case exp.Literal():
            return True
        case exp.Paren() | exp.Neg() | exp.Not() | exp.Collate():
            return _never_null(node.this)
        case exp.Cast():
            return isinstance(node.this, exp.Literal) and not node.this.is_string
        case exp.Coalesce():
            return any(_never_null(each) for each in (node.this, *node.expressions))
        case exp.Case() | exp.If():
            return all(_never_null(each) for each in _branches(node))
        case exp.Anonymous():
            return node.name.lower() in _OPAQUE_NEVER
        case _ if isinstance(node, _NEVER):
            return True
        case _ if isinstance(node, _STRICT):
            return all(_never_null(each) for each in _operands(node))
    return False


def _operands(node: exp.Expr) -> list[exp.Expr]:
    sides = [node.args.get("this"), node.args.get("expression"), *node.expressions]
    return [each for each in sides if isinstance(each, exp.Expr)]
