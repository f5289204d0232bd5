"""Translates Alembic's ``op.*`` calls to SQL. Called by Alembic's reader; runs nothing."""

import ast
from collections.abc import Callable

from smartspec_rollback.providers.migrations.alembic_columns import (
    TABLE_ITEMS,
    column,
    create_enum,
    default_clause,
    key_of,
    type_of,
)
from smartspec_rollback.providers.migrations.python_source import (
    Arguments,
    Computed,
    dotted,
    evaluate,
    last,
)
from smartspec_rollback.providers.migrations.quoting import Raw, ident, idents, literal

_ACTIONS = (("onupdate", "ON UPDATE"), ("ondelete", "ON DELETE"))


class Operation:
    """One call; inside ``batch_alter_table`` the table is known, and its argument left out."""

    def __init__(self, arguments: Arguments, table: str | None) -> None:
        """Take the call's arguments, and the batch's table where there is one."""
        self.arguments = arguments
        self.batch = table
        self.shift = 0 if table is None else -1

    def table(self, place: int, name: str = "table_name", schema: str = "schema") -> str:
        """Name the table, with its schema."""
        if self.batch is not None:
            return self.batch
        inside = self.arguments.optional(None, schema)
        table = ident(self.arguments.text(place, name))
        return f"{ident(inside)}.{table}" if inside else table

    def text(self, place: int, name: str) -> str:
        """Evaluate a string; ``place`` counts the table."""
        return self.arguments.text(place + self.shift, name)

    def texts(self, place: int, name: str) -> list[str]:
        """Evaluate a list of strings; ``place`` counts the table."""
        return self.arguments.texts(place + self.shift, name)

    def flag(self, name: str) -> bool:
        """Tell whether a keyword is True."""
        return self.arguments.get(None, name) is True


def _add_column(op: Operation) -> list[str]:
    table = op.table(0)
    node = op.arguments.node(1 + op.shift, "column")
    made = column(node if node is not None else op.arguments.call, op.arguments.names)
    # SQLAlchemy makes an enum's type with its table only, so none is made here.
    there = " IF NOT EXISTS" if op.flag("if_not_exists") else ""
    key = " PRIMARY KEY" if made.primary else ""
    found = [f"ALTER TABLE {table} ADD COLUMN{there} {made.sql()}{key}"]
    if made.unique:
        found.append(f"ALTER TABLE {table} ADD UNIQUE ({ident(made.name)})")
    if made.index:
        found.append(f"CREATE INDEX ON {table} ({ident(made.name)})")
    if made.comment:
        found.append(f"COMMENT ON COLUMN {table}.{ident(made.name)} IS {literal(made.comment)}")
    return found


def _drop_column(op: Operation) -> list[str]:
    there = " IF EXISTS" if op.flag("if_exists") else ""
    return [f"ALTER TABLE {op.table(0)} DROP COLUMN{there} {ident(op.text(1, 'column_name'))}"]


def _alter_column(op: Operation) -> list[str]:
    table, arguments = op.table(0), op.arguments
    name = ident(op.text(1, "column_name"))
    change = f"ALTER TABLE {table} ALTER COLUMN {name}"
    found: list[str] = []
    kind = arguments.node(None, "type_")
    if kind is not None:
        using = arguments.optional(None, "postgresql_using")
        to = type_of(kind, arguments.names)
        found.append(f"{change} TYPE {to}" + (f" USING {using}" if using else ""))
    if "server_default" in arguments.keywords and not _is_false(arguments, "server_default"):
        clause = default_clause(arguments, arguments.names)
        found.append(f"{change} SET {clause[0]}" if clause else f"{change} DROP DEFAULT")
    nullable = arguments.get(None, "nullable")
    if nullable is not None:
        found.append(f"{change} {'DROP' if nullable else 'SET'} NOT NULL")
    if "comment" in arguments.keywords and not _is_false(arguments, "comment"):
        comment = arguments.get(None, "comment")
        found.append(f"COMMENT ON COLUMN {table}.{name} IS {literal(comment)}")
    if renamed := arguments.optional(None, "new_column_name"):
        found.append(f"ALTER TABLE {table} RENAME COLUMN {name} TO {ident(renamed)}")
    return found


def _is_false(arguments: Arguments, name: str) -> bool:
    node = arguments.node(None, name)
    return isinstance(node, ast.Constant) and node.value is False


def _create_table(op: Operation) -> list[str]:
    table, names = op.table(0), op.arguments.names
    items = op.arguments.call.args[1:]
    is_column = [isinstance(i, ast.Call) and last(i.func) == "Column" for i in items]
    columns = [column(item, names) for item, yes in zip(items, is_column, strict=True) if yes]
    others = [item for item, yes in zip(items, is_column, strict=True) if not yes]
    primary = [made.name for made in columns if made.primary]
    key = primary or key_of(others, names)
    lines = [made.sql(key=key == [made.name]) for made in columns]
    constraints = [_table_item(item, op) for item in others]
    if primary and not any("PRIMARY KEY" in line for line in constraints):
        lines.append(f"PRIMARY KEY ({idents(primary)})")
    lines += constraints
    lines += [f"UNIQUE ({ident(made.name)})" for made in columns if made.unique]
    there = " IF NOT EXISTS" if op.flag("if_not_exists") else ""
    types = list(dict.fromkeys(kind for made in columns for kind in made.types))
    return [
        *types,
        f"CREATE TABLE{there} {table} (\n  " + ",\n  ".join(lines) + "\n)",
        *(f"CREATE INDEX ON {table} ({ident(made.name)})" for made in columns if made.index),
    ]


def _table_item(item: ast.expr, op: Operation) -> str:
    if not isinstance(item, ast.Call) or last(item.func) not in TABLE_ITEMS:
        raise Computed(item, f"`{ast.unparse(item)[:60]}` in create_table is computed")
    return TABLE_ITEMS[last(item.func)](Arguments(item, op.arguments.names))


def _drop_table(op: Operation) -> list[str]:
    there = " IF EXISTS" if op.flag("if_exists") else ""
    return [f"DROP TABLE{there} {op.table(0)}"]


def _rename_table(op: Operation) -> list[str]:
    to = ident(op.arguments.text(1, "new_table_name"))
    return [f"ALTER TABLE {op.table(0, 'old_table_name')} RENAME TO {to}"]


def _create_index(op: Operation) -> list[str]:
    arguments = op.arguments
    name = arguments.optional(0, "index_name")
    table = op.table(1)
    unique = "UNIQUE " if op.flag("unique") else ""
    soon = "CONCURRENTLY " if op.flag("postgresql_concurrently") else ""
    there = "IF NOT EXISTS " if op.flag("if_not_exists") else ""
    using = arguments.optional(None, "postgresql_using")
    where = arguments.optional(None, "postgresql_where")
    return [
        f"CREATE {unique}INDEX {soon}{there}{ident(name) + ' ' if name else ''}ON {table} "
        + (f"USING {using} " if using else "")
        + f"({idents(op.texts(2, 'columns'))})"
        + (f" WHERE {where}" if where else "")
    ]


def _drop_index(op: Operation) -> list[str]:
    schema = op.arguments.optional(None, "schema")
    name = ident(op.arguments.text(0, "index_name"))
    soon = " CONCURRENTLY" if op.flag("postgresql_concurrently") else ""
    there = " IF EXISTS" if op.flag("if_exists") else ""
    return [f"DROP INDEX{soon}{there} {ident(schema) + '.' if schema else ''}{name}"]


def _constraint(op: Operation, table: str, sql: str) -> list[str]:
    name = op.arguments.optional(0, "constraint_name")
    named = f"CONSTRAINT {ident(name)} " if name else ""
    return [f"ALTER TABLE {table} ADD {named}{sql}"]


def _create_unique(op: Operation) -> list[str]:
    return _constraint(op, op.table(1), f"UNIQUE ({idents(op.texts(2, 'columns'))})")


def _create_primary(op: Operation) -> list[str]:
    return _constraint(op, op.table(1), f"PRIMARY KEY ({idents(op.texts(2, 'columns'))})")


def _create_check(op: Operation) -> list[str]:
    condition = op.text(2, "condition")
    unchecked = " NOT VALID" if op.flag("postgresql_not_valid") else ""
    return _constraint(op, op.table(1), f"CHECK ({condition}){unchecked}")


def _create_foreign(op: Operation) -> list[str]:
    arguments = op.arguments
    schema = arguments.optional(None, "referent_schema")
    there = ident(op.text(2, "referent_table"))
    clauses = "".join(
        f" {words} {action}" for key, words in _ACTIONS if (action := arguments.optional(None, key))
    )
    unchecked = " NOT VALID" if op.flag("postgresql_not_valid") else ""
    return _constraint(
        op,
        op.table(1, "source_table", "source_schema"),
        f"FOREIGN KEY ({idents(op.texts(3, 'local_cols'))}) REFERENCES "
        f"{ident(schema) + '.' if schema else ''}{there} ({idents(op.texts(4, 'remote_cols'))})"
        f"{clauses}{unchecked}",
    )


def _drop_constraint(op: Operation) -> list[str]:
    name = ident(op.arguments.text(0, "constraint_name"))
    return [f"ALTER TABLE {op.table(1)} DROP CONSTRAINT {name}"]


def _execute(op: Operation) -> list[str]:
    if len(op.arguments.call.args) > 1:
        raise Computed(op.arguments.call, "execute() is given parameters")
    return [op.arguments.text(0, "sqltext")]


def _bulk_insert(op: Operation) -> list[str]:
    node, names = op.arguments.node(0, "table"), op.arguments.names
    if not isinstance(node, ast.Call) or last(node.func) not in {"table", "Table"}:
        raise Computed(op.arguments.call, "bulk_insert() into a table that is not literal")
    table = ident(str(evaluate(node.args[0], names)))
    rows = op.arguments.get(1, "rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Computed(op.arguments.call, "bulk_insert() of rows that are not literal")
    return [
        f"INSERT INTO {table} ({idents(row)}) VALUES ({', '.join(map(literal, row.values()))})"  # noqa: S608 - a text to be read, never run
        for row in rows
    ]


def _table_comment(op: Operation) -> list[str]:
    comment = op.arguments.optional(1 + op.shift, "comment")
    return [f"COMMENT ON TABLE {op.table(0)} IS {literal(comment)}"]


def _drop_table_comment(op: Operation) -> list[str]:
    return [f"COMMENT ON TABLE {op.table(0)} IS NULL"]


OPERATIONS: dict[str, Callable[[Operation], list[str]]] = {
    "add_column": _add_column,
    "alter_column": _alter_column,
    "bulk_insert": _bulk_insert,
    "create_check_constraint": _create_check,
    "create_foreign_key": _create_foreign,
    "create_index": _create_index,
    "create_primary_key": _create_primary,
    "create_table": _create_table,
    "create_table_comment": _table_comment,
    "create_unique_constraint": _create_unique,
    "drop_column": _drop_column,
    "drop_constraint": _drop_constraint,
    "drop_index": _drop_index,
    "drop_table": _drop_table,
    "drop_table_comment": _drop_table_comment,
    "execute": _execute,
    "rename_table": _rename_table,
}


def enum_statement(call: ast.Call, arguments: Arguments) -> list[str]:
    """Translate ``sa.Enum(…, name="x").create(op.get_bind())`` and ``.drop``."""
    function = call.func
    owner = function.value if isinstance(function, ast.Attribute) else None
    if not isinstance(owner, ast.Call) or last(owner.func).lower() != "enum":
        raise Computed(call, f"{dotted(call.func)}(…) is computed")
    enum = Arguments(owner, arguments.names)
    if last(call.func) == "create":
        return [create_enum(enum)]
    there = "" if arguments.get(None, "checkfirst", default=True) is False else "IF EXISTS "
    return [f"DROP TYPE {there}{Raw(ident(enum.text(None, 'name')))}"]
