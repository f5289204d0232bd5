"""Give the roles of recorded schemas other names, and take those names out of what is told.

Used by ``shadow``; pure. The roles of a server belong to everybody who uses it: a copy on somebody
else's server must neither use a role that is there already, nor leave one of that name behind.
"""

import re
from collections.abc import Mapping

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog, Grant, Policy, Relation
from smartspec_rollback.ports.database import Rehearsal


def disguised(catalog: Catalog, names: Mapping[str, str]) -> Catalog:
    """Rename every role of a catalog; those without a new name, such as public, stay."""
    return replace(
        catalog,
        role=None if catalog.role is None else names.get(catalog.role, catalog.role),
        member_of=tuple(names.get(each, each) for each in catalog.member_of),
        relations=tuple(_relation(each, names) for each in catalog.relations),
        functions=tuple(
            replace(each, grants=_grants(each.grants, names)) for each in catalog.functions
        ),
        sequences=tuple(
            replace(each, grants=_grants(each.grants, names)) for each in catalog.sequences
        ),
    )


def undisguised(told: Rehearsal, names: Mapping[str, str]) -> Rehearsal:
    """Put the recorded names back into messages, which people read."""
    if not names:
        return told
    recorded = {new: old for old, new in names.items()}
    longest_first = sorted(recorded, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))

    def plain(text: str) -> str:
        return pattern.sub(lambda found: recorded[found[0]], text)

    return replace(
        told,
        before=tuple(replace(each, message=plain(each.message)) for each in told.before),
        after=tuple(replace(each, message=plain(each.message)) for each in told.after),
        runs=tuple(replace(each, message=plain(each.message)) for each in told.runs),
        missing_before=tuple(map(plain, told.missing_before)),
        missing_after=tuple(map(plain, told.missing_after)),
        notes=tuple(map(plain, told.notes)),
    )


def _relation(relation: Relation, names: Mapping[str, str]) -> Relation:
    return replace(
        relation,
        owner=None if relation.owner is None else names.get(relation.owner, relation.owner),
        grants=_grants(relation.grants, names),
        policies=tuple(_policy(each, names) for each in relation.policies),
    )


def _policy(policy: Policy, names: Mapping[str, str]) -> Policy:
    return replace(policy, roles=tuple(names.get(each, each) for each in policy.roles))


def _grants(grants: tuple[Grant, ...], names: Mapping[str, str]) -> tuple[Grant, ...]:
    return tuple(replace(each, grantee=names.get(each.grantee, each.grantee)) for each in grants)
