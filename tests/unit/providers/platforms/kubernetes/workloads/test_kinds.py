"""StatefulSets and DaemonSets: the same rollback, by their own revisions."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    TARGET,
    Shop,
    a_shop,
    carry_out,
    template,
)

from smartspec_rollback.testing.kubernetes import resources

KINDS = {"statefulset": resources.STATEFUL_SET, "daemonset": resources.DAEMON_SET}


def _deploy(shop: Shop, kind: str, version: str, **spec: Any) -> None:
    resource = KINDS[kind]
    if shop.cluster.get(resource, NAMESPACE, NAME) is None:
        made: dict[str, Any] = {
            "selector": {"matchLabels": {"app": NAME}},
            "template": template(version),
            **({"replicas": 3, "serviceName": NAME} if kind == "statefulset" else {}),
            **spec,
        }
        shop.cluster.create(resource, NAMESPACE, {"metadata": {"name": NAME}, "spec": made})
    else:
        operations = [{"op": "replace", "path": "/spec/template", "value": template(version)}]
        shop.change(*operations)
    shop.cluster.advance(60.0)


def _images(shop: Shop) -> set[str]:
    pods = shop.cluster.all(resources.POD, NAMESPACE)
    return {each["spec"]["containers"][0]["image"].rpartition(":")[2] for each in pods}


@pytest.mark.parametrize("kind", list(KINDS))
def test_goes_back_by_its_own_revisions(kind: str, tmp_path: Path) -> None:
    """A StatefulSet or DaemonSet cannot be rolled back, or counts as back too early."""
    with a_shop(tmp_path, workload=f"{kind}/{NAME}") as shop:
        _deploy(shop, kind, "v1.2.0")
        _deploy(shop, kind, "v1.2.1")
        seen = shop.platform.observe(TARGET)
        assert [each.release.version for each in seen.history] == ["v1.2.1", "v1.2.0"]
        assert seen.operation is None
        assert [w.ready for w in seen.workloads] == [3]
        carry_out(shop, "v1.2.0")
        assert _images(shop) == {"v1.2.0"}
        again = shop.platform.observe(TARGET)
        assert again.history[0].release.version == "v1.2.0"
        assert again.history[0].deployed_at is None  # its revision is older than this turn
