"""What a migration does, read from its SQL without running it (layer L0).

Called by the PostgreSQL laboratory. Nothing is left out in silence: what cannot be read is an
effect of its own, UNPARSED. What a function or trigger does when it is run is not told.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from smartspec_rollback.domain.migration import Effect, EffectKind
from smartspec_rollback.providers.databases.postgresql.effects.block import (
    as_sql,
    commands,
    constant,
)
from smartspec_rollback.providers.databases.postgresql.effects.schema import (
    schema_effects,
    written,
)
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, parse, strings
from smartspec_rollback.providers.sql_text import Piece, statements

_SHOWN = 400
_PLACE = re.compile(r"(.*):(\d+)", re.DOTALL)
_WITHOUT_EFFECT = frozenset(
    {
        "TransactionStmt", "VariableSetStmt", "VariableShowStmt", "LockStmt", "VacuumStmt",
        "ReindexStmt", "ClusterStmt", "CheckPointStmt", "DiscardStmt", "ExplainStmt", "NotifyStmt",
        "ListenStmt", "UnlistenStmt", "ConstraintsSetStmt", "DeallocateStmt", "ClosePortalStmt",
    }
)  # fmt: skip
_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_CALLS_WITHOUT_EFFECT = frozenset(
    {
        "array_agg", "bool_and", "bool_or", "count", "currval", "jsonb_agg", "lower", "max", "min",
        "nextval", "now", "pg_notify", "set_config", "setval", "string_agg", "sum", "upper",
        "version",
    }
)  # fmt: skip


def effects(sql: str, source: str) -> tuple[Effect, ...]:
    """Read ``sql``; ``source`` is where it begins, ``file`` or ``file:line``.

    One statement can have several effects; each is told with the line it stands in.
    """
    file, line = (m[1], int(m[2])) if (m := _PLACE.fullmatch(source)) else (source, 1)
    found: list[Effect] = []
    for piece in statements(sql, line=line):
        found += _placed(_of_piece(piece), piece.text, f"{file}:{piece.line}")
    return tuple(found)


def _placed(found: Iterator[Effect], text: str, source: str) -> Iterator[Effect]:
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    for each in found:
        yield msgspec.structs.replace(each, text=each.text or shown, source=source)


def _of_piece(piece: Piece) -> Iterator[Effect]:
    parsed = parse(piece.text)
    if not parsed.trees:
        reason = parsed.problem or "it cannot be parsed"
        yield Effect(kind=EffectKind.UNPARSED, relation=None, action=reason)
    for tree in parsed.trees:
        yield from _of_tree(tree)


def _of_tree(tree: Tree) -> Iterator[Effect]:
    for kind, node in tree.items():
        match kind:
            case "SelectStmt":
                yield from _rows(tree)
                yield from _calls(node)
            case "DoStmt":
                yield from _of_block(node)
            case "CallStmt":
                yield _CALL
            case "TruncateStmt":
                for each in node["relations"]:
                    yield Effect(kind=EffectKind.DELETE, relation=written(each["RangeVar"]))
            case "CopyStmt":
                yield from _copy(node)
            case _ if kind in _WRITES:
                yield from _rows(tree)
            case _ if kind not in _WITHOUT_EFFECT:
                yield from schema_effects(kind, node)


def _copy(node: Tree) -> Iterator[Effect]:
    if node.get("is_from"):
        columns = strings(node.get("attlist", []))
        yield Effect(kind=EffectKind.INSERT, relation=written(node["relation"]), columns=columns)


def _rows(value: Any) -> Iterator[Effect]:
    """Find what a statement does to rows, in WITH and subselects too."""
    if isinstance(value, list):
        for each in value:
            yield from _rows(each)
    elif isinstance(value, dict):
        for kind, inside in value.items():
            if kind in _WRITES:
                yield from _write(kind, inside)
            elif kind == "intoClause":
                relation = written(inside["rel"])
                yield Effect(kind=EffectKind.SCHEMA, relation=relation, action="create table")
            if isinstance(inside, dict | list):
                yield from _rows(inside)


def _calls(select: Tree) -> Iterator[Effect]:
    """Find ``SELECT f(…)`` of a function that somebody may have written: it could do anything."""
    for each in select.get("targetList", ()):
        call = each["ResTarget"].get("val", {}).get("FuncCall")
        if call is None or call.get("funcformat") == "COERCE_SQL_SYNTAX":
            continue
        name = strings(call["funcname"])
        if name[0] != "pg_catalog" and name[-1] not in _CALLS_WITHOUT_EFFECT:
            yield _CALL


def _of_block(node: Tree) -> Iterator[Effect]:
    options = {each["DefElem"]["defname"]: each["DefElem"]["arg"] for each in node["args"]}
    language = options.get("language", {}).get("String", {}).get("sval", "plpgsql")
    if language != "plpgsql":
        reason = f"a block in {language} is not read"
        yield Effect(kind=EffectKind.UNPARSED, relation=None, action=reason)
        return
    for command in commands(options["as"]["String"].get("sval", "")):
        yield from _of_command(command)


def _of_command(command: str) -> Iterator[Effect]:
    if command[: len("execute")].lower() != "execute":
        found = _of_piece(Piece(as_sql(command), 1))
    elif (text := constant(command)) is not None:
        found = iter(effects(text, ""))
    else:
        found = iter((Effect(kind=EffectKind.UNPARSED, relation=None, action="dynamic SQL"),))
    yield from _placed(found, command, "")


_CALL = Effect(kind=EffectKind.UNPARSED, relation=None, action="call")


def _write(kind: str, node: Tree) -> Iterator[Effect]:
    relation = written(node["relation"])
    match kind:
        case "UpdateStmt":
            yield _backfill(relation, node["targetList"])
        case "DeleteStmt":
            yield Effect(kind=EffectKind.DELETE, relation=relation)
        case "InsertStmt":
            columns = _targets(node.get("cols", []))
            yield Effect(kind=EffectKind.INSERT, relation=relation, columns=columns)
            if targets := node.get("onConflictClause", {}).get("targetList"):
                yield _backfill(relation, targets)
        case "MergeStmt":
            for each in node["mergeWhenClauses"]:
                yield from _merge(relation, each["MergeWhenClause"])


def _merge(relation: str, clause: Tree) -> Iterator[Effect]:
    targets = clause.get("targetList", [])
    match clause["commandType"]:
        case "CMD_UPDATE":
            yield _backfill(relation, targets)
        case "CMD_DELETE":
            yield Effect(kind=EffectKind.DELETE, relation=relation)
        case "CMD_INSERT":
            columns = _targets(targets)
            yield Effect(kind=EffectKind.INSERT, relation=relation, columns=columns)


def _backfill(relation: str, targets: list[Tree]) -> Effect:
    return Effect(kind=EffectKind.BACKFILL, relation=relation, columns=_targets(targets))


def _targets(nodes: list[Tree]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each["ResTarget"]["name"] for each in nodes))
