"""Narrow fixes of whole relations, as SQL to review: views under old names, definitions put back.

Called by ``fixes.fix`` and by rules that know better than it what is needed. Each returns an empty
text where no narrow fix exists for that kind of database. Nothing is ever executed.
"""

from collections.abc import Mapping

from smartspec_rollback.domain.catalog import Function, Relation, RelationKind, Trigger
from smartspec_rollback.schema.fixes.quoting import (
    POSTGRESQL,
    SQLITE,
    name,
    qualified,
    remark,
)


def view_in_place_of(
    kind: str,
    old: Relation,
    new: Relation,
    *,
    renamed: Mapping[str, str] | None = None,
    schemas: tuple[str, ...] | None = None,
) -> str:
    """Put a view with the old name over a renamed or moved table; writes go through it.

    ``renamed`` are columns that have another name now, old to new. ``schemas`` are those there
    are: a missing one is made. A column that is gone is left out.
    """
    if kind == SQLITE:
        return ""
    lines = []
    if kind == POSTGRESQL and schemas is not None and old.schema not in schemas:
        lines.append(f"CREATE SCHEMA {name(kind, old.schema)};")
        lines += [
            f"GRANT USAGE ON SCHEMA {name(kind, old.schema)} TO {_role(kind, grantee)};"
            for grantee in _grantees(old)
        ]
    columns = _selected(kind, old, new, renamed or {})
    options = " WITH (security_invoker = true)" if kind == POSTGRESQL and new.row_security else ""
    query = f"SELECT {columns} FROM {qualified(kind, new)}"  # noqa: S608 - text to review; names are quoted
    lines.append(f"CREATE VIEW {qualified(kind, old)}{options} AS {query};")
    return "\n".join((*lines, *_grants_of(kind, old, old)))


def view_with_old_columns(
    kind: str, old: Relation, new: Relation, renamed: Mapping[str, str]
) -> str:
    """Serve renamed columns under both names: the table steps aside for an updatable view.

    Both versions work on it. PostgreSQL only: others do not insert through a view that has a column
    twice. ``renamed`` are the columns, old name to new.
    """
    if kind != POSTGRESQL:
        return ""
    base = name(kind, f"{new.name}_base"[:63])
    # The old order first, so that what is read or written by position stays in place.
    known = [c.name for c in old.columns if new.column(renamed.get(c.name, c.name)) is not None]
    more = [c.name for c in new.columns if c.name not in known]
    picked = [*(_aliased(kind, renamed.get(n, n), n) for n in known)]
    picked += [name(kind, each) for each in more]
    options = " WITH (security_invoker = true)" if new.row_security else ""
    where = f"{name(kind, new.schema)}.{base}"
    return "\n".join(
        (
            remark("Review: brief exclusive lock; COPY and TRUNCATE do not work on a view."),
            "BEGIN;",
            f"ALTER TABLE {qualified(kind, new)} RENAME TO {base};",
            f"CREATE VIEW {qualified(kind, new)}{options} AS",
            f"    SELECT {', '.join(picked)} FROM {where};",  # noqa: S608 - text to review
            *_grants_of(kind, old, new),
            "COMMIT;",
        )
    )


def recreate_view(kind: str, old: Relation, new: Relation | None) -> str:
    """Put a view back as it was; ``new`` is what stands in its place now."""
    if old.definition is None:
        return ""
    what = "MATERIALIZED VIEW" if old.kind is RelationKind.MATERIALIZED_VIEW else "VIEW"
    query = old.definition.strip().rstrip(";")
    lines = []
    if new is not None:
        now = "MATERIALIZED VIEW" if new.kind is RelationKind.MATERIALIZED_VIEW else "VIEW"
        lines += [
            remark("Review: the new version's view goes; what depends on it refuses that."),
            f"DROP {now} {qualified(kind, old)};",
        ]
    lines.append(f"CREATE {what} {qualified(kind, old)} AS {query};")
    lines += [f"{index.definition};" for index in old.indexes]
    lines += _grants_of(kind, old, old)
    return _together(kind, lines)


def recreate_function(kind: str, old: Function, new: Function | None) -> str:
    """Put a function back as it was; ``new`` is one with the same inputs and another result."""
    if old.definition is None or kind != POSTGRESQL:
        return ""
    definition = f"{old.definition.strip().rstrip(';')};"
    if new is None or new.returns == old.returns:
        return definition
    signature = f"{name(kind, new.schema)}.{name(kind, new.name)}({', '.join(new.arguments)})"
    what = "PROCEDURE" if new.kind == "procedure" else "FUNCTION"
    return _together(
        kind,
        [
            remark("Review: the new version's function goes; what depends on it refuses that."),
            f"DROP {what} {signature};",
            definition,
        ],
    )


def disable_trigger(kind: str, relation: Relation, trigger: str) -> str:
    """Let a trigger rest while the old version writes."""
    if kind != POSTGRESQL:
        return ""
    lines = (
        remark("Review: what the trigger did for the new version is not done meanwhile."),
        f"ALTER TABLE {qualified(kind, relation)} DISABLE TRIGGER {name(kind, trigger)};",
    )
    return "\n".join(lines)


def recreate_trigger(kind: str, relation: Relation, old: Trigger, new: Trigger | None) -> str:
    """Put a trigger back as it was; ``new`` is one of the same name."""
    if kind != POSTGRESQL:
        return ""
    where = qualified(kind, relation)
    if new is not None and new.definition == old.definition:
        state = "ENABLE" if old.enabled else "DISABLE"
        return f"ALTER TABLE {where} {state} TRIGGER {name(kind, old.name)};"
    lines = [f"DROP TRIGGER {name(kind, old.name)} ON {where};"] if new is not None else []
    return _together(kind, [*lines, f"{old.definition.rstrip(';')};"])


def default_partition(kind: str, relation: Relation) -> str:
    """Give a partitioned table a place for the keys no partition takes."""
    if kind != POSTGRESQL:
        return ""
    partition = f"{name(kind, relation.schema)}.{name(kind, f'{relation.name}_default'[:63])}"
    return f"CREATE TABLE {partition} PARTITION OF {qualified(kind, relation)} DEFAULT;"


def _selected(kind: str, old: Relation, new: Relation, renamed: Mapping[str, str]) -> str:
    there = {c.name for c in new.columns}
    pairs = ((renamed.get(c.name, c.name), c) for c in old.columns)
    return ", ".join(_aliased(kind, now, c.name) for now, c in pairs if now in there)


def _aliased(kind: str, now: str, was: str) -> str:
    plain = name(kind, now)
    return plain if now == was else f"{plain} AS {name(kind, was)}"


def _grantees(relation: Relation) -> tuple[str, ...]:
    found = (g.grantee for g in relation.grants if g.grantee != relation.owner)
    return tuple(dict.fromkeys(found))


def _grants_of(kind: str, like: Relation, to: Relation) -> list[str]:
    """Grant on ``to`` what was granted on ``like``, as far as a view can have it."""
    if kind != POSTGRESQL:
        return []
    lines = []
    for grantee in _grantees(like):
        privileges = [
            g.privilege.upper()
            for g in like.grants
            if g.grantee == grantee and g.column is None and g.privilege.upper() in _OF_VIEWS
        ]
        if privileges:
            wanted = ", ".join(dict.fromkeys(privileges))
            lines.append(f"GRANT {wanted} ON {qualified(kind, to)} TO {_role(kind, grantee)};")
    return lines


_OF_VIEWS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def _role(kind: str, role: str) -> str:
    return "PUBLIC" if role.lower() in ("public", "") else name(kind, role)


def _together(kind: str, lines: list[str]) -> str:
    statements = [line for line in lines if not line.startswith("--")]
    if len(statements) < 2 or kind != POSTGRESQL:  # noqa: PLR2004 - one alone is atomic by itself
        return "\n".join(lines)
    remarks = [line for line in lines if line.startswith("--")]
    return "\n".join((*remarks, "BEGIN;", *statements, "COMMIT;"))
