"""What people write about the platform ``kubernetes`` in smartspec.yaml.

Decoded by ``config`` from the annotations here; the reference documentation is generated from
the descriptions. Read by every module of this package, changed by none.
"""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from smartspec_rollback.domain.values import Value

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"

Seconds = Annotated[float, Meta(gt=0, extra={"smartspec": "duration"})]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", max_length=2000)]

Front = Annotated[str, Meta(pattern=rf"^(service|httproute)/{_SUBDOMAIN}$", max_length=253)]


class KubernetesSettings(Value):
    """A workload in a cluster, rolled back by the cluster's own rolling update.

    Nothing needs to be installed in the cluster; `smartspec doctor` names missing permissions.
    """

    workload: Annotated[
        str,
        Meta(
            pattern=rf"^(deployment|statefulset|daemonset|rollout)/{_SUBDOMAIN}$",
            max_length=253,
            description="The workload that runs the service: its kind (deployment, statefulset, "
            "daemonset, or rollout of Argo Rollouts), a slash, its name; of several side by side "
            "the start of their names.",
            examples=["deployment/checkout", "statefulset/orders"],
        ),
    ]
    namespace: Annotated[
        str | None,
        Meta(
            description="The namespace the workload is in; without it, the context's own.",
            examples=["shop"],
        ),
    ] = None
    context: Annotated[
        str | None,
        Meta(
            description="The context of the kubeconfig to use; without it, the current one.",
            examples=["prod"],
        ),
    ] = None
    kubeconfig: Annotated[
        Path | None,
        Meta(
            description="The kubeconfig file; without it, those KUBECONFIG names, else "
            "~/.kube/config, else the service account of the pod this runs in.",
            examples=["kubeconfig.yaml"],
        ),
    ] = None
    traffic: Annotated[
        Front | None,
        Meta(
            description="What sends traffic to the workload. `service/NAME`: where other workloads "
            "(`NAME-green` beside `NAME-blue`) differ only in one label that it selects by, a "
            "rollback starts the one with the good release and points the Service at it; where "
            "there are none, `prewarm: true` points it at instances that stand ready. "
            "`httproute/NAME` (Gateway API): the same by the weights of the Services in its rules.",
            examples=["service/checkout", "httproute/checkout"],
        ),
    ] = None
    container: Annotated[
        str | None,
        Meta(
            description="The container whose image names the version, where the template has no "
            "label app.kubernetes.io/version; without it, the first one.",
            examples=["checkout"],
        ),
    ] = None
    argo_cd: Annotated[
        str,
        Meta(
            pattern=rf"^{_LABEL}$",
            description="The namespace that Argo CD itself is in, where it deploys the workload; "
            "its Applications are there unless they say otherwise.",
            examples=["openshift-gitops"],
        ),
    ] = "argocd"
    url: Annotated[
        Url | None,
        Meta(
            description="The URL that production traffic enters by, for metrics and probes that "
            "send requests of their own; without it they cannot.",
            examples=["https://checkout.example.org"],
        ),
    ] = None
    ask_registry: Annotated[
        bool,
        Meta(
            description="Whether the registry is asked if it still has the target's images, and "
            "what their tags mean today; without it, that counts as not checked.",
            examples=[False],
        ),
    ] = True
    ready_within: Annotated[
        Seconds,
        Meta(
            description="How long all pods of a release may take to become available.",
            examples=["10m"],
        ),
    ] = 600.0
    drain: Annotated[
        Seconds,
        Meta(
            description="How long pods of the old release may take to end after they were told to; "
            "where traffic was turned away from them, how long requests in flight may take before "
            "they are told to.",
            examples=["2m"],
        ),
    ] = 120.0

    def __post_init__(self) -> None:
        """Keep hands off what Argo Rollouts moves."""
        if self.traffic is not None and self.workload.startswith("rollout/"):
            raise ValueError(
                f"`traffic: {self.traffic}` cannot stand beside `workload: {self.workload}`: Argo "
                "Rollouts moves the traffic itself; leave `traffic` out"
            )

    @property
    def name(self) -> str:
        """The workload's name without its kind."""
        return self.workload.partition("/")[2]

    @property
    def traffic_service(self) -> str | None:
        """The name of the Service in front; None where none is named."""
        kind, _, name = (self.traffic or "").partition("/")
        return name if kind == "service" else None
