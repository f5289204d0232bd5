"""Who owns a workload, told by its metadata alone: a workload nobody owns costs no call.

Called by ``owning`` and ``access``. Pure.
"""

from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, Resource
from smartspec_rollback.providers.platforms.kubernetes.owners import argo_cd as argo
from smartspec_rollback.providers.platforms.kubernetes.owners import flux
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import Claim


def claims(thing: Obj, resource: Resource, *, argo_cd: str) -> tuple[Claim, ...]:
    """List who deploys an object of a kind; ``argo_cd`` is the namespace of Argo CD."""
    application = argo.claim(thing, group=resource.group, kind=resource.kind, argo_cd=argo_cd)
    return (*flux.claims(thing), *((application,) if application else ()))
