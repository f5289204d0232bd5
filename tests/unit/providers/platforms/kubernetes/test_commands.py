"""The platform as a user meets it: smartspec.yaml, and the commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.unit.providers.platforms.kubernetes.shop import TOKEN, Shop, a_shop
from tests.unit.providers.platforms.kubernetes.side_by_side import (
    BLUE,
    GREEN,
    good_and_bad,
    side_by_side,
    weighed,
)

from smartspec_rollback.config.loader import load
from smartspec_rollback.errors import ConfigurationError
from smartspec_rollback.providers import registry
from smartspec_rollback.providers.platforms.kubernetes import KubernetesSettings
from smartspec_rollback.testing.kubernetes.admission import Rule


def _write(folder: Path, platform: str) -> Path:
    path = folder / "smartspec.yaml"
    path.write_text(
        "services:\n"
        "  checkout:\n"
        "    production:\n"
        f"      platform: {{kind: kubernetes, {platform}}}\n"
        "      database: none\n"
        "      objectives: [error rate <= 1%]\n"
    )
    return path


def _smartspec(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from smartspec_rollback.cli.main import smartspec; smartspec()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_settings_are_read(tmp_path: Path) -> None:
    """What people write about their cluster is not what the platform gets."""
    path = _write(
        tmp_path,
        "workload: deployment/checkout, namespace: shop, context: prod, "
        "kubeconfig: access/config, ready_within: 5m",
    )
    (target,) = load(path, kinds=registry).targets
    assert target.platform.settings == KubernetesSettings(
        workload="deployment/checkout",
        namespace="shop",
        context="prod",
        kubeconfig=tmp_path / "access/config",
        ready_within=300.0,
    )


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("namespace: shop", "workload"),
        ("workload: checkout", "right form"),
        ("workload: deployment/Checkout", "right form"),
        ("workload: deployment/../secrets", "right form"),
        ("workload: 'deployment/checkout?x=1'", "right form"),
        ("workload: pod/checkout", "right form"),
        ("workload: deployment/checkout, contxt: prod", "context"),
        ("workload: deployment/checkout, ready_within: 0s", "more than"),
        ("workload: deployment/checkout, traffic: checkout", "right form"),
        ("workload: deployment/checkout, traffic: ingress/checkout", "right form"),
        ("workload: deployment/checkout, traffic: service/a/b", "right form"),
        ("workload: deployment/checkout, url: 'https://me:secret@example.org/'", "right form"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, platform: str, said: str) -> None:
    """A slip in smartspec.yaml is found in the incident, or ends up in a URL of the API."""
    path = _write(tmp_path, platform)
    with pytest.raises(ConfigurationError) as caught:
        load(path, kinds=registry)
    assert said in str(caught.value)
    assert f"{path}:4" in str(caught.value)


def test_doctor_prints_the_missing_role(tmp_path: Path) -> None:
    """The doctor says that all is well, or what to apply cannot be copied."""
    with a_shop(tmp_path, speed=20.0) as shop:
        shop.deploy("v1.2.0", "deploy-1")
        _write(tmp_path, "workload: deployment/checkout, kubeconfig: kubeconfig")
        well = _smartspec(tmp_path, "doctor")
        assert "permissions that a rollback needs are given" in well.stdout
        shop.cluster.access.deny(Rule(verb="patch", resource="deployments"))
        ill = _smartspec(tmp_path, "doctor")
        document = json.loads(_smartspec(tmp_path, "doctor", "--format", "json").stdout)
    assert ill.returncode == 4
    block = ill.stdout.partition("```yaml\n")[2].partition("    ```")[0]
    role = yaml.safe_load(block)
    assert "patch" in role["rules"][0]["verbs"]
    manifests = [each["manifest"] for each in document["lines"] if each["manifest"]]
    assert [yaml.safe_load(each) for each in manifests] == [role]
    assert TOKEN not in ill.stdout + ill.stderr + well.stdout + well.stderr


def test_a_dry_run_plans_in_known_words(tmp_path: Path) -> None:
    """A rollback on a cluster cannot even be planned by somebody who recorded nothing."""
    with a_shop(tmp_path, speed=20.0) as shop:
        _deployed(shop)
        _write(tmp_path, "workload: deployment/checkout, kubeconfig: kubeconfig")
        said = _smartspec(
            tmp_path,
            "rollback",
            "--failed-deployment-id",
            "deploy-2",
            "--dry-run",
            "--reason",
            "slow",
        )
    assert "Start `v1.2.0` instances." in said.stdout
    assert "Switch production traffic from `v1.2.1` to `v1.2.0`." in said.stdout
    assert "There is no evidence that v1.2.0 was ever healthy." in said.stdout
    assert TOKEN not in said.stdout + said.stderr


@pytest.mark.parametrize("front", ["service", "httproute"])
def test_a_dry_run_among_slots_changes_nothing(tmp_path: Path, front: str) -> None:
    """The plan to turn traffic is another one, is not made from the settings, or does something."""
    with (side_by_side if front == "service" else weighed)(tmp_path, speed=20.0) as slots:
        good_and_bad(slots)
        _write(
            tmp_path,
            f"workload: deployment/checkout, traffic: {front}/checkout, kubeconfig: kubeconfig, "
            "ask_registry: false",
        )
        before = [slots.deployment(each) for each in (BLUE, GREEN)]
        asked = ("--failed-deployment-id", "deploy-2", "--dry-run", "--reason", "slow")
        said = _smartspec(tmp_path, "rollback", *asked)
        assert [slots.deployment(each) for each in (BLUE, GREEN)] == before
    for number, step in enumerate(
        (
            "Start `v1.2.0` instances.",
            "Switch production traffic from `v1.2.1` to `v1.2.0`.",
            "Scale down `v1.2.1` instances to 0.",
        ),
        1,
    ):
        assert f"{number}.  {step}" in said.stdout


def _deployed(shop: Shop) -> None:
    shop.deploy("v1.2.0", "deploy-1")
    shop.deploy("v1.2.1", "deploy-2")
