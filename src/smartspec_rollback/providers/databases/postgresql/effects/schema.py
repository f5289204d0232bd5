"""Name what a statement of a migration does to the schema.

Called by ``migration``. Every kind of statement gets a name: those not known here one made from the
parser's own.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.domain.migration import Effect, EffectKind
from smartspec_rollback.providers.databases.postgresql.parsing import Tree, strings

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAMED = {
    "CreateStmt": "create table",
    "CreateForeignTableStmt": "create foreign table",
    "IndexStmt": "create index",
    "ViewStmt": "create view",
    "RuleStmt": "create rule",
    "CreateTrigStmt": "create trigger",
    "CreateSeqStmt": "create sequence",
    "CreateEnumStmt": "create type",
    "CreateRangeStmt": "create type",
    "CompositeTypeStmt": "create type",
    "DefineStmt": "create object",
    "AlterSeqStmt": "alter sequence",
    "RefreshMatViewStmt": "refresh materialized view",
}
_COLUMN_ACTIONS = {"AT_AlterColumnType": "alter type"}
_CONSTRAINTS = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_CHECK": "check",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_EXCLUSION": "exclude",
    "CONSTR_NOTNULL": "not null",
}
_RELATIONS = frozenset(
    {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE"}
)
_ON_RELATIONS = frozenset({"OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"})
_OBJECTS = {"OBJECT_MATVIEW": "materialized view", "OBJECT_TABCONSTRAINT": "constraint"}


def written(node: Tree) -> str:
    """Spell a relation's name as the statement has it, unquoted."""
    schema = node.get("schemaname")
    return f"{schema}.{node['relname']}" if schema else str(node["relname"])


def schema_effects(kind: str, node: Tree) -> Iterator[Effect]:
    """Read one statement that is neither a query, nor writes rows."""
    match kind:
        case "AlterTableStmt":
            for each in node["cmds"]:
                yield from _altered(node, each["AlterTableCmd"])
        case "RenameStmt":
            yield _renamed(node)
        case "AlterObjectSchemaStmt":
            relation = written(node["relation"]) if "relation" in node else None
            yield _schema("set schema", relation, to=node["newschema"])
        case "DropStmt":
            yield from _dropped(node)
        case "AlterEnumStmt":
            action = "rename value" if "oldVal" in node else "add value"
            yield _schema(action, None, to=node.get("newVal"))
        case "GrantStmt":
            action = "grant" if node.get("is_grant") else "revoke"
            for each in node.get("objects", ({},)):
                yield _schema(action, written(each["RangeVar"]) if "RangeVar" in each else None)
        case "CreateTableAsStmt":
            what = "materialized view" if node.get("objtype") == "OBJECT_MATVIEW" else "table"
            yield _schema(f"create {what}", written(node["into"]["rel"]))
        case _:
            yield _other(kind, node)


def _schema(
    action: str, relation: str | None, columns: tuple[str, ...] = (), *, to: str | None = None
) -> Effect:
    return Effect(kind=EffectKind.SCHEMA, relation=relation, columns=columns, action=action, to=to)


def _altered(node: Tree, command: Tree) -> Iterator[Effect]:
    relation = written(node["relation"])
    subtype = command["subtype"]
    definition = command.get("def", {})
    column = definition.get("ColumnDef", {})
    name = column.get("colname") or command.get("name")
    columns = (name,) if name else ()
    if subtype == "AT_AddConstraint":
        constraint = definition["Constraint"]
        keys = strings(constraint.get("keys", constraint.get("fk_attrs", [])))
        what = _CONSTRAINTS.get(constraint["contype"], "constraint")
        yield _schema(f"add {what}", relation, keys)
        return
    if subtype == "AT_ColumnDefault":
        yield _schema("set default" if definition else "drop default", relation, columns)
        return
    action = _COLUMN_ACTIONS.get(subtype) or _spoken(subtype.removeprefix("AT_"))
    yield _schema(action, relation, columns)
    if subtype == "AT_AlterColumnType" and "raw_default" in column:
        yield Effect(
            kind=EffectKind.BACKFILL, relation=relation, columns=columns, action="alter type"
        )


def _renamed(node: Tree) -> Effect:
    what = node["renameType"]
    relation = written(node["relation"]) if "relation" in node else None
    columns = (node["subname"],) if what in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE") else ()
    return _schema(f"rename {_object(what)}", relation, columns, to=node["newname"])


def _dropped(node: Tree) -> Iterator[Effect]:
    what = node["removeType"]
    for each in node["objects"]:
        parts = strings(each["List"]["items"]) if "List" in each else ()
        relation = None
        if what in _RELATIONS and parts:
            relation = ".".join(parts)
        elif what in _ON_RELATIONS and len(parts) > 1:
            relation = ".".join(parts[:-1])
        yield _schema(f"drop {_object(what)}", relation)


def _other(kind: str, node: Tree) -> Effect:
    relation = next((node[k] for k in ("relation", "view", "table", "sequence") if k in node), None)
    named = isinstance(relation, dict) and "relname" in relation
    action = _NAMED.get(kind) or _spoken(kind.removesuffix("Stmt"))
    return _schema(action, written(relation) if named and relation is not None else None)


def _object(name: str) -> str:
    return _OBJECTS.get(name) or name.removeprefix("OBJECT_").replace("_", " ").lower()


def _spoken(name: str) -> str:
    return " ".join(_HUMP.split(name)).lower()
