"""A person at a terminal rolls back what Argo CD or Flux deploys, by the installed commands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.terminal import at_terminal
from tests.unit.providers.platforms.kubernetes import controllers as made
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, TOKEN, Shop, a_shop

from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.images import Ready

_CONFIGURATION = """\
services:
  checkout:
    production:
      platform: {kind: kubernetes, workload: deployment/checkout, kubeconfig: kubeconfig}
      database: none
      verification: {warm_up: 0s, bake: 1s, deadline: 1m}
      approval: {self_approval: true}
"""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ROLL_BACK = ("--failed-deployment-id", "deploy-2", "--target-version", "v1.2.0")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which v1.2.1 is live, after v1.2.0."""
    with a_shop(tmp_path, speed=20.0) as shop:
        shop.cluster.kubelet.otherwise = Ready(after=1.0)
        shop.deploy("v1.2.0", "deploy-1")
        shop.deploy("v1.2.1", "deploy-2")
        (tmp_path / "smartspec.yaml").write_text(_CONFIGURATION)
        yield shop


def _rolled_back(folder: Path, *more: str) -> tuple[str, str]:
    """Roll back, answering yes; give what was shown, and the written report."""
    done = at_terminal(
        "smartspec_rollback",
        *_ROLL_BACK,
        "--reason",
        "it answers 500",
        *more,
        folder=folder,
        answers=[("(yes/no)", "yes\r")],
    )
    reports = sorted((folder / ".smartspec").glob("**/*.md"))
    shown = " ".join(_COLOUR.sub("", done.out).split())
    assert TOKEN not in shown
    return shown, reports[-1].read_text() if reports else shown


def _live(shop: Shop) -> str:
    image: str = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def test_argo_cd(shop: Shop, tmp_path: Path) -> None:
    """Argo CD puts the bad version back behind everybody's back, or nobody knows how to go on."""
    made.deployed_by_argo_cd(shop)
    shown, report = _rolled_back(tmp_path)
    assert "will be suspended first (step 1)" in shown
    assert "1. Suspend the Argo CD Application argocd/checkout, which would" in shown
    assert _live(shop).endswith(":v1.2.0")
    policy = made.spec_of(shop, made.APPLICATIONS, "argocd", NAME)["syncPolicy"]
    assert policy["automated"]["enabled"] is False
    afterwards = report.partition("## Afterwards")[2].partition("##")[0]
    assert "`checkout` of `https://git.example.org/shop/deploy.git` at `main`" in afterwards
    assert "kubectl -n argocd patch applications.argoproj.io checkout" in afterwards


def test_flux(shop: Shop, tmp_path: Path) -> None:
    """Flux puts the bad version back, or wakes what was suspended."""
    made.deployed_by_flux(shop)
    _, report = _rolled_back(tmp_path)
    assert _live(shop).endswith(":v1.2.0")
    assert made.spec_of(shop, made.KUSTOMIZATIONS, "flux-system", "apps")["suspend"] is True
    assert made.spec_of(shop, made.HELM_RELEASES, NAMESPACE, NAME)["suspend"] is True
    assert "flux resume helmrelease checkout --namespace shop" in report


def test_what_may_not_be_suspended_is_said(shop: Shop, tmp_path: Path) -> None:
    """A 403 of the Application stops a rollback in the middle, or is kept quiet."""
    made.deployed_by_argo_cd(shop)
    shop.cluster.access.deny(Rule(resource="applications"))
    shown, report = _rolled_back(tmp_path)
    assert "will put v1.2.1 back could not be learnt" in shown
    assert _live(shop).endswith(":v1.2.0")
    assert "## Afterwards" not in report


def test_a_dry_run_suspends_nothing(shop: Shop, tmp_path: Path) -> None:
    """Whoever only asks leaves Argo CD asleep."""
    made.deployed_by_argo_cd(shop)
    before = shop.cluster.get(made.APPLICATIONS, "argocd", NAME)
    said = at_terminal(
        "smartspec_rollback", *_ROLL_BACK, "--dry-run", "--format", "json", folder=tmp_path
    )
    steps = json.loads(said.out[said.out.index("{") :])["plan"]["steps"]
    assert steps[0]["kind"] == "suspend-owner"
    assert shop.cluster.get(made.APPLICATIONS, "argocd", NAME) == before
