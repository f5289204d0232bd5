"""Read migrations statically: what can depend on values that no test happens to write.

Used by ``reversal``. Executing a migration shows what happens to the rows there are; a statement
with a condition or a constant may do something else to other rows. Such a statement is never called
lossless because a test came out well. Nothing is executed here, and a text that cannot be parsed
is taken for the worst.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.providers.databases.postgresql.parsing import Tree, parse
from smartspec_rollback.providers.databases.postgresql.probing.predicates import nodes
from smartspec_rollback.providers.databases.postgresql.reversing.script import Command

_ALWAYS = {
    "DeleteStmt": "it deletes rows",
    "TruncateStmt": "it deletes rows",
    "MergeStmt": "it changes rows depending on their values",
    "DoStmt": "it is a program",
    "CallStmt": "it calls a program",
    "CopyStmt": "it copies rows",
    "ExecuteStmt": "it executes a prepared statement",
}
_FREE = frozenset(
    [
        "ColumnRef",
        "RangeVar",
        "JoinExpr",
        "NullTest",
        "BoolExpr",
        "TypeCast",
        "TypeName",
        "ResTarget",
        "Alias",
        "String",
        "SelectStmt",
        "InsertStmt",
        "UpdateStmt",
        "CreateTableAsStmt",
        "IntoClause",
        "A_Expr",
        "A_Star",
        "RawStmt",
        "Integer",
        "ParamRef",
        "List",
    ]
)
_HARMLESS_CALLS = frozenset({"set_config", "setval", "pg_advisory_lock", "pg_advisory_unlock"})
_CASTS_ONLY = frozenset(["ColumnRef", "TypeCast", "TypeName", "String", "Integer"])


@dataclass(frozen=True, slots=True)
class DataStatement:
    """A statement that moves or changes rows.

    ``doubt`` says why what it does can depend on values, None where it treats all rows alike.
    ``target`` is the table an UPDATE sets ``columns`` of (its bare name), None for any other
    statement. ``adds``: it only adds rows or tables.
    """

    command: Command
    doubt: str | None
    target: str | None = None
    columns: tuple[str, ...] = ()
    adds: bool = False


@dataclass(frozen=True)
class Reading:
    """What a script does to rows.

    ``retypes`` are statements that compute values by USING. ``reacts``: it makes triggers or rules.
    """

    data: tuple[DataStatement, ...]
    retypes: tuple[DataStatement, ...] = ()
    reacts: bool = False


def read(commands: Iterable[Command]) -> Reading:
    """Read every statement of a script."""
    data: list[DataStatement] = []
    retypes: list[DataStatement] = []
    reacts = False
    for command in commands:
        parsed = parse(command.text)
        if parsed.problem is not None and not _is_trivial(command.text):
            data.append(DataStatement(command, "it cannot be read"))
        for tree in parsed.trees:
            for kind, node in tree.items():
                reacts |= kind in ("CreateTrigStmt", "RuleStmt")
                if (found := _statement(command, kind, node)) is not None:
                    data.append(found)
                elif kind == "AlterTableStmt":
                    retypes += _retyped(command, node)
    return Reading(tuple(data), tuple(retypes), reacts)


def _is_trivial(text: str) -> bool:
    return re.fullmatch(r"\s*", text) is not None


def _statement(command: Command, kind: str, node: Tree) -> DataStatement | None:
    if kind in _ALWAYS:
        return DataStatement(command, _ALWAYS[kind])
    if kind == "SelectStmt":
        names = {_called(each) for what, each in nodes(node) if what == "FuncCall"}
        writes = any(what in ("InsertStmt", "UpdateStmt", *_ALWAYS) for what, _ in nodes(node))
        if "intoClause" in node:
            return DataStatement(command, _doubt(node), adds=True)
        return (
            DataStatement(command, "it calls a function")
            if writes or names - _HARMLESS_CALLS
            else None
        )
    if kind == "CreateTableAsStmt":
        return DataStatement(command, _doubt(node), adds=True)
    if kind == "InsertStmt":
        conflict = "it settles conflicts between rows" if "onConflictClause" in node else None
        return DataStatement(command, conflict or _doubt(node), adds=conflict is None)
    if kind == "UpdateStmt":
        columns = tuple(
            str(each["ResTarget"].get("name", "")) for each in node.get("targetList", [])
        )
        bare = "ColumnRef" in node.get("whereClause", {})
        doubt = "what it does depends on values" if bare else _doubt(node)
        return DataStatement(
            command, doubt, target=str(node["relation"]["relname"]), columns=columns
        )
    return None


def _doubt(node: Tree) -> str | None:
    """Say why a statement may treat rows differently; None where it cannot."""
    for kind, inside in nodes(node):
        if kind not in _FREE:
            return "what it does depends on values"
        if kind == "A_Expr" and not _is_join(inside):
            return "what it does depends on values"
        if kind == "BoolExpr" and not _is_plain(inside):
            return "what it does depends on values"
        if kind == "SelectStmt" and inside.keys() & _SHAPES:
            return "it puts rows together"
        if kind in ("UpdateStmt", "InsertStmt") and inside is not node:
            return "it writes in more than one place"
    return None


_SHAPES = frozenset(
    [
        "distinctClause",
        "groupClause",
        "havingClause",
        "limitCount",
        "limitOffset",
        "windowClause",
        "larg",
    ]
)


def _is_join(expression: Tree) -> bool:
    """Whether it only says that two columns are equal."""
    names = [part["String"]["sval"] for part in expression.get("name", []) if "String" in part]
    sides = (expression.get("lexpr", {}), expression.get("rexpr", {}))
    return names == ["="] and all("ColumnRef" in side for side in sides)


def _is_plain(condition: Tree) -> bool:
    """Whether it is joins AND at most one test for NULL: combinations of values are not tried."""
    others = [each for each in condition.get("args", []) if "A_Expr" not in each]
    return condition.get("boolop") == "AND_EXPR" and (
        not others or (len(others) == 1 and "NullTest" in others[0])
    )


def _called(call: Tree) -> str:
    return str(call["funcname"][-1]["String"]["sval"])


def _retyped(command: Command, node: Tree) -> list[DataStatement]:
    """Find ALTER COLUMN … TYPE … USING with anything but casts in it."""
    found = []
    for each in node.get("cmds", []):
        change: Any = each.get("AlterTableCmd", {})
        using = change.get("def", {}).get("ColumnDef", {}).get("raw_default")
        if change.get("subtype") != "AT_AlterColumnType" or using is None:
            continue
        if any(kind not in _CASTS_ONLY for kind, _ in nodes(using)):
            found.append(
                DataStatement(
                    command,
                    "how it computes values was not tried for all of them",
                    target=str(node["relation"]["relname"]),
                    columns=(str(change.get("name", "")),),
                )
            )
    return found
