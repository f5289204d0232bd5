"""Helm for tests: the real Helm 4 as a library, a chart of the shop, and a program ``helm``.

The program only reads the words of the command line that we write; the library does the rest.
"""

import os
import sys
from pathlib import Path
from typing import Any

import helm_python
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, TARGET, Shop

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.kubernetes import resources

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 3
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers:
        - name: app
          image: registry.example/checkout:{{ .Values.tag }}
          resources: {limits: {cpu: 1000m}}
          envFrom:
            - configMapRef: {name: settings}
            - secretRef: {name: payments}
"""

_PROGRAM = """\
#!{python}
import argparse, pathlib, sys
import helm_python
asked = argparse.ArgumentParser()
for word in ("rollback", "name"):
    asked.add_argument(word)
asked.add_argument("revision", type=int)
for word in ("--namespace", "--wait", "--timeout", "--kubeconfig", "--kube-context"):
    asked.add_argument(word)
asked.add_argument("--no-hooks", action="store_true", required=True)
said = asked.parse_args()
assert said.wait == "false"
with pathlib.Path({log!r}).open("a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
{before}
with helm_python.Config(namespace=said.namespace, kubeconfig_path=said.kubeconfig) as helm:
    helm.rollback(said.name, version=said.revision, wait="hookOnly")
"""


def chart(folder: Path) -> Path:
    """Write the shop's chart."""
    made = folder / "chart"
    (made / "templates").mkdir(parents=True, exist_ok=True)
    (made / "Chart.yaml").write_text("apiVersion: v2\nname: checkout\nversion: 0.1.0\n")
    (made / "values.yaml").write_text("tag: v0\n")
    (made / "templates" / "deployment.yaml").write_text(_DEPLOYMENT)
    return made


def deployed_by_helm(shop: Shop, folder: Path, *versions: str) -> None:
    """Install the chart, and upgrade it from version to version."""
    for version in versions:
        put_live(shop, folder, version)


def put_live(shop: Shop, folder: Path, version: str) -> None:
    """Put a version live by the chart, and wait until its rollout is through."""
    values = {"tag": version, "password": "hunter2-of-the-values"}
    with _helm(shop) as helm:
        if shop.cluster.get(resources.DEPLOYMENT, NAMESPACE, NAME) is None:
            helm.install(chart(folder), NAME, values)
        else:
            helm.upgrade(chart(folder), NAME, values)
    _settled(shop)


def rolled_back(shop: Shop, revision: int) -> None:
    """Have Helm go back to a revision, as somebody else does."""
    with _helm(shop) as helm:
        helm.rollback(NAME, version=revision, wait="hookOnly")


def _helm(shop: Shop) -> helm_python.Config:
    return helm_python.Config(namespace=NAMESPACE, kubeconfig_path=shop.settings.kubeconfig)


def _settled(shop: Shop) -> None:
    deadline = Deadline.after(shop.clock, 30.0)
    deadline.pause(0.1)
    while shop.platform.observe(TARGET).operation:
        assert not deadline.expired, "the rollout does not end"
        deadline.pause(0.05)


def history(shop: Shop) -> list[tuple[int, str]]:
    """Give Helm's revisions with their states, as Helm itself tells them."""
    with _helm(shop) as helm:
        told: list[dict[str, Any]] = helm.history(NAME)
    return [(each["revision"], each["status"]) for each in told]


def program(folder: Path, *, before: str = "") -> Path:
    """Write a program ``helm`` and give its folder; it does ``before`` first, and keeps a log."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    made = place / "helm"
    log = str(folder / "helm.log")
    made.write_text(_PROGRAM.format(python=sys.executable, log=log, before=before))
    made.chmod(0o755)
    return place


def path_with(place: Path) -> str:
    """Give a PATH on which a folder comes first."""
    return f"{place}{os.pathsep}{os.environ.get('PATH', '')}"
