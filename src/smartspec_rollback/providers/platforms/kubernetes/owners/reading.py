"""Looking at the owners of a workload, and at what stands above them; changes nothing.

Called by ``owning`` and ``access``. One call for each of them: a patch that only tests and is only
tried gives the object, and says whether we may change it.
"""

from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import Forbidden, Gone
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, Resource
from smartspec_rollback.providers.platforms.kubernetes.owners import argo_cd as argo
from smartspec_rollback.providers.platforms.kubernetes.owners import flux
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import (
    Claim,
    Doubt,
    FoundOwner,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

Found = tuple[FoundOwner, ...]


def read(site: Site, claimed: tuple[Claim, ...]) -> Found:
    """Look at every owner once, parents that have to sleep too before their children."""
    found: dict[str, FoundOwner] = {}
    for claim in claimed:
        for each in _with_parents(site, claim):
            found.setdefault(str(each.claim), each)
    return tuple(found.values())


def _with_parents(site: Site, claim: Claim) -> Found:
    own = _found(site, claim)
    if own.thing is None or own.resource is None:
        return (own,)
    if claim.kind.program == flux.PROGRAM:
        return _flux(site, own, own.thing)
    return (_doubted(own, *_argo_doubts(site, own.thing, own.resource)),)


def _flux(site: Site, own: FoundOwner, thing: Obj) -> Found:
    """Suspend the Kustomization of a HelmRelease too; of other parents only speak."""
    if own.claim.kind != flux.HELM_RELEASE:
        return (_doubted(own, flux.doubt(thing)),)
    parents = tuple(
        parent
        for claim in flux.claims(thing)
        if claim.kind == flux.KUSTOMIZATION
        for parent in _with_parents(site, claim)
    )
    if parents and all(each.asleep or each.to_suspend for each in parents):
        return (*parents, _doubted(own))
    return (*parents, _doubted(own, flux.doubt(thing)))


def _argo_doubts(site: Site, thing: Obj, resource: Resource) -> tuple[Doubt | None, ...]:
    if argo.APPLICATION.asleep(thing):
        return ()
    if name := argo.set_above(thing):
        namespace = str(thing["metadata"]["namespace"])
        found = _read(site, argo.APPLICATION_SETS, namespace, name)
        return (argo.doubt_by_set(thing, name, found),)
    above = argo.claim(
        thing, group=resource.group, kind=resource.kind, argo_cd=site.settings.argo_cd
    )
    if above is not None and above.name:
        found = _read(site, resource, above.namespace, above.name)
        return (argo.doubt_by_parent(thing, above, found),)
    return tuple(
        Doubt(
            f"{parent} applies {thing['metadata']['name']}, and with it its automation.",
            f"suspend {parent} too",
        )
        for parent in flux.claims(thing)
    )


def _read(site: Site, resource: Resource, namespace: str, name: str) -> Obj | None:
    """Read what stands above an owner; None where it cannot be read."""
    try:
        return site.api.get(resource, name, namespace=namespace)
    except ProviderError:
        return None


def _found(site: Site, claim: Claim) -> FoundOwner:
    """Read an owner; one that cannot be read is said, not raised: it must not stop a rollback."""
    kind = claim.kind
    if not claim.name:
        return FoundOwner(
            claim,
            doubt=Doubt(
                f"{kind.program} wrote {site.where}, but not in whose name.",
                f"suspend what {kind.program} deploys it by",
            ),
        )
    try:
        for resource in kind.resources:
            thing, ours = _looked_at(site, resource, claim)
            if thing is not None:
                return FoundOwner(claim, thing, resource, ours)
    except ProviderError as error:
        return FoundOwner(claim, doubt=Doubt(f"{claim}: {error.what}.", _remedy(claim, error)))
    return FoundOwner(
        claim,
        doubt=Doubt(
            f"The labels of {site.where} name {claim}, but there is none such in this cluster.",
            f"suspend it where it is; {kind.program} may run in another cluster or namespace",
        ),
    )


def _looked_at(site: Site, resource: Resource, claim: Claim) -> tuple[Obj | None, bool]:
    """Read an object and learn whether we may change it; None where there is none such."""
    only_test = ({"op": "test", "path": "/metadata/name", "value": claim.name},)
    ours = True
    try:
        return site.api.tried(resource, claim.name, only_test, namespace=claim.namespace), ours
    except Gone:
        return None, ours
    except Forbidden:
        ours = False
    except (FenceConflict, NotDone):
        pass  # a webhook that cannot be tried says nothing about patching for real
    return site.api.get(resource, claim.name, namespace=claim.namespace), ours


def _doubted(own: FoundOwner, *others: Doubt | None) -> FoundOwner:
    """Add what speaks against an owner's staying asleep."""
    doubts = [each for each in others if each is not None and not own.asleep]
    if own.asleep is False and not own.ours:
        resource = own.claim.kind.resources[0]
        doubts.append(
            Doubt(
                f"We may not suspend {own.claim}.",
                f"suspend it yourself, or allow it: {_rule(resource, 'patch', own.claim)}",
            )
        )
    if own.thing is not None and (busy := own.claim.kind.busy(own.thing)):
        doubts.append(
            Doubt(busy, f"`argocd app terminate-op {own.claim.namespace}/{own.claim.name}`")
        )
    if not doubts:
        return own
    joined = Doubt(
        " ".join(each.sentence for each in doubts),
        "; ".join(each.remedy for each in doubts),
        pointless=any(each.pointless for each in doubts),
    )
    return FoundOwner(own.claim, own.thing, own.resource, own.ours, joined)


def _remedy(claim: Claim, error: ProviderError) -> str:
    if isinstance(error, Forbidden):
        return f"allow it: {_rule(claim.kind.resources[0], 'get, patch', claim)}"
    return "look at it, and suspend it yourself"


def _rule(resource: Resource, verbs: str, claim: Claim) -> str:
    return (
        f"a Role in {claim.namespace} with {{apiGroups: [{resource.group}], "
        f"resources: [{resource.plural}], resourceNames: [{claim.name}], verbs: [{verbs}]}}"
    )
