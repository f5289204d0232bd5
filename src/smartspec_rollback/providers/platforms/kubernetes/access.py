"""What we must be allowed to do, and the Role that allows it.

Called by ``platform`` for ``smartspec doctor``. Asks the cluster itself, by
SelfSubjectAccessReview; changes nothing.
"""

from dataclasses import dataclass

import yaml

from smartspec_rollback.ports.platform import Access
from smartspec_rollback.providers.platforms.kubernetes.guard import lease_name
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    LEASES,
    NETWORK_POLICIES,
    PODS,
    QUOTAS,
    SECRETS,
    SERVICES,
    Resource,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import shadow_name


@dataclass(frozen=True)
class Rule:
    """One thing we do: the verbs on a kind of object, on a single one where ``name`` is given."""

    resource: Resource
    verbs: tuple[str, ...]
    name: str | None
    why: str

    def __str__(self) -> str:
        named = f" {self.name}" if self.name else ""
        return f"{', '.join(self.verbs)} {self.resource.plural}{named}: {self.why}"


def rules(site: Site) -> tuple[Rule, ...]:
    """List what the settings need."""
    workload, lease, kind = site.settings.name, lease_name(site), site.kind
    return (
        Rule(kind.resource, ("get", "watch"), workload, "what is live, and how far a rollout is"),
        Rule(kind.resource, ("patch",), workload, "putting a template back"),
        Rule(kind.kept_in, ("list",), None, "earlier releases"),
        Rule(PODS, ("list",), None, "whether old instances are gone"),
        Rule(CONFIG_MAPS, ("get",), None, "whether configuration changed"),
        Rule(SECRETS, ("get",), None, "whether configuration changed"),
        Rule(LEASES, ("create",), None, "one rollback at a time"),
        Rule(LEASES, ("get", "patch", "delete"), lease, "one rollback at a time"),
        *_of_traffic(site),
    )


def _of_traffic(site: Site) -> tuple[Rule, ...]:
    """List what moving a Service, and standing prewarmed instances up beside it, need."""
    service, shadow = site.settings.traffic_service, shadow_name(site.settings.name)
    if service is None or site.kind.resource is not DEPLOYMENTS:
        return ()
    return (
        Rule(SERVICES, ("get", "patch"), service, "whom traffic goes to"),
        Rule(ENDPOINT_SLICES, ("list",), None, "which instances traffic goes to"),
        Rule(DEPLOYMENTS, ("create",), None, "prewarmed instances"),
        Rule(DEPLOYMENTS, ("get", "watch", "patch", "delete"), shadow, "prewarmed instances"),
        Rule(SERVICES, ("list",), None, "whether one would send traffic to prewarmed instances"),
        Rule(NETWORK_POLICIES, ("list",), None, "whether prewarmed instances would be cut off"),
        Rule(QUOTAS, ("list",), None, "whether there is room for prewarmed instances"),
    )


def access(site: Site) -> Access:
    """Ask about every rule; ProviderError where the cluster does not answer."""
    asked = 0
    lacking: list[Rule] = []
    for rule in rules(site):
        asked += len(rule.verbs)
        refused = tuple(
            verb for verb in rule.verbs if not site.api.allows(verb, rule.resource, rule.name)
        )
        if refused:
            lacking.append(Rule(rule.resource, refused, rule.name, rule.why))
    return Access(
        asked=asked,
        missing=tuple(str(rule) for rule in lacking),
        manifest=role(site, tuple(lacking)) if lacking else "",
    )


def role(site: Site, lacking: tuple[Rule, ...]) -> str:
    """Write the Role that allows what is missing; binding it to somebody is left to people."""
    made = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {
            "name": f"smartspec-{site.settings.workload.replace('/', '-')}",
            "namespace": site.api.namespace,
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
    written: str = yaml.safe_dump(made, sort_keys=False)
    return written
