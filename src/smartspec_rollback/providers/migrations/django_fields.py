"""Django's operations on fields as SQL: added, removed, renamed, altered.

Called through ``django_operations``. Defaults matter most here: Django takes a default off the
column again at once, so that whoever inserts without knowing the column fails.
"""

from smartspec_rollback.providers.migrations.django_models import (
    Change,
    create_joining,
    joining_table,
)
from smartspec_rollback.providers.migrations.django_state import (
    Field,
    Model,
    column_sql,
    database_default,
    default_of,
    make_field,
    type_of,
)
from smartspec_rollback.providers.migrations.python_source import Computed
from smartspec_rollback.providers.migrations.quoting import ident

_EMPTY = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField", "FileField"})


def _add(change: Change, model: Model, each: Field) -> list[str]:
    """Write a column as Django adds it: the default is taken off again at once."""
    if each.many:
        return create_joining(each, model, change.state)
    if each.column is None:
        return []
    table, column = ident(model.table), ident(each.column)
    add = f"ALTER TABLE {table} ADD COLUMN {column_sql(each, model, change.state)}"
    if kept := database_default(each):
        return [f"{add} DEFAULT {kept}"]
    default = _for_rows(change, each)
    if default is None:
        return [add]
    return [f"{add} DEFAULT {default}", f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"]


def _for_rows(change: Change, each: Field) -> str | None:
    """Give the value that Django writes into the rows that are there."""
    try:
        found = default_of(each)
    except (Computed, TypeError):
        change.state.guess(each.arguments.call, f"the default of {each.name} is computed")
        return None
    if found is None and not each.null and each.arguments.get(None, "blank") is True:
        found = "''" if each.kind in _EMPTY else None
    if found is None and any(
        each.arguments.get(None, key) is True for key in ("auto_now", "auto_now_add")
    ):
        found = "CURRENT_TIMESTAMP"
    return found


def _drop(model: Model, each: Field) -> list[str]:
    if table := joining_table(each, model):
        return [f"DROP TABLE {ident(table)} CASCADE"]
    if each.column is None:
        return []
    return [f"ALTER TABLE {ident(model.table)} DROP COLUMN {ident(each.column)} CASCADE"]


def add_field(change: Change) -> None:
    """Translate ``AddField``."""
    model, name = change.model(0, "model_name"), change.arguments.text(1, "name")
    node = change.arguments.node(2, "field")
    each = make_field(name, node or change.arguments.call, change.arguments.names)
    model.fields[name] = each
    change.up += _add(change, model, each)
    change.down += _drop(model, each)


def remove_field(change: Change) -> None:
    """Translate ``RemoveField``."""
    model, name = change.model(0, "model_name"), change.arguments.text(1, "name")
    each = model.fields.pop(name, None)
    if each is None:
        change.up.append(f"ALTER TABLE {ident(model.table)} DROP COLUMN {ident(name)} CASCADE")
        raise Computed(change.arguments.call, f"what field {name} was is in no file here")
    change.up += _drop(model, each)
    change.down += _add(change, model, each)


def rename_field(change: Change) -> None:
    """Translate ``RenameField``."""
    model = change.model(0, "model_name")
    old, new = change.arguments.text(1, "old_name"), change.arguments.text(2, "new_name")
    each = model.fields.get(old)
    if each is None:
        raise Computed(change.arguments.call, f"what field {old} was is in no file here")
    renamed = make_field(new, each.arguments.call, each.arguments.names)
    model.fields = {
        (new if name == old else name): (renamed if name == old else known)
        for name, known in model.fields.items()
    }
    before, after = joining_table(each, model), joining_table(renamed, model)
    if before and after:
        change.up.append(f"ALTER TABLE {ident(before)} RENAME TO {ident(after)}")
        change.down.append(f"ALTER TABLE {ident(after)} RENAME TO {ident(before)}")
    elif each.column and renamed.column and each.column != renamed.column:
        change.up.append(_renamed(model, each.column, renamed.column))
        change.down.append(_renamed(model, renamed.column, each.column))


def _renamed(model: Model, old: str, new: str) -> str:
    return f"ALTER TABLE {ident(model.table)} RENAME COLUMN {ident(old)} TO {ident(new)}"


def alter_field(change: Change) -> None:
    """Translate ``AlterField``."""
    model, name = change.model(0, "model_name"), change.arguments.text(1, "name")
    node = change.arguments.node(2, "field")
    new = make_field(name, node or change.arguments.call, change.arguments.names)
    old = model.fields.get(name)
    model.fields[name] = new
    if old is None:
        raise Computed(change.arguments.call, f"what field {name} was is in no file here")
    if old.many or new.many:
        if old.kind != new.kind:
            raise Computed(change.arguments.call, f"field {name} becomes {new.kind}")
        return
    change.up += _altered(change, model, old, new)
    change.down += _altered(change, model, new, old)


def _altered(change: Change, model: Model, old: Field, new: Field) -> list[str]:
    """Write what makes a column of another; the default is kept by Django, not the database."""
    if old.column is None or new.column is None:
        return []
    found: list[str] = []
    if old.column != new.column:
        found.append(_renamed(model, old.column, new.column))
    column = ident(new.column)
    change_it = f"ALTER TABLE {ident(model.table)} ALTER COLUMN {column}"
    before, kind = (type_of(each, change.state, model.app) for each in (old, new))
    if before != kind:
        bare = kind.partition(" GENERATED")[0]
        found.append(f"{change_it} TYPE {bare} USING {column}::{bare}")
    kept = database_default(new)
    if kept != database_default(old):
        found.append(f"{change_it} SET DEFAULT {kept}" if kept else f"{change_it} DROP DEFAULT")
    if old.null and not new.null:
        default = _for_rows(change, new)
        if default is not None:
            found.append(
                f"UPDATE {ident(model.table)} SET {column} = {default} WHERE {column} IS NULL"  # noqa: S608 - a text to be read, never run
            )
        found.append(f"{change_it} SET NOT NULL")
    elif new.null and not old.null:
        found.append(f"{change_it} DROP NOT NULL")
    if new.unique and not old.unique:
        found.append(f"ALTER TABLE {ident(model.table)} ADD UNIQUE ({column})")
    elif old.unique and not new.unique:
        name = ident(f"{model.table}_{new.column}_key")
        found.append(f"ALTER TABLE {ident(model.table)} DROP CONSTRAINT {name}")
        change.state.guess(new.arguments.call, f"the name of the unique constraint {name}")
    return found
