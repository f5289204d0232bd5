"""What we must be allowed to do, and the Role that allows it.

Called by ``platform`` for ``smartspec doctor``. Asks the cluster itself, by
SelfSubjectAccessReview; changes nothing. Owners count only where there are any, and may be in
other namespaces, which take a Role each.
"""

from dataclasses import dataclass, replace
from typing import Any

import yaml

from smartspec_rollback.ports.platform import Access
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import Forbidden
from smartspec_rollback.providers.platforms.kubernetes.guard import lease_name
from smartspec_rollback.providers.platforms.kubernetes.helm import records
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    AUTOSCALERS,
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    EVENTS,
    EVICTIONS,
    HTTP_ROUTES,
    LEASES,
    NETWORK_POLICIES,
    PODS,
    PODS_PROXY,
    QUOTAS,
    ROLLOUTS,
    ROLLOUTS_STATUS,
    SECRETS,
    SERVICES,
    Obj,
    Resource,
    name_of,
)
from smartspec_rollback.providers.platforms.kubernetes.owners import argo_cd, detecting, reading
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import shadow_name
from smartspec_rollback.providers.platforms.kubernetes.slots import reading as slots
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family

_UNREAD = (
    "# Which workloads stand side by side, and what Argo CD, Flux or Helm need, is known once\n"
    "# this is applied: ask again then.\n"
)


@dataclass(frozen=True)
class Rule:
    """One thing we do: the verbs on a kind of object, on a single one where ``name`` is given.

    Without a ``namespace`` it is the workload's. What is ``optional`` is not missed, but is in the
    Role that somebody has to apply anyway.
    """

    resource: Resource
    verbs: tuple[str, ...]
    name: str | None
    why: str
    namespace: str | None = None
    optional: bool = False

    def __str__(self) -> str:
        named = f" {self.name}" if self.name else ""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{', '.join(self.verbs)} {self.resource.plural}{named}{where}: {self.why}"


def rules(site: Site, family: Family | None) -> tuple[Rule, ...]:
    """List what the settings need, for the workloads that stand side by side if there are any."""
    lease, kind = lease_name(site), site.kind
    names = [each.name for each in family.slots] if family is not None else [site.settings.name]
    return (
        *(
            rule
            for name in names
            for rule in (
                Rule(kind.resource, ("get", "watch"), name, "what is live, and what goes on"),
                Rule(kind.resource, ("patch",), name, "putting a template back"),
            )
        ),
        Rule(kind.kept_in, ("list",), None, "earlier releases"),
        Rule(PODS, ("list",), None, "whether old instances are gone"),
        *(_of_instances(site) if family is None else ()),
        Rule(QUOTAS, ("list",), None, "whether there is room for instances"),
        Rule(CONFIG_MAPS, ("get",), None, "whether configuration changed"),
        Rule(SECRETS, ("get",), None, "whether configuration changed"),
        Rule(CONFIG_MAPS, ("create", "patch"), None, "putting captured configuration back"),
        Rule(LEASES, ("create",), None, "one rollback at a time"),
        Rule(LEASES, ("get", "patch", "delete"), lease, "one rollback at a time"),
        Rule(EVENTS, ("create", "get", "patch"), None, "telling what is done", optional=True),
        *_of_rollouts(site),
        *_of_choosing(site),
        *(_of_traffic(site) if family is None else ()),
    )


def _of_rollouts(site: Site) -> tuple[Rule, ...]:
    """List what a Rollout needs besides: promoting it, and where its template is kept."""
    if site.kind.resource is not ROLLOUTS:
        return ()
    promoting = Rule(ROLLOUTS_STATUS, ("patch",), site.settings.name, "promoting past a canary")
    try:
        holder = site.kind.holder(site.api, workload := site.workload())
    except Forbidden:
        return (promoting,)  # the rest is among what is missing
    if holder.thing is workload:
        return (promoting,)
    why = "where its template is kept"
    return (promoting, Rule(holder.resource, ("get", "patch"), name_of(holder.thing), why))


def _of_choosing(site: Site) -> tuple[Rule, ...]:
    """List what finding out, and changing, whom traffic goes to needs."""
    kind, _, name = (site.settings.traffic or "").partition("/")
    if not name or site.kind.resource is DAEMON_SETS:
        return ()
    why = "which workloads traffic chooses among"
    front = SERVICES if kind == "service" else HTTP_ROUTES
    return (
        Rule(front, ("get", "patch"), name, "whom traffic goes to"),
        Rule(site.kind.resource, ("list",), None, why),
        *((Rule(SERVICES, ("list",), None, why),) if front is HTTP_ROUTES else ()),
        Rule(ENDPOINT_SLICES, ("list",), None, "which instances traffic goes to"),
        Rule(AUTOSCALERS, ("list",), None, "whose replicas are not ours to write"),
    )


def _of_instances(site: Site) -> tuple[Rule, ...]:
    """List what instances need that the cluster does not replace by itself; mostly nothing."""
    evicting = Rule(EVICTIONS, ("create",), None, "replacing instances (OnDelete)")
    deleting = Rule(PODS, ("delete",), None, "deleting an instance that the cluster waits for")
    try:
        workload = site.workload()
    except Forbidden:
        # Whether it needs them cannot be read: whoever applies the Role should not have to twice.
        both = (evicting, deleting) if site.kind.resource is not DEPLOYMENTS else ()
        return tuple(replace(rule, optional=True) for rule in both)
    if not site.kind.replaces_by_itself(workload):
        return (evicting,)
    return (deleting,) if site.kind.waits_for_broken_pods(workload) else ()


def _of_traffic(site: Site) -> tuple[Rule, ...]:
    """List what moving a Service, and standing prewarmed instances up beside it, need."""
    service, shadow = site.settings.traffic_service, shadow_name(site.settings.name)
    if service is None or site.kind.resource is not DEPLOYMENTS:
        return ()
    return (
        Rule(DEPLOYMENTS, ("create",), None, "prewarmed instances"),
        Rule(DEPLOYMENTS, ("get", "watch", "patch", "delete"), shadow, "prewarmed instances"),
        Rule(SERVICES, ("list",), None, "whether one would send traffic to prewarmed instances"),
        Rule(NETWORK_POLICIES, ("list",), None, "whether prewarmed instances would be cut off"),
        Rule(PODS_PROXY, ("get",), None, "smoke tests of prewarmed instances from outside"),
    )


def deployer_rules(site: Site, family: Family | None, workload: Obj | None) -> tuple[Rule, ...]:
    """List what dealing with whoever deploys needs; Forbidden where nobody lets us look.

    Nothing without Argo CD, Flux or Helm.
    """
    owners = _of_owners(site, _of_family(family) if family is not None else _of_one(site))
    return (*owners, *_of_helm(workload or site.workload()))


def _of_owners(site: Site, changed: tuple[tuple[Obj, Resource], ...]) -> tuple[Rule, ...]:
    """List what suspending the owners of all that a rollback changes needs."""
    argo = site.settings.argo_cd
    claims = (each for o, r in changed for each in detecting.claims(o, r, argo_cd=argo))
    claimed = tuple(dict.fromkeys(claims))
    found: list[Rule] = []
    for each in reading.read(site, claimed):
        claim, resource = each.claim, each.resource or each.claim.kind.resources[0]
        if not claim.name:
            continue
        why = "suspending what would put the failed release back"
        found.append(Rule(resource, ("get", "patch"), claim.name, why, claim.namespace))
        if each.thing is not None and (above := argo_cd.set_above(each.thing)):
            why = "whether it wakes its Application again"
            found.append(Rule(argo_cd.APPLICATION_SETS, ("get",), above, why, claim.namespace))
    return tuple(found)


def _of_family(family: Family) -> tuple[tuple[Obj, Resource], ...]:
    slots = tuple((s.state.workload, s.state.kind.resource) for s in family.slots)
    return (*slots, (family.front.thing, family.front.resource))


def _of_one(site: Site) -> tuple[tuple[Obj, Resource], ...]:
    service = site.settings.traffic_service
    front = site.api.get(SERVICES, service) if service else None
    workload = site.workload()
    holder = site.kind.holder(site.api, workload)
    own = ((workload, site.kind.resource), (holder.thing, holder.resource))
    return (*own, (front, SERVICES)) if front is not None else own


def _of_helm(workload: Obj) -> tuple[Rule, ...]:
    """List what keeping Helm's record true needs."""
    release = records.release_of(workload)
    if release is None:
        return ()
    return (Rule(SECRETS, ("list",), None, "what Helm takes for live", release.namespace),)


def _family(site: Site) -> Family | None:
    """Read the workloads that stand side by side; None where there are none, or nobody may."""
    try:
        return slots.read(site)
    except Forbidden:
        return None  # that is among what is missing


def access(site: Site) -> Access:
    """Ask about every rule; ProviderError where the cluster does not answer."""
    family = _family(site)
    live = family.live or family.slots[0] if family is not None else None
    workload = live.state.workload if live is not None else None
    try:
        deployers: tuple[Rule, ...] | None = deployer_rules(site, family, workload)
    except Forbidden:
        deployers = None
    needed = (*rules(site, family), *(deployers or ()))
    lacking = tuple(lack for rule in needed if (lack := _lacking(site, rule)) is not None)
    missing = tuple(str(rule) for rule in lacking if not rule.optional)
    return Access(
        asked=sum(len(rule.verbs) for rule in needed),
        missing=missing,
        manifest=("" if deployers is not None else _UNREAD) + roles(site, needed, lacking)
        if missing
        else "",
    )


def _lacking(site: Site, rule: Rule) -> Rule | None:
    """Ask about a rule's verbs; None where all are allowed."""
    refused = tuple(
        verb
        for verb in rule.verbs
        if not site.api.allows(verb, rule.resource, rule.name, namespace=rule.namespace)
    )
    return replace(rule, verbs=refused) if refused else None


def roles(site: Site, needed: tuple[Rule, ...], lacking: tuple[Rule, ...]) -> str:
    """Write the Roles that allow all we do; binding them to somebody is left to people.

    A Role that is applied takes the place of the one of its name: so each says everything about
    its namespace, and only namespaces where nothing is missing have none.
    """
    own = site.api.namespace
    made = [
        _role(site, place, tuple(rule for rule in needed if (rule.namespace or own) == place))
        for place in dict.fromkeys(rule.namespace or own for rule in lacking)
    ]
    written: str = yaml.safe_dump_all(made, sort_keys=False)
    return written


def _role(site: Site, namespace: str, needed: tuple[Rule, ...]) -> dict[str, Any]:
    verbs: dict[tuple[Resource, str | None], dict[str, None]] = {}
    for rule in needed:
        verbs.setdefault((rule.resource, rule.name), {}).update(dict.fromkeys(rule.verbs))
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {
            "name": f"smartspec-{site.settings.workload.replace('/', '-')}",
            "namespace": namespace,
        },
        "rules": [
            {
                "apiGroups": [resource.group],
                "resources": [resource.plural],
                **({"resourceNames": [name]} if name else {}),
                "verbs": list(allowed),
            }
            for (resource, name), allowed in verbs.items()
        ],
    }
