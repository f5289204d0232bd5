"""What is known of an expression's value without running it: constants, and whether it can be NULL.

Used by the other modules of this package; looks at trees only, and knows no catalog.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings

_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_COMPARING = frozenset(
    {
        "AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT",
        "AEXPR_IN", "AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN",
    }
)  # fmt: skip
_STRICT = frozenset({"+", "-", "*", "/", "%", "||", *_COMPARISONS})
_NEVER_NULL = frozenset(
    {
        "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday",
        "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v4", "nextval",
        "random", "count", "row_number", "rank", "dense_rank", "pg_current_xact_id",
        "txid_current", "jsonb_build_object", "json_build_object", "jsonb_build_array",
        "json_build_array",
    }
)  # fmt: skip
_MAY_BE_NULL_VALUES = frozenset({"SVFOP_CURRENT_SCHEMA", "SVFOP_CURRENT_CATALOG"})


class Nullness(Enum):
    """Whether an expression is NULL: by a literal in it, never, or nobody knows."""

    WRITTEN = auto()
    NEVER = auto()
    OPEN = auto()


def compared(node: Tree) -> bool:
    """Tell whether an A_Expr compares its sides with each other."""
    operator = strings(node["name"])[-1] if "name" in node else ""
    return node["kind"] in _COMPARING and (node["kind"] != "AEXPR_OP" or operator in _COMPARISONS)


def peeled(value: Any) -> Iterator[Tree]:
    """Go through the nodes whose values an expression can take, casts and lists opened."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from peeled(each)
    elif isinstance(value, dict):
        for kind, inside in value.items():
            match kind:
                case "TypeCast" | "CollateClause":
                    yield from peeled(inside["arg"])
                case "CoalesceExpr":
                    yield from peeled(inside["args"])
                case "List":
                    yield from peeled(inside.get("items"))
                case "A_ArrayExpr":
                    yield from peeled(inside.get("elements"))
                case "CaseExpr":
                    yield from peeled([w["CaseWhen"]["result"] for w in inside["args"]])
                    yield from peeled(inside.get("defresult"))
                case _:
                    yield {kind: inside}


def constants(value: Any) -> Iterator[str]:
    """Go through the constants among those values, as text; NULL is none."""
    for node in peeled(value):
        constant = node.get("A_Const")
        if constant is None or constant.get("isnull"):
            continue
        if "sval" in constant:
            yield constant["sval"].get("sval", "")
        elif "ival" in constant:
            yield str(constant["ival"].get("ival", 0))
        elif "fval" in constant:
            yield constant["fval"].get("fval", "0")
        elif "boolval" in constant:
            yield "true" if constant["boolval"].get("boolval") else "false"


def nullness(node: Tree) -> Nullness:
    """Judge one expression."""
    if _never_null(node):
        return Nullness.NEVER
    written = any(each.get("A_Const", {}).get("isnull") for each in _results(node))
    return Nullness.WRITTEN if written else Nullness.OPEN


def _results(node: Tree) -> Iterator[Tree]:
    """Go through what a cast or a CASE can result in; COALESCE hides its NULLs."""
    match _only(node):
        case "TypeCast", inside:
            yield from _results(inside["arg"])
        case "CaseExpr", inside:
            for each in inside["args"]:
                yield from _results(each["CaseWhen"]["result"])
            yield from _results(inside.get("defresult", {}))
        case _:
            yield node


def _only(node: Tree) -> tuple[str, Any]:
    return next(iter(node.items()), ("", {}))


def _never_null(node: Tree) -> bool:
    match _only(node):
        case "A_Const", inside:
            return not inside.get("isnull")
        case (("TypeCast" | "CollateClause"), inside):
            return _never_null(inside["arg"])
        case (("CoalesceExpr" | "MinMaxExpr"), inside):
            return any(_never_null(each) for each in inside["args"])
        case "BoolExpr", inside:
            return all(_never_null(each) for each in inside["args"])
        case "CaseExpr", inside:
            results = [each["CaseWhen"]["result"] for each in inside["args"]]
            return all(_never_null(each) for each in (*results, inside.get("defresult", {})))
        case "A_Expr", inside:
            return _never_null_operator(inside)
        case kind, inside:
            return _never_null_by_kind(kind, inside)


def _never_null_by_kind(kind: str, inside: Any) -> bool:
    match kind:
        case "FuncCall":
            return strings(inside["funcname"])[-1] in _NEVER_NULL
        case "SQLValueFunction":
            return inside["op"] not in _MAY_BE_NULL_VALUES
        case "SubLink":
            return inside["subLinkType"] in ("EXISTS_SUBLINK", "ARRAY_SUBLINK")
    return kind in ("NullTest", "BooleanTest", "A_ArrayExpr", "RowExpr")


def _never_null_operator(node: Tree) -> bool:
    if node["kind"] in ("AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"):
        return True
    operator = strings(node["name"])[-1]
    sides = [node[side] for side in ("lexpr", "rexpr") if side in node]
    return (
        node["kind"] == "AEXPR_OP"
        and operator in _STRICT
        and all(_never_null(each) for each in sides)
    )
