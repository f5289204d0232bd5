"""Which privileges the old version's role has in a schema.

Called by the rules about access and triggers. The role is the recorded one: a schema that was read
as somebody else says nothing of what the application may do.
"""

from smartspec_rollback.domain.catalog import Catalog, Grant, Relation
from smartspec_rollback.schema.case import Case

_EVERYBODY = frozenset({"public", ""})


def roles(case: Case, *, new: bool) -> frozenset[str]:
    """Return every role whose privileges the old version's role has, itself included."""
    before, after = case.before.catalog, case.after
    catalog = after if new and after.role == before.role and after.member_of else before
    return frozenset((*catalog.member_of, *((catalog.role,) if catalog.role else ())))


def unbound(case: Case, *, new: bool) -> bool:
    """Tell whether the old version's role needs no privilege at all."""
    before, after = case.before.catalog, case.after
    return after.superuser if new and after.role == before.role else before.superuser


def granted(
    grants: tuple[Grant, ...], privilege: str, mine: frozenset[str], column: str | None = None
) -> bool:
    """Tell whether one of the roles has a privilege, on the whole or on ``column``."""
    return any(
        grant.privilege.upper() == privilege
        and (grant.grantee in mine or grant.grantee.lower() in _EVERYBODY)
        and grant.column in {None, column}
        for grant in grants
    )


def may(case: Case, relation: Relation, privilege: str, column: str | None, *, new: bool) -> bool:
    """Tell whether the old version's role has a privilege on a relation."""
    mine = roles(case, new=new)
    return (
        unbound(case, new=new)
        or relation.owner in mine
        or granted(relation.grants, privilege, mine, column)
    )


def lacks(case: Case, relation: Relation, privilege: str) -> bool:
    """Tell whether the old version's role certainly lacks a privilege in the new schema."""
    catalog: Catalog = case.before.catalog
    if catalog.role is None or not relation.grants or case.after.kind == "sqlite":
        return False
    columns = (None, *(c.name for c in relation.columns))
    return not any(may(case, relation, privilege, each, new=True) for each in columns)
