"""Translates Django's migration operations to SQL. Called by Django's reader; runs nothing."""

import ast
from collections.abc import Callable

from smartspec_rollback.providers.migrations.django_fields import (
    add_field,
    alter_field,
    remove_field,
    rename_field,
)
from smartspec_rollback.providers.migrations.django_items import (
    drop_item_sql,
    index_sql,
    item_sql,
    name_of,
)
from smartspec_rollback.providers.migrations.django_models import (
    Change,
    alter_table,
    create_model,
    delete_model,
    groups,
    order_by,
    rename_model,
    together_sql,
)
from smartspec_rollback.providers.migrations.python_source import Arguments, Computed, last
from smartspec_rollback.providers.migrations.quoting import ident, idents, literal, quoted

_EXTENSIONS = {
    "TrigramExtension": "pg_trgm", "CITextExtension": "citext", "UnaccentExtension": "unaccent",
    "HStoreExtension": "hstore", "BtreeGinExtension": "btree_gin", "CryptoExtension": "pgcrypto",
    "BtreeGistExtension": "btree_gist", "BloomExtension": "bloom",
}  # fmt: skip


def _sql_of(arguments: Arguments, place: int, name: str) -> list[str] | None:
    """Read the SQL of ``RunSQL``: a string, or a list of strings and of pairs; None: none given."""
    node = arguments.node(place, name)
    if isinstance(node, ast.Attribute) and node.attr == "noop":
        return []
    value = arguments.get(place, name)
    if value is None:
        return None
    found = []
    for item in value if isinstance(value, list) else [value]:
        text = item[0] if isinstance(item, list) and item and item[1:] in ([], [None]) else item
        if not isinstance(text, str):
            raise Computed(arguments.call, "RunSQL is given parameters, or no literal")
        found.append(text)
    return [text for text in found if text.strip()]


def _run_sql(change: Change) -> None:
    change.up += _sql_of(change.arguments, 0, "sql") or []
    back = _sql_of(change.arguments, 1, "reverse_sql")
    if back is None:
        change.irreversible("RunSQL without reverse_sql")
    else:
        change.down += back


def _run_python(change: Change) -> None:
    call = change.arguments.call
    back = change.arguments.node(1, "reverse_code")
    code = change.arguments.node(0, "code")
    if back is None:
        change.irreversible("RunPython without reverse_code")
    elif last(back) != "noop":
        change.irreversible(f"RunPython back by {last(back)}()")
    if code is None or last(code) != "noop":
        raise Computed(call, f"RunPython({last(code) if code else ''}) is code")


def _add_index(change: Change) -> None:
    model = change.model(0, "model_name")
    held = _item(change, 1, "index")
    soon = last(change.arguments.call.func).endswith("Concurrently")
    change.up.append(index_sql(held, model, soon=soon))
    change.down.append(f"DROP INDEX {'CONCURRENTLY ' if soon else ''}{ident(name_of(held))}")


def _remove_index(change: Change) -> None:
    soon = last(change.arguments.call.func).endswith("Concurrently")
    name = change.arguments.text(1, "name")
    change.up.append(f"DROP INDEX {'CONCURRENTLY ' if soon else ''}{ident(name)}")
    change.irreversible(f"what index {name} was is not kept")


def _rename_index(change: Change) -> None:
    old = change.arguments.optional(2, "old_name")
    new = change.arguments.text(1, "new_name")
    if old is None:
        raise Computed(change.arguments.call, "the index's old name is made up by Django")
    change.up.append(f"ALTER INDEX {ident(old)} RENAME TO {ident(new)}")
    change.down.append(f"ALTER INDEX {ident(new)} RENAME TO {ident(old)}")


def _item(change: Change, place: int, name: str) -> Arguments:
    node = change.arguments.node(place, name)
    if not isinstance(node, ast.Call):
        raise Computed(change.arguments.call, f"the {name} is computed")
    return Arguments(node, change.arguments.names)


def _add_constraint(change: Change) -> None:
    model = change.model(0, "model_name")
    held = _item(change, 1, "constraint")
    valid = last(change.arguments.call.func) != "AddConstraintNotValid"
    change.up.append(item_sql(held, model, valid=valid))
    change.down.append(drop_item_sql(held, model))
    model.constraints[name_of(held)] = held


def _remove_constraint(change: Change) -> None:
    model, name = change.model(0, "model_name"), change.arguments.text(1, "name")
    held = model.constraints.pop(name, None)
    if held is None:
        drop = f"ALTER TABLE {ident(model.table)} DROP CONSTRAINT {ident(name)}"
        change.up.append(drop)
        change.irreversible(f"what constraint {name} was is not known")
        return
    change.up.append(drop_item_sql(held, model))
    change.down.append(item_sql(held, model))


def _validate(change: Change) -> None:
    model, name = change.model(0, "model_name"), change.arguments.text(1, "name")
    change.up.append(f"ALTER TABLE {ident(model.table)} VALIDATE CONSTRAINT {ident(name)}")


def _together(change: Change) -> None:
    kind = "UNIQUE" if "Unique" in last(change.arguments.call.func) else "INDEX"
    key = "unique_together" if kind == "UNIQUE" else "index_together"
    model = change.model(0, "name")
    wanted = groups(change.arguments.get(1, key))
    before = model.together.get(key, [])
    model.together[key] = wanted
    for group in wanted:
        if group not in before:
            columns = idents(model.column(name) for name in group)
            change.up.append(together_sql(model, kind, columns))
    gone = [group for group in before if group not in wanted]
    if gone or not wanted:
        raise Computed(change.arguments.call, f"the name of what {key} no longer has is made up")
    change.irreversible(f"the name of what {key} adds is made up")


def _extension(change: Change) -> None:
    name = _EXTENSIONS.get(last(change.arguments.call.func)) or change.arguments.text(0, "name")
    change.up.append(f"CREATE EXTENSION IF NOT EXISTS {ident(name)}")
    change.down.append(f"DROP EXTENSION IF EXISTS {ident(name)}")


def _comment(change: Change) -> None:
    model = change.model(0, "name")
    comment = change.arguments.optional(1, "table_comment")
    change.up.append(f"COMMENT ON TABLE {ident(model.table)} IS {literal(comment)}")


def _collation(change: Change) -> None:
    name, locale = ident(change.arguments.text(0, "name")), change.arguments.text(1, "locale")
    change.up.append(f"CREATE COLLATION {name} (locale = {quoted(locale)})")
    change.down.append(f"DROP COLLATION {name}")


def _nothing(change: Change) -> None:
    """Only Django's own picture of the models changes."""


OPERATIONS: dict[str, Callable[[Change], None]] = {
    "AddConstraint": _add_constraint,
    "AddConstraintNotValid": _add_constraint,
    "AddField": add_field,
    "AddIndex": _add_index,
    "AddIndexConcurrently": _add_index,
    "AlterField": alter_field,
    "AlterIndexTogether": _together,
    "AlterModelManagers": _nothing,
    "AlterModelOptions": _nothing,
    "AlterModelTable": alter_table,
    "AlterModelTableComment": _comment,
    "AlterOrderWithRespectTo": order_by,
    "AlterUniqueTogether": _together,
    "CreateCollation": _collation,
    "CreateExtension": _extension,
    "CreateModel": create_model,
    "DeleteModel": delete_model,
    "RemoveConstraint": _remove_constraint,
    "RemoveField": remove_field,
    "RemoveIndex": _remove_index,
    "RemoveIndexConcurrently": _remove_index,
    "RenameField": rename_field,
    "RenameIndex": _rename_index,
    "RenameModel": rename_model,
    "RunPython": _run_python,
    "RunSQL": _run_sql,
    "ValidateConstraint": _validate,
    **dict.fromkeys(_EXTENSIONS, _extension),
}
