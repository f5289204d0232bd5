"""Name what a statement of a migration does to the schema.

Called by ``effects``. Every kind of statement gets a name: those not known here one made from the
parser's own.
"""

import re
from collections.abc import Iterator

from sqlglot import exp

from smartspec_rollback.domain.migration import Effect, EffectKind

CODE = re.compile(
    r"\s*(?P<verb>CREATE)\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:AGGREGATE\s+)?"
    r"(?:DEFINER\s*=\s*\S+\s+)?(?P<what>TRIGGER|PROCEDURE|FUNCTION|EVENT)\b(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""What creates code: its body is not looked at, since it does nothing when it is made."""

_ON = re.compile(r"\bON\s+([\w.`\"\[\]]+)", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CONSTRAINTS: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.PrimaryKey, "primary key"),
    (exp.ForeignKey, "foreign key"),
    (exp.UniqueColumnConstraint, "unique"),
    (exp.CheckColumnConstraint, "check"),
)


def written(node: exp.Expr) -> str:
    """Spell a relation's name as the statement has it, unquoted."""
    if isinstance(node, exp.Schema):
        return written(node.this)
    if isinstance(node, exp.Table):
        return f"{node.db}.{node.name}" if node.db else node.name
    return node.name


def created(code: re.Match[str]) -> Effect:
    """Name the creation of a trigger, procedure, function or event."""
    what = code["what"].lower()
    on = _ON.search(code["rest"]) if what == "trigger" else None
    relation = re.sub(r"[`\"\[\]]", "", on[1]) if on is not None else None
    return _schema(f"create {what}", relation)


def schema_effects(tree: exp.Expr) -> Iterator[Effect]:
    """Read one statement that is neither a query, nor writes rows."""
    match tree:
        case exp.Create():
            yield _created(tree)
        case exp.Alter():
            for each in tree.args.get("actions") or ():
                yield from _altered(written(tree.this), each)
        case exp.Drop():
            for each in tree.args.get("tables") or [tree.this]:
                yield _dropped(tree, each)
        case _:
            yield _schema(_spoken(type(tree).__name__), None)


def _schema(
    action: str, relation: str | None, columns: tuple[str, ...] = (), *, to: str | None = None
) -> Effect:
    return Effect(kind=EffectKind.SCHEMA, relation=relation, columns=columns, action=action, to=to)


def _created(tree: exp.Create) -> Effect:
    kind = str(tree.args.get("kind") or "object").lower()
    if kind == "index":
        table = tree.this.args.get("table")
        return _schema("create index", written(table) if table is not None else None)
    return _schema(f"create {kind}", written(tree.this))


def _dropped(tree: exp.Drop, what: exp.Expr) -> Effect:
    kind = str(tree.args.get("kind") or "object").lower()
    return _schema(f"drop {kind}", written(what) if kind in {"table", "view"} else None)


def _altered(relation: str, action: exp.Expr) -> Iterator[Effect]:
    match action:
        case exp.ColumnDef():
            yield _schema("add column", relation, (action.name,))
        case exp.Drop():
            kind = str(action.args.get("kind") or "object").lower()
            names = tuple(each.name for each in action.args.get("tables") or [action.this])
            yield _schema(f"drop {kind}", relation, names if kind == "column" else ())
        case exp.RenameColumn():
            new = action.args["to"].name
            yield _schema("rename column", relation, (action.this.name,), to=new)
        case exp.ModifyColumn():
            yield from _modified(relation, action)
        case exp.AlterColumn():
            yield _column(relation, action)
        case exp.AlterRename():
            yield _schema("rename table", relation, to=written(action.this))
        case exp.AddConstraint():
            what, columns = _constraint(action)
            yield _schema(f"add {what}", relation, columns)
        case _:
            yield _schema(_spoken(type(action).__name__), relation)


def _modified(relation: str, action: exp.ModifyColumn) -> Iterator[Effect]:
    """Read MySQL's MODIFY and CHANGE: a new definition, and perhaps a new name."""
    name = action.this.name
    old = action.args.get("rename_from")
    if old is not None and old.name.lower() != name.lower():
        yield _schema("rename column", relation, (old.name,), to=name)
    yield _schema("alter type", relation, (name,))


def _column(relation: str, action: exp.AlterColumn) -> Effect:
    names = (action.this.name,)
    if action.args.get("drop"):
        nullable = action.args.get("allow_null") is not None
        return _schema("drop not null" if nullable else "drop default", relation, names)
    if action.args.get("default") is not None:
        return _schema("set default", relation, names)
    return _schema("alter type" if action.args.get("dtype") else "alter column", relation, names)


def _constraint(action: exp.AddConstraint) -> tuple[str, tuple[str, ...]]:
    for kind, what in _CONSTRAINTS:
        found = action.find(kind)
        if found is not None:
            return what, tuple(i.name for i in found.expressions if i.name)
    return "constraint", ()


def _spoken(name: str) -> str:
    return " ".join(_HUMP.split(name)).lower()
