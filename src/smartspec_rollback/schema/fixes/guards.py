"""Narrow fixes of what guards rows, as SQL to review: constraints, privileges, policies, types.

Called by ``fixes.fix`` and by rules that know better than it what is needed. Each returns an empty
text where no narrow fix exists for that kind of database. Nothing is ever executed.
"""

import re
from collections.abc import Sequence

from smartspec_rollback.domain.catalog import Constraint, ConstraintKind, DefinedType, Relation
from smartspec_rollback.schema.fixes.quoting import (
    POSTGRESQL,
    SQLITE,
    is_mysql,
    literal,
    name,
    names,
    qualified,
    remark,
)

_ON_DELETE = re.compile(
    r"\s+ON DELETE (NO ACTION|RESTRICT|CASCADE|SET NULL|SET DEFAULT)(\s*\([^)]*\))?", re.IGNORECASE
)
_BODY = "$loosen$"


def drop_constraint(kind: str, relation: Relation, constraint: Constraint) -> str:
    """Drop a constraint the old version's rows may violate."""
    if kind == SQLITE:
        return ""
    what = "FOREIGN KEY" if _is_old_foreign_key(kind, constraint) else "CONSTRAINT"
    return "\n".join(
        (
            remark("Review: rows may then violate what the new version relies on."),
            f"ALTER TABLE {qualified(kind, relation)} DROP {what} {name(kind, constraint.name)};",
        )
    )


def drop_index(kind: str, relation: Relation, index: str) -> str:
    """Drop a unique index the old version's rows may violate."""
    if is_mysql(kind):
        return f"DROP INDEX {name(kind, index)} ON {qualified(kind, relation)};"
    return f"DROP INDEX {name(kind, relation.schema)}.{name(kind, index)};"


def restore_constraint(kind: str, relation: Relation, constraint: Constraint) -> str:
    """Add a constraint as it was: an ON CONFLICT may need it."""
    if kind == SQLITE:
        return ""
    definition = constraint.definition
    if constraint.kind is ConstraintKind.PRIMARY_KEY and relation.primary_key:
        definition = f"UNIQUE ({names(kind, constraint.columns)})"
        added = f"ADD {definition}"  # the new primary key may have taken the name
    else:
        added = f"ADD CONSTRAINT {name(kind, constraint.name)} {definition}"
    return "\n".join(
        (
            remark("Review: this fails while rows violate it; look for duplicates first."),
            f"ALTER TABLE {qualified(kind, relation)} {added};",
        )
    )


def cascade_deletes(kind: str, relation: Relation, constraint: Constraint) -> str:
    """Let deletes of the old version take the referring rows with them."""
    if kind != POSTGRESQL:
        return ""
    where, it = qualified(kind, relation), name(kind, constraint.name)
    bare = _ON_DELETE.sub("", constraint.definition).removesuffix(" NOT VALID")
    deferral = re.search(r"( NOT DEFERRABLE| DEFERRABLE.*)$", bare)
    tail = deferral.group() if deferral else ""
    definition = f"{bare.removesuffix(tail)} ON DELETE CASCADE{tail} NOT VALID"
    return "\n".join(
        (
            remark("Review: a delete of the old version then deletes the referring rows too;"),
            remark("to keep those, drop the constraint instead."),
            f"ALTER TABLE {where} DROP CONSTRAINT {it},",
            f"    ADD CONSTRAINT {it} {definition};",
        )
    )


def grant(
    kind: str, relation: Relation, privilege: str, role: str, columns: Sequence[str] = ()
) -> str:
    """Grant a privilege on a relation, or on some of its columns."""
    if kind == SQLITE:
        return ""
    limited = f" ({names(kind, columns)})" if columns else ""
    to = "PUBLIC" if role.lower() == "public" else name(kind, role)
    return f"GRANT {privilege.upper()}{limited} ON {qualified(kind, relation)} TO {to};"


def grant_on(kind: str, what: str, spelled: str, privilege: str, role: str) -> str:
    """Grant a privilege on another object; ``spelled`` is its quoted name.

    ``what`` is the word for it in SQL: ``SCHEMA``, ``SEQUENCE``, ``FUNCTION``.
    """
    if kind != POSTGRESQL:
        return ""
    to = "PUBLIC" if role.lower() == "public" else name(kind, role)
    return f"GRANT {privilege.upper()} ON {what} {spelled} TO {to};"


def open_policy(kind: str, relation: Relation, role: str) -> str:
    """Let a role see and write every row in spite of row-level security."""
    if kind != POSTGRESQL:
        return ""
    policy = name(kind, f"{relation.name}_old_version"[:63])
    where = qualified(kind, relation)
    return "\n".join(
        (
            remark("Review: this shows the role every row; restrictive policies still hold."),
            f"CREATE POLICY {policy} ON {where} TO {name(kind, role)}",
            "    USING (true) WITH CHECK (true);",
        )
    )


def add_label(kind: str, old: DefinedType, label: str, now: tuple[str, ...]) -> str:
    """Give an enum a label back, behind the one it stood behind; ``now`` are its labels."""
    if kind != POSTGRESQL:
        return ""
    before = [each for each in old.labels[: old.labels.index(label)] if each in now]
    place = f" AFTER {literal(before[-1])}" if before else ""
    type_name = f"{name(kind, old.schema)}.{name(kind, old.name)}"
    return f"ALTER TYPE {type_name} ADD VALUE IF NOT EXISTS {literal(label)}{place};"


def loosen_domain(kind: str, old: DefinedType, new: DefinedType) -> str:
    """Drop what a domain demands now and did not before."""
    if kind != POSTGRESQL:
        return ""
    where = f"{name(kind, new.schema)}.{name(kind, new.name)}"
    if any(_BODY in text for text in (where, *new.checks)):
        return ""
    lines = []
    if old.nullable and not new.nullable:
        lines.append(f"ALTER DOMAIN {where} DROP NOT NULL;")
    lines += [_drop_check(where, check) for check in new.checks if check not in old.checks]
    if lines:
        lines.insert(0, remark("Review: values may then violate what the new version relies on."))
    return "\n".join(lines)


def _drop_check(domain: str, definition: str) -> str:
    """Drop a domain's check by what it demands: its name is not recorded."""
    named = f"contypid = {literal(domain)}::regtype"
    wanted = f"pg_get_constraintdef(oid) = {literal(definition)}"
    drop = literal(f"ALTER DOMAIN {domain.replace('%', '%%')} DROP CONSTRAINT %I")
    return "\n".join(
        (
            "DO LANGUAGE plpgsql " + _BODY,
            "DECLARE it name; BEGIN",
            "    SELECT conname INTO STRICT it FROM pg_catalog.pg_constraint",
            f"    WHERE {named} AND {wanted};",
            f"    EXECUTE format({drop}, it);",
            f"END {_BODY};",
        )
    )


def _is_old_foreign_key(kind: str, constraint: Constraint) -> bool:
    """MySQL before 8.0.19 and MariaDB name the kind of constraint they drop."""
    return is_mysql(kind) and constraint.kind is ConstraintKind.FOREIGN_KEY
