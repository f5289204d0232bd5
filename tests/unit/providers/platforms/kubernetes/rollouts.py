"""A shop run by Argo Rollouts, and what people do to its Rollout."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    Shop,
    a_shop,
    service,
    template,
)

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.resources import ROLLOUT

STEPS = [{"setWeight": 34}, {"pause": {}}, {"setWeight": 67}, {"pause": {"duration": "1h"}}]
CANARY: dict[str, Any] = {"canary": {"steps": STEPS}}
BLUE_GREEN: dict[str, Any] = {
    "blueGreen": {
        "activeService": "active",
        "previewService": "preview",
        "autoPromotionEnabled": False,
    }
}
WORKLOAD = f"rollout/{NAME}"
HELD = "checkout-template"


@contextmanager
def a_rollout_shop(
    folder: Path, strategy: dict[str, Any] | None = None, **more: Any
) -> Iterator[Shop]:
    """Run a cluster with Argo Rollouts; nothing is deployed yet."""
    with a_shop(folder, workload=WORKLOAD, **more) as shop:
        shop.cluster.register(ROLLOUT)
        for name in ("active", "preview"):
            shop.cluster.create(resources.SERVICE, NAMESPACE, service(name, app=NAME))
        shop.spec = {"strategy": strategy or CANARY}
        yield shop


def promoted(shop: Shop, version: str, deployment_id: str | None = None) -> None:
    """Put a version live, past all steps."""
    shop.begin(version, deployment_id)
    wait(shop, lambda: _current(shop))
    say(shop, promoteFull=True)
    wait(shop, lambda: shop.deployment["status"].get("phase") == "Healthy")


def begun(shop: Shop, version: str, deployment_id: str | None = None) -> None:
    """Put a version on its way, up to the first pause."""
    shop.begin(version, deployment_id)
    wait(shop, lambda: _current(shop) and shop.deployment["status"]["phase"] == "Paused")


def wait(shop: Shop, reached: Any) -> None:
    """Wait until something is so."""
    deadline = Deadline.after(shop.clock, 60.0)
    while not reached():
        assert not deadline.expired, shop.deployment["status"]
        deadline.pause(1.0 if shop.cluster.clock.stepped else 0.05)


def _current(shop: Shop) -> bool:
    found = shop.deployment
    status, generation = found.get("status", {}), str(found["metadata"]["generation"])
    return status.get("observedGeneration") == generation and "currentPodHash" in status


def say(shop: Shop, **status: Any) -> None:
    """Write to the status as ``kubectl argo rollouts`` does."""
    found = shop.deployment["status"]
    shop.cluster.set_status(ROLLOUT, NAMESPACE, NAME, {**found, **status})


def kept_elsewhere(shop: Shop, version: str) -> None:
    """Make a Rollout whose template is a Deployment's."""
    selector = {"matchLabels": {"app": NAME}}
    held = {"replicas": 0, "selector": selector, "template": template(version)}
    shop.cluster.create(resources.DEPLOYMENT, NAMESPACE, {"metadata": {"name": HELD}, "spec": held})
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": HELD}
    spec = {"replicas": shop.replicas, "workloadRef": reference, **shop.spec}
    shop.cluster.create(ROLLOUT, NAMESPACE, {"metadata": {"name": NAME}, "spec": spec})
    wait(shop, lambda: shop.deployment.get("status", {}).get("phase") == "Healthy")


def replaced_elsewhere(shop: Shop, version: str) -> None:
    """Put another version into the Deployment that keeps the template."""

    def alter(thing: dict[str, Any]) -> None:
        thing["spec"]["template"] = template(version)

    shop.cluster.change(resources.DEPLOYMENT, NAMESPACE, HELD, alter)
