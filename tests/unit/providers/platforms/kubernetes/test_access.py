"""What happens without permissions, credentials, or the things the settings name."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from tests.unit.providers.platforms.kubernetes.shop import (
    NAMESPACE,
    TARGET,
    TOKEN,
    Shop,
    fence_for,
    send,
)

from smartspec_rollback.errors import NotDone, ProviderError, ProviderUnavailable
from smartspec_rollback.providers.platforms.kubernetes import KubernetesPlatform
from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.faults import Fault


def _with(shop: Shop, **changes: Any) -> KubernetesPlatform:
    return KubernetesPlatform(replace(shop.settings, **changes), clock=shop.clock, patience=0.0)


def _grant(shop: Shop, manifest: str) -> None:
    """Allow what a printed Role allows, and nothing else."""
    shop.cluster.access.clear()
    shop.cluster.access.allow_only(
        Rule(resource="selfsubjectaccessreviews"),
        *(
            Rule(verb=verb, resource=rule["resources"][0], name=name, namespace=NAMESPACE)
            for rule in yaml.safe_load(manifest)["rules"]
            for verb in rule["verbs"]
            for name in rule.get("resourceNames", [""])
        ),
    )


def test_all_is_allowed(shop: Shop) -> None:
    """The doctor finds fault with an account that may do everything."""
    said = shop.platform.access(TARGET)
    assert said.asked >= 10
    assert said.missing == ()
    assert said.manifest == ""


def test_missing_permissions_come_as_a_role(shop: Shop) -> None:
    """Somebody finds out in the night which verbs are missing, one after the other."""
    shop.cluster.access.deny(Rule(verb="patch", resource="deployments"))
    shop.cluster.access.deny(Rule(resource="secrets"))
    said = shop.platform.access(TARGET)
    assert [each.partition(":")[0] for each in said.missing] == [
        "patch deployments checkout",
        "get secrets",
    ]
    role = yaml.safe_load(said.manifest)
    assert role["kind"] == "Role"
    assert role["metadata"]["namespace"] == NAMESPACE
    assert {
        "apiGroups": ["apps"],
        "resources": ["deployments"],
        "resourceNames": ["checkout"],
        "verbs": ["get", "watch", "patch"],
    } in role["rules"]
    assert {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]} in role["rules"]


def test_a_role_applied_again_takes_nothing_away(shop: Shop) -> None:
    """What was missed last takes the place of the Role of this name, and all else is missing."""
    shop.cluster.access.deny(Rule(resource="secrets"))
    _grant(shop, shop.platform.access(TARGET).manifest)
    assert shop.platform.access(TARGET).missing == ()


def test_what_cannot_be_looked_at_yet_is_said(shop: Shop) -> None:
    """An administrator is asked twice, and the second time nobody expected it."""
    shop.cluster.access.allow_only(Rule(resource="selfsubjectaccessreviews"))
    said = shop.platform.access(TARGET).manifest
    assert "ask again" in said.partition("apiVersion")[0]
    _grant(shop, said)
    shop.cluster.access.deny(Rule(verb="patch", resource="deployments"))
    assert "ask again" not in shop.platform.access(TARGET).manifest


@pytest.mark.parametrize("workload", ["statefulset/checkout", "daemonset/checkout"])
def test_a_role_for_pods_is_printed_without_a_look(shop: Shop, workload: str) -> None:
    """The first Role lets no instance be replaced, and the rollback is stuck in the night."""
    shop.cluster.access.allow_only(Rule(resource="selfsubjectaccessreviews"))
    said = _with(shop, workload=workload).access(TARGET)
    rules = yaml.safe_load(said.manifest)["rules"]
    evicting = {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}
    assert evicting in rules
    assert not any("evict" in each for each in said.missing)


def test_the_printed_role_is_enough(shop: Shop) -> None:
    """An administrator applies the Role, and the rollback still fails for want of a verb."""
    shop.cluster.access.allow_only(Rule(resource="selfsubjectaccessreviews"))
    _grant(shop, shop.platform.access(TARGET).manifest)
    platform = shop.platform
    platform.guard(TARGET, holder="rb-1")
    steps = platform.plan(platform.observe(TARGET), to=shop.release("v1.2.0"))
    for number, step in enumerate(steps):
        send(platform, step, fence_for(platform, f"rb-1.{number}"), shop.clock)
        shop.cluster.advance(10.0)
        assert platform.settled(step).state == "done"
    platform.unguard(TARGET, holder="rb-1")


def test_secrets_nobody_may_read_are_unknown(shop: Shop) -> None:
    """Without permission to read Secrets nothing works, or the plan says that none is missing."""
    shop.cluster.access.deny(Rule(resource="secrets"))
    platform = shop.again()
    seen = platform.observe(TARGET)
    assert seen.live is not None
    assert seen.live.release.configuration_digest is None
    found = platform.find(TARGET, "v1.2.0")
    assert found is not None
    said = platform.inspect(TARGET, found)
    assert said.missing_secrets is None
    assert said.missing_configuration == ()
    assert said.configuration_unchanged is None


def test_a_forbidden_patch_names_its_rule(shop: Shop) -> None:
    """A refusal of the cluster does not say what to ask the administrator for."""
    shop.cluster.access.deny(Rule(verb="patch", resource="deployments"))
    with pytest.raises(NotDone, match="not allowed") as caught:
        shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    assert 'apiGroups: ["apps"], resources: [deployments], verbs: [patch]' in caught.value.remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"workload": "deployment/chekcout"}, "there is no deployment/chekcout"),
        ({"namespace": "nowhere"}, "in the namespace nowhere"),
        ({"context": "nobody"}, "no context 'nobody'"),
        ({"kubeconfig": Path("/nowhere/kubeconfig")}, "cannot be read"),
    ],
)
def test_what_is_not_there_is_named(shop: Shop, changes: dict[str, Any], said: str) -> None:
    """A slip in smartspec.yaml gives a riddle."""
    with pytest.raises(ProviderError) as caught:
        _with(shop, **changes).observe(TARGET)
    assert said in str(caught.value)
    assert caught.value.remedy


def test_expired_credentials_are_told_without_them(shop: Shop) -> None:
    """An expired login looks like an outage, or the token is printed."""
    config = shop.settings.kubeconfig
    assert config is not None
    config.write_text(config.read_text().replace(TOKEN, TOKEN[::-1]))
    with pytest.raises(NotDone, match=r"does not know who we are \(401\)") as caught:
        shop.again().observe(TARGET)
    assert TOKEN[::-1] not in str(caught.value)


def test_a_login_program_that_fails_shows_nothing_it_said(shop: Shop) -> None:
    """A login program's output, with a token in it, gets into the incident's log."""
    config = shop.settings.kubeconfig
    assert config is not None
    held = yaml.safe_load(config.read_text())
    for command in (["sh", "-c", f"echo {TOKEN} >&2; exit 3"], ["/nowhere/login"]):
        held["users"][0]["user"] = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": command[0],
                "args": command[1:],
            }
        }
        config.write_text(yaml.safe_dump(held))
        with pytest.raises(ProviderError, match="no credentials") as caught:
            shop.again().observe(TARGET)
        assert TOKEN not in str(caught.value)


def test_a_login_program_of_today_works(shop: Shop) -> None:
    """Managed clusters, whose login programs speak version v1, cannot be reached."""
    config = shop.settings.kubeconfig
    assert config is not None
    held = yaml.safe_load(config.read_text())
    api = "client.authentication.k8s.io/v1"
    said = f'{{"apiVersion":"{api}","kind":"ExecCredential","status":{{"token":"{TOKEN}"}}}}'
    held["users"][0]["user"] = {"exec": {"apiVersion": api, "command": "echo", "args": [said]}}
    config.write_text(yaml.safe_dump(held))
    assert shop.again().observe(TARGET).live is not None


def test_a_server_that_is_down_is_unavailable(shop: Shop) -> None:
    """A cluster that cannot be reached is a finding with a remedy, after some patience."""
    shop.cluster.faults.add(Fault(times=None, drop="before"))
    before = shop.clock.monotonic()
    with pytest.raises(ProviderUnavailable) as caught:
        shop.again().observe(TARGET)
    assert 1.0 < shop.clock.monotonic() - before <= 11.0
    assert caught.value.remedy
