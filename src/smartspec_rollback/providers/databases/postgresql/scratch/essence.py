"""What statements meet in a schema, to tell whether two catalogs come to the same.

Called by ``rehearsing``; pure. Names of what nobody addresses by name, comments, sizes and plain
indexes are left out.
"""

from smartspec_rollback.domain.catalog import Catalog, Grant, Relation

Essence = tuple[dict[str, object], dict[str, object], dict[str, object]]


def essence(catalog: Catalog, major: int, owners: frozenset[str]) -> Essence:
    """Take relations, types and functions, each by its name.

    Bodies of views are spelled alike by servers of one version only, so they count only where the
    catalog was read from version ``major``. ``owners`` are the names that stand for a superuser.
    """
    alike = catalog.version.partition(".")[0] == str(major)
    relations = {
        r.qualified: _relation(r, owners, alike=alike)
        for r in catalog.relations
        if r.extension is None
    }
    types: dict[str, object] = {
        t.qualified: (t.labels, t.base, t.nullable, t.checks, t.attributes and _names(t.attributes))
        for t in catalog.types
        if t.extension is None
    }
    functions: dict[str, object] = {
        f.signature: (f.definition, f.returns, _grants(f.grants, owners))
        for f in catalog.functions
        if f.extension is None
    }
    return relations, types, functions


def _names(columns: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(sorted(map(str, columns)))


def _relation(relation: Relation, owners: frozenset[str], *, alike: bool) -> object:
    return (
        relation.kind,
        sorted(
            (c.name, c.type, c.nullable, str(c.default), str(c.generated), str(c.identity))
            for c in relation.columns
        ),
        sorted(c.definition for c in relation.constraints),
        sorted((i.columns, str(i.predicate)) for i in relation.indexes if i.unique),
        sorted((t.definition, t.enabled) for t in relation.triggers),
        sorted(map(str, relation.policies)) if relation.row_security else [],
        (relation.row_security, relation.force_row_security),
        (relation.rules, relation.definition, relation.options) if alike else (),
        (relation.partition_of, relation.partition_bound, relation.partition_key),
        _grants(relation.grants, owners | {relation.owner}),
    )


def _grants(grants: tuple[Grant, ...], owners: frozenset[str | None]) -> list[tuple[str, str, str]]:
    """List privileges of others than owners, a copy's own among them."""
    return sorted(
        (g.grantee, g.privilege, g.column or "")
        for g in grants
        if g.grantee not in owners and g.privilege != "MAINTAIN"
    )
