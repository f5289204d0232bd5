"""The manifests for running in a cluster: what kubectl makes of them, and what they allow."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, a_shop, service

from smartspec_rollback.cli.serve import serve
from smartspec_rollback.config.loader import load
from smartspec_rollback.providers import registry
from smartspec_rollback.providers.platforms.kubernetes.access import rules
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.server.auth.listening import is_loopback
from smartspec_rollback.server.auth.proxies import PROBED
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.cluster import Cluster

ROOT = Path(__file__).parents[3]
MANIFESTS = ROOT / "deploy" / "kubernetes"


def _kubectl(*words: str) -> str:
    program = shutil.which("kubectl")
    assert program is not None, "kubectl is not installed"
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    """Supply what kustomize makes, by kind."""
    made = yaml.safe_load_all(_kubectl("kustomize", str(MANIFESTS)))
    return {each["kind"]: each for each in made}


def test_a_cluster_takes_them(tmp_path: Path) -> None:
    """Somebody who wants to run it in the cluster is told by the API server what is wrong."""
    with Cluster() as cluster:
        cluster.create_namespace(NAMESPACE)
        config = cluster.kubeconfig(tmp_path / "config", namespace=NAMESPACE)
        for kind in ("Role", "RoleBinding"):
            plural = f"{kind.lower()}s"
            group = "rbac.authorization.k8s.io"
            cluster.register(resources.custom(group, "v1", kind, plural, subresources=()))
        applying = ("apply", "--validate=false", "-k", str(MANIFESTS))
        _kubectl("--kubeconfig", str(config), "-n", NAMESPACE, *applying)
        assert cluster.get(resources.DEPLOYMENT, NAMESPACE, "smartspec") is not None
        assert cluster.get(resources.CLAIM, NAMESPACE, "smartspec") is not None


def test_it_runs_with_as_little_as_it_can(manifests: dict[str, Any]) -> None:
    """A hole in the tool is a hole in the cluster: it runs as root, or writes to its own disk."""
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    held = container["securityContext"]
    assert held["readOnlyRootFilesystem"] is True
    assert held["allowPrivilegeEscalation"] is False
    assert held["capabilities"] == {"drop": ["ALL"]}
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selector = manifests["Deployment"]["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()


def test_it_serves_where_that_is_wanted(tmp_path: Path) -> None:
    """Somebody adds the server in the cluster, and nobody reaches it, or it is never ready."""
    base = Path(os.path.relpath(MANIFESTS, tmp_path))
    overlay = {"resources": [str(base)], "components": [str(base / "server")]}
    (tmp_path / "kustomization.yaml").write_text(json.dumps(overlay))
    made = {each["kind"]: each for each in yaml.safe_load_all(_kubectl("kustomize", str(tmp_path)))}
    pod = made["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    words = container["command"]
    assert words[:2] == ["smartspec", "serve"]
    options = serve.make_context("serve", words[2:]).params
    (port,) = container["ports"]
    assert options["port"] == port["containerPort"]
    assert not is_loopback(options["host"])
    probed = {container[kind]["httpGet"]["path"] for kind in ("readinessProbe", "livenessProbe")}
    assert probed == PROBED
    service = made["Service"]["spec"]
    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["ports"][0]["targetPort"] == port["name"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_no_right_is_wider_than_it_must_be(manifests: dict[str, Any]) -> None:
    """The account may do anything, or anything to Secrets."""
    for rule in manifests["Role"]["rules"]:
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        if "secrets" in rule["resources"]:
            assert rule["verbs"] == ["get"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"traffic": "service/checkout"},
        {"workload": "statefulset/checkout"},
        {"workload": "daemonset/checkout"},
    ],
)
def test_every_right_that_is_needed_is_given(
    manifests: dict[str, Any], settings: dict[str, Any], tmp_path: Path
) -> None:
    """Somebody applies what we ship, and the rollback fails in the incident for a missing right."""
    given = {
        (group, resource, verb)
        for rule in manifests["Role"]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    with a_shop(tmp_path, **settings) as shop:
        if "workload" not in settings:
            shop.deploy("v1.2.0")
        else:
            _make(shop.cluster, settings["workload"])
        site = Site(shop.target, shop.settings, shop.api, shop.clock)
        needed = {
            (rule.resource.group, rule.resource.plural, verb)
            for rule in rules(site, None)
            for verb in rule.verbs
        }
    # From inside, instances are reached without the API server's help.
    assert needed - {("", "pods/proxy", "get")} <= given


def _make(cluster: Cluster, workload: str) -> None:
    kind, _, name = workload.partition("/")
    resource = resources.STATEFUL_SET if kind == "statefulset" else resources.DAEMON_SET
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": "registry.example/checkout:v1"}]},
    }
    spec = {"selector": {"matchLabels": labels}, "serviceName": name, "template": template}
    cluster.create(resource, NAMESPACE, {"metadata": {"name": name}, "spec": spec})
    cluster.create(resources.SERVICE, NAMESPACE, service(f"{name}-all", **labels))


def test_the_example_can_be_loaded() -> None:
    """The configuration that we ship is wrong."""
    assert load(MANIFESTS / "smartspec.yaml", kinds=registry).targets
