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
    SECRETS,
    SERVICES,
    Obj,
    Resource,
)
from smartspec_rollback.providers.platforms.kubernetes.owners import argo_cd, detecting, reading
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import shadow_name
from smartspec_rollback.providers.platforms.kubernetes.slots import reading as slots
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family


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
        *_of_choosing(site),
        *(_of_traffic(site) if family is None else ()),
    )


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
    try:
        workload = site.workload()
    except Forbidden:
        return ()  # that is among what is missing
    if not site.kind.replaces_by_itself(workload):
        return (Rule(EVICTIONS, ("create",), None, "replacing instances (OnDelete)"),)
    if site.kind.waits_for_broken_pods(workload):
        return (Rule(PODS, ("delete",), None, "deleting an instance that the cluster waits for"),)
    return ()


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


def owner_rules(site: Site, family: Family | None) -> tuple[Rule, ...]:
    """List what suspending the owners of all that a rollback changes needs; nothing without any."""
    argo = site.settings.argo_cd
    try:
        changed = _of_family(family) if family is not None else _of_one(site)
    except Forbidden:
        return ()  # that is among what is missing
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
    own = (site.workload(), site.kind.resource)
    return (own, (front, SERVICES)) if front is not None else (own,)


def helm_rules(site: Site, workload: Obj | None) -> tuple[Rule, ...]:
    """List what keeping Helm's record true needs; nothing where Helm did not make the workload."""
    try:
        release = records.release_of(workload or site.workload())
    except Forbidden:
        return ()
    if release is None:
        return ()
    why = "what Helm takes for live"
    return (Rule(SECRETS, ("list",), None, why, release.namespace),)


def _family(site: Site) -> Family | None:
    """Read the workloads that stand side by side; None where there are none, or nobody may."""
    try:
        return slots.read(site)
    except Forbidden:
        return None  # that is among what is missing


def access(site: Site) -> Access:
    """Ask about every rule; ProviderError where the cluster does not answer."""
    asked = 0
    lacking: list[Rule] = []
    family = _family(site)
    live = family.live or family.slots[0] if family is not None else None
    workload = live.state.workload if live is not None else None
    for rule in (
        *rules(site, family),
        *owner_rules(site, family),
        *helm_rules(site, workload),
    ):
        asked += len(rule.verbs)
        refused = tuple(
            verb
            for verb in rule.verbs
            if not site.api.allows(verb, rule.resource, rule.name, namespace=rule.namespace)
        )
        if refused:
            lacking.append(replace(rule, verbs=refused))
    missing = tuple(str(rule) for rule in lacking if not rule.optional)
    return Access(
        asked=asked, missing=missing, manifest=roles(site, tuple(lacking)) if missing else ""
    )


def roles(site: Site, lacking: tuple[Rule, ...]) -> str:
    """Write the Roles that allow what is missing; binding them to somebody is left to people."""
    places = dict.fromkeys(rule.namespace or site.api.namespace for rule in lacking)
    made = [
        _role(
            site,
            place,
            tuple(rule for rule in lacking if (rule.namespace or site.api.namespace) == place),
        )
        for place in places
    ]
    written: str = yaml.safe_dump_all(made, sort_keys=False)
    return written


def _role(site: Site, namespace: str, lacking: tuple[Rule, ...]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {
            "name": f"smartspec-{site.settings.workload.replace('/', '-')}",
            "namespace": namespace,
        },
        "rules": [
            {
                "apiGroups": [rule.resource.group],
                "resources": [rule.resource.plural],
                **({"resourceNames": [rule.name]} if rule.name else {}),
                "verbs": list(rule.verbs),
            }
            for rule in lacking
        ],
    }
