"""Roles, owners and privileges of scratch copies.

Called by ``copies`` and ``materialise``. What is in a recorded catalog is somebody else's code
(functions, triggers, expressions), and a scratch server runs as this process's user: so it only
ever runs as OWNER, who is no superuser, may make no roles, reach no files and start no programs,
and connects as itself, so that no RESET leads back to a superuser.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import psycopg
from psycopg import sql

from smartspec_rollback.domain.catalog import Catalog, Grant, Relation, RelationKind
from smartspec_rollback.providers.databases.postgresql.naming import identifier, quoted
from smartspec_rollback.providers.databases.postgresql.scratch.definitions import Step

Connection = psycopg.Connection[tuple[object, ...]]

OWNER = "smartspec_owner"
"""Makes and owns copies, and runs what a superuser ran: it passes row security by."""

_PUBLIC = "public"
_TAKEN = ("postgres", OWNER)
_HARMLESS = ("pg_read_all_data", "pg_write_all_data")
"""Predefined roles that reach nothing outside of the database."""
_LONGEST = 63
_KNOWN = """
    SELECT r.rolname::text, EXISTS (SELECT FROM pg_catalog.pg_auth_members m
        JOIN pg_catalog.pg_roles o ON o.oid = m.member WHERE m.roleid = r.oid AND o.rolname = %s)
    FROM pg_catalog.pg_roles r
"""
_ALL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"})
_MAINTAIN_SINCE = 17


def scratch_name(role: str) -> str:
    """Rename a role that means something else in a scratch server."""
    if role in _HARMLESS:
        return role
    if role in _TAKEN or role.startswith("pg_") or role in {_PUBLIC, "none"}:
        return f"smartspec_{role}"[:_LONGEST]
    return role


def runs_as(catalog: Catalog) -> str:
    """Name the role that stands for the application's in a copy."""
    if catalog.role is None or catalog.superuser:
        return OWNER
    return scratch_name(catalog.role)


def make_roles(superuser: Connection, catalogs: Iterable[Catalog], owner: str = OWNER) -> None:
    """Make every role the catalogs name, none of which can do anything yet; idempotent.

    ``owner`` stands for OWNER where that name is not ours alone; it is there then.
    """
    wanted = dict.fromkeys(scratch_name(r) for catalog in catalogs for r in roles(catalog))
    rows = superuser.execute(_KNOWN, [owner]).fetchall()
    known = {str(name): bool(member) for name, member in rows}
    commands = []
    if owner not in known:
        commands.append(f"CREATE ROLE {owner} LOGIN BYPASSRLS")
    for name in wanted:
        role = identifier(name)
        if name not in known:
            commands.append(f"CREATE ROLE {role} NOLOGIN")
        if not known.get(name):
            commands.append(f"GRANT {role} TO {owner}")
    if commands:
        superuser.execute("; ".join(commands).encode())


def memberships(catalog: Catalog) -> tuple[str, frozenset[str]]:
    """Tell who stands for the application's role in a copy, and which roles it is a member of."""
    role = runs_as(catalog)
    others = () if role == OWNER else map(scratch_name, catalog.member_of)
    return role, frozenset(others) - {role}


def join(superuser: Connection, catalog: Catalog) -> None:
    """Give the application's role the memberships it has in this catalog, and no others."""
    role, wanted = memberships(catalog)
    if role == OWNER:
        return
    member = sql.Identifier(role)
    rows = superuser.execute(
        "SELECT g.rolname::text FROM pg_catalog.pg_auth_members m "
        "JOIN pg_catalog.pg_roles g ON g.oid = m.roleid "
        "JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE r.rolname = %s",
        [role],
    ).fetchall()
    for (name,) in rows:
        superuser.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(str(name)), member))
    for name in sorted(wanted):
        superuser.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(name), member))


def steps(catalog: Catalog, major: int) -> Iterator[tuple[Step, ...]]:
    """Give the commands for policies, then owners, then privileges."""
    own = [r for r in catalog.relations if r.extension is None]
    yield tuple(step for relation in own for step in _policies(relation))
    yield tuple(_owners(catalog, own))
    yield tuple(_privileges(catalog, own, major))


def roles(catalog: Catalog) -> Iterator[str]:
    """Name every role of a catalog, some of them several times."""
    yield from filter(None, (catalog.role, *catalog.member_of))
    for relation in catalog.relations:
        yield from filter(None, (relation.owner,))
        yield from _grantees(relation.grants)
        yield from (r for policy in relation.policies for r in policy.roles if r != _PUBLIC)
    for function in catalog.functions:
        yield from _grantees(function.grants)
    for sequence in catalog.sequences:
        yield from _grantees(sequence.grants)


def _grantees(grants: Iterable[Grant]) -> Iterator[str]:
    return (grant.grantee for grant in grants if grant.grantee != _PUBLIC)


def _to(role: str) -> str:
    return "PUBLIC" if role == _PUBLIC else identifier(scratch_name(role))


def _policies(relation: Relation) -> Iterator[Step]:
    for each in relation.policies:
        words = [
            f"CREATE POLICY {identifier(each.name)} ON {quoted(relation.schema, relation.name)}",
            "AS PERMISSIVE" if each.permissive else "AS RESTRICTIVE",
            f"FOR {each.command.upper()}",
            f"TO {', '.join(map(_to, each.roles)) or 'PUBLIC'}",
        ]
        words += [f"USING ({each.using})"] if each.using is not None else []
        words += [f"WITH CHECK ({each.check})"] if each.check is not None else []
        yield Step(f"{each.name} on {relation.qualified}", " ".join(words))


def _owners(catalog: Catalog, relations: Iterable[Relation]) -> Iterator[Step]:
    """Hand relations to their owners, who need the schema for that."""
    pairs = dict.fromkeys((r.schema, _to(r.owner)) for r in relations if r.owner is not None)
    for schema in catalog.schemas:
        yield Step("", f"GRANT USAGE ON SCHEMA {identifier(schema)} TO PUBLIC")
    for schema, owner in pairs:
        yield Step("", f"GRANT CREATE ON SCHEMA {identifier(schema)} TO {owner}")
    for each in relations:
        if each.owner is not None:
            what = {
                RelationKind.VIEW: "VIEW",
                RelationKind.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
            }.get(each.kind, "TABLE")
            yield Step(
                f"owner of {each.qualified}",
                f"ALTER {what} {quoted(each.schema, each.name)} OWNER TO {_to(each.owner)}",
            )


def _privileges(catalog: Catalog, relations: Iterable[Relation], major: int) -> Iterator[Step]:
    for each in relations:
        name = quoted(each.schema, each.name)
        owns = {g.privilege for g in each.grants if g.grantee == each.owner and g.column is None}
        others = [g for g in each.grants if g.grantee != each.owner]
        if each.owner is not None and each.grants and not owns >= _ALL:
            yield Step("", f"REVOKE ALL ON {name} FROM {_to(each.owner)}")
            others = list(each.grants)
        yield from _grants(f"TABLE {name}", each.qualified, others, major)
    for sequence in catalog.sequences:
        target = f"SEQUENCE {quoted(sequence.schema, sequence.name)}"
        yield from _grants(target, sequence.qualified, sequence.grants, major)
    for function in catalog.functions:
        if function.extension is not None or function.kind == "aggregate" or not function.grants:
            continue
        arguments = ", ".join(function.arguments)
        target = f"ROUTINE {quoted(function.schema, function.name)}({arguments})"
        if _PUBLIC not in {g.grantee for g in function.grants}:
            yield Step("", f"REVOKE ALL ON {target} FROM PUBLIC")
        rest = (g for g in function.grants if g.grantee != _PUBLIC)
        yield from _grants(target, function.signature, rest, major)


def _grants(target: str, name: str, grants: Iterable[Grant], major: int) -> Iterator[Step]:
    """Write one command a grantee and column; a privilege this server lacks is left out."""
    grouped: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for grant in grants:
        if grant.privilege != "MAINTAIN" or major >= _MAINTAIN_SINCE:
            grouped[grant.grantee, grant.column].append(grant.privilege)
    for (grantee, column), privileges in grouped.items():
        on = f" ({identifier(column)})" if column is not None else ""
        words = ", ".join(f"{privilege}{on}" for privilege in privileges)
        yield Step(f"privileges on {name}", f"GRANT {words} ON {target} TO {_to(grantee)}")
