"""What a migration does, read from its SQL without running it (layer L0).

Called by the laboratories of MySQL and SQLite. Nothing is left out in silence: what cannot be read
is an effect of its own, UNPARSED.
"""

import re
from collections.abc import Iterator

import msgspec
from sqlglot import exp

from smartspec_rollback.domain.migration import Effect, EffectKind
from smartspec_rollback.providers.databases.dialects.effects_schema import (
    CODE,
    created,
    schema_effects,
    written,
)
from smartspec_rollback.providers.databases.dialects.parsing import parse
from smartspec_rollback.providers.databases.dialects.scripts import pieces

_SHOWN = 400
_PLACE = re.compile(r"(.*):(\d+)", re.DOTALL)
_RENAME = re.compile(r"\s*RENAME\s+TABLES?\s+(.+)", re.IGNORECASE | re.DOTALL)
_RENAMED = re.compile(r"\s*([\w.`]+)\s+TO\s+([\w.`]+)\s*", re.IGNORECASE)
_WRITES = (exp.Insert, exp.Update, exp.Delete)


def effects(sql: str, source: str, dialect: str) -> tuple[Effect, ...]:
    """Read ``sql``; ``source`` is where it begins, ``file`` or ``file:line``.

    One statement can have several effects; each is told with the line it stands in.
    """
    file, line = (m[1], int(m[2])) if (m := _PLACE.fullmatch(source)) else (source, 1)
    found: list[Effect] = []
    for piece in pieces(sql, line=line):
        shown = piece.text if len(piece.text) <= _SHOWN else piece.text[: _SHOWN - 1] + "…"
        for each in _of_piece(piece.text, dialect):
            placed = f"{file}:{piece.line}"
            found.append(msgspec.structs.replace(each, text=shown, source=placed))
    return tuple(found)


def _of_piece(text: str, dialect: str) -> Iterator[Effect]:
    if (code := CODE.match(text)) is not None:
        yield created(code)
        return
    if (renamed := _RENAME.match(text)) is not None:
        yield from _renamed(renamed[1])
        return
    parsed = parse(text, dialect)
    if parsed.problem is not None:
        yield _unparsed(parsed.problem)
    for tree in parsed.trees:
        try:
            yield from _of_tree(tree, replaces=parsed.replaces)
        except (AttributeError, LookupError, TypeError):
            yield _unparsed("it has a part that is not known here")


def _unparsed(why: str) -> Effect:
    return Effect(kind=EffectKind.UNPARSED, relation=None, action=why)


def _renamed(pairs: str) -> Iterator[Effect]:
    for pair in pairs.split(","):
        match = _RENAMED.fullmatch(pair)
        if match is None:
            yield _unparsed("a RENAME TABLE that is not read")
            continue
        old, new = (each.replace("`", "") for each in match.groups())
        yield Effect(kind=EffectKind.SCHEMA, relation=old, action="rename table", to=new)


def _of_tree(tree: exp.Expr, *, replaces: bool) -> Iterator[Effect]:
    if isinstance(tree, exp.TruncateTable):
        for each in tree.expressions:
            yield Effect(kind=EffectKind.DELETE, relation=written(each))
        return
    if not isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete):
        yield from schema_effects(tree)
        return
    for node in tree.find_all(*_WRITES):
        yield from _write(node, replaces=replaces)
    if isinstance(tree, exp.Select) and any(_calls(each) for each in tree.expressions):
        yield _unparsed("call")


def _calls(node: exp.Expr) -> bool:
    """Tell whether a result is a call of a function that somebody may have written."""
    return isinstance(node.unalias(), exp.Anonymous)


def _write(node: exp.Expr, *, replaces: bool) -> Iterator[Effect]:
    match node:
        case exp.Insert():
            yield from _insert(node, replaces=replaces)
        case exp.Update():
            yield from _updated(node)
        case exp.Delete():
            named = node.args.get("tables") or [node.this]
            known = {t.alias: written(t) for t in node.find_all(exp.Table) if t.alias}
            for each in named:
                yield Effect(kind=EffectKind.DELETE, relation=known.get(each.name, written(each)))


def _insert(node: exp.Insert, *, replaces: bool) -> Iterator[Effect]:
    table, columns = node.this, ()
    if isinstance(table, exp.Schema):
        table, columns = table.this, tuple(each.name for each in table.expressions)
    relation = written(table)
    yield Effect(kind=EffectKind.INSERT, relation=relation, columns=columns)
    if replaces or node.args.get("alternative") == "REPLACE":
        yield Effect(kind=EffectKind.DELETE, relation=relation)
    conflict = node.args.get("conflict")
    if conflict is not None and conflict.expressions:
        yield _backfill(relation, conflict.expressions)


def _updated(node: exp.Update) -> Iterator[Effect]:
    """Tell what is set, of several tables each on its own."""
    tables = list(node.find_all(exp.Table))
    named = {(each.alias or each.name).lower(): written(each) for each in tables}
    first = written(node.this) if isinstance(node.this, exp.Table) else None
    sets: dict[str | None, list[exp.Expr]] = {}
    for each in node.expressions:
        table = each.this.table.lower() if isinstance(each.this, exp.Column) else ""
        sets.setdefault(named.get(table, first), []).append(each)
    for relation, assigned in sets.items():
        yield _backfill(relation, assigned)


def _backfill(relation: str | None, nodes: list[exp.Expr]) -> Effect:
    names = dict.fromkeys(each.this.name for each in nodes if isinstance(each, exp.EQ))
    return Effect(kind=EffectKind.BACKFILL, relation=relation, columns=tuple(names))
