"""A pipeline records deployments on a cluster; a person rolls back, by the installed commands."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.terminal import at_terminal
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, SECRET, Shop, a_shop

from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.images import Ready

_CONFIGURATION = """\
services:
  checkout:
    production:
      platform:
        kind: kubernetes
        workload: deployment/checkout
        kubeconfig: kubeconfig
        ask_registry: false
      database: none
      soak: 0s
      verification: {warm_up: 0s, bake: 1s, deadline: 1m}
      approval: {self_approval: true}
"""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ROLL_BACK = ("smartspec_rollback", "--failed-deployment-id", "deploy-2")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which nothing is deployed yet, and a configuration."""
    with a_shop(tmp_path, speed=20.0) as shop:
        shop.cluster.kubelet.otherwise = Ready(after=1.0)
        (tmp_path / "smartspec.yaml").write_text(_CONFIGURATION)
        yield shop


def _said(folder: Path, *command: str) -> tuple[int, str]:
    done = at_terminal(*command, folder=folder)
    return done.code, " ".join(_COLOUR.sub("", done.out).split())


def _record(folder: Path, deployment_id: str, version: str) -> tuple[int, str]:
    where = ("--service", "checkout", "--environment", "production")
    said = ("--id", deployment_id, "--version", version)
    return _said(folder, "smartspec", "deployment", "record", *where, *said)


def _planned(folder: Path, *more: str) -> dict[str, Any]:
    said = at_terminal(*_ROLL_BACK, "--dry-run", "--format", "json", *more, folder=folder)
    told: dict[str, Any] = json.loads(said.out[said.out.index("{") :])
    return told


def _finding(told: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in told["findings"] if each["number"] == number)
    return found


def _recorded(shop: Shop, folder: Path) -> None:
    """Deploy the good and the bad version, and record and mark both."""
    for deployment_id, version, health in (
        ("deploy-1", "v1.2.0", "healthy"),
        ("deploy-2", "v1.2.1", "failed"),
    ):
        shop.deploy(version, deployment_id)
        code, said = _record(folder, deployment_id, version)
        assert code == 0, said
        assert f"Kept: what brings {version} back" in said
        code, said = _record(folder, deployment_id, version)
        assert code == 0, said
        assert f"Kept already: what brings {version} back" in said
        assert _said(folder, "smartspec", "deployment", "mark", deployment_id, health)[0] == 0


def test_a_forgotten_release_comes_back_with_its_configuration(shop: Shop, tmp_path: Path) -> None:
    """The history was pruned and the ConfigMap changed: the way back is lost, or only half."""
    _recorded(shop, tmp_path)
    shop.configure(colour="red")
    shop.forget("v1.2.0")
    told = _planned(tmp_path)
    plan = told["plan"]
    assert [step["kind"] for step in plan["steps"]][:2] == [
        "restore-configuration",
        "start-instances",
    ]
    six = _finding(told, 6)
    assert six["outcome"] == "passed"
    assert six["summary"].endswith(
        "will be put back as it ran with it: ConfigMap settings (key colour)."
    )
    assert plan["to"]["release"]["configuration_digest"].startswith("sha256:")
    done = at_terminal(*_ROLL_BACK, folder=tmp_path, answers=[("(yes/no)", "yes\r")])
    settings: Any = shop.cluster.get(resources.CONFIG_MAP, NAMESPACE, "settings")
    assert settings["data"] == {"colour": "blue"}, done.out
    image = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")


def test_no_secret_reaches_the_ledger(shop: Shop, tmp_path: Path) -> None:
    """The ledger, which many may read and copy, holds what the cluster guards."""
    _recorded(shop, tmp_path)
    from smartspec_rollback.domain.target import Target  # noqa: PLC0415 - beside its use
    from smartspec_rollback.store.sqlite import SqliteStore  # noqa: PLC0415 - beside its use

    with SqliteStore.open(tmp_path / ".smartspec" / "smartspec.db") as store:
        captures = store.captures(Target(service="checkout", environment="production"), limit=9)
    assert len(captures) == 2
    for capture in captures:
        assert '"name":"payments"' in capture.document
        assert SECRET not in capture.document
        assert base64.b64encode(SECRET.encode()).decode() not in capture.document


def test_another_version_than_the_live_one_is_not_captured(shop: Shop, tmp_path: Path) -> None:
    """A pipeline records too early, and the old release is kept as the new one."""
    shop.deploy("v1.2.0", "deploy-1")
    code, said = _record(tmp_path, "deploy-2", "v1.2.1")
    assert code == 0
    assert "Recorded: deploy-2" in said
    assert "was not kept with deploy-2: v1.2.0 is live, not v1.2.1" in said


def test_a_cluster_that_does_not_answer_costs_the_capture_alone(shop: Shop, tmp_path: Path) -> None:
    """A deployment that happened is not recorded, or the pipeline fails over it."""
    shop.deploy("v1.2.0", "deploy-1")
    (tmp_path / "kubeconfig").unlink()
    code, said = _record(tmp_path, "deploy-1", "v1.2.0")
    assert code == 0
    assert "was not kept with deploy-1:" in said
    assert "Recorded: deploy-1" in said


def test_an_id_that_only_the_cluster_was_told(shop: Shop, tmp_path: Path) -> None:
    """Without any record a pipeline's own id is unknown, or weak evidence looks like strong."""
    shop.deploy("v1.2.0", "deploy-1")
    shop.deploy("v1.2.1", "deploy-2")
    told = _planned(tmp_path)
    plan = told["plan"]
    assert plan["failed_deployment_id"] == "deploy-2"
    assert (plan["from_release"]["version"], plan["to"]["release"]["version"]) == (
        "v1.2.1",
        "v1.2.0",
    )
    assert plan["risk"] == "high"
    assert plan["to"]["origin"] == "platform"
    five = _finding(told, 5)
    assert five["outcome"] == "unknown"
    said = json.dumps(five, ensure_ascii=False)
    assert "never captured: only the cluster's ReplicaSet speaks for it" in said
    assert plan["to"]["health"] is None
    done = at_terminal(
        *_ROLL_BACK,
        "--reason",
        "it answers 500",
        folder=tmp_path,
        answers=[("(yes/no)", "yes\r")],
    )
    image = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0"), done.out
