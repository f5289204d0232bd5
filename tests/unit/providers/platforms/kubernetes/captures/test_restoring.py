"""Configuration goes back with its release: as it was captured, and never blindly."""

import base64
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.providers.platforms.kubernetes.shop import (
    NAMESPACE,
    SECRET,
    TARGET,
    Shop,
    await_done,
    fence_for,
    send,
)

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection
from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes import KubernetesPlatform
from smartspec_rollback.providers.platforms.kubernetes.captures.steps import RESTORE
from smartspec_rollback.providers.platforms.kubernetes.objects import CONFIG_MAPS, SECRETS
from smartspec_rollback.testing.fake_archive import FakeArchive
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Rule

_OTHER = "another-secret-value"


class Kept:
    """A shop whose v1.2.0 was captured while it was live; v1.2.1 is live now."""

    def __init__(self, shop: Shop, **template: Any) -> None:
        self.shop = shop
        self.archive = FakeArchive()
        shop.deploy("v1.2.0", "deploy-3", **template)
        self.capture = self.captured(shop, "deploy-3")
        shop.deploy("v1.2.1", "deploy-4")

    def captured(self, shop: Shop, deployment_id: str) -> Capture:
        """Capture what is live, and keep it."""
        shop.platform.recall(self.archive)
        capture = shop.platform.capture(TARGET, deployment_id=deployment_id)
        self.archive.keep(capture)
        return capture

    @property
    def platform(self) -> KubernetesPlatform:
        """Another process's platform, which reads everything anew."""
        made = self.shop.again()
        made.recall(self.archive)
        return made

    @property
    def release(self) -> Release:
        """The release to go back to, as it was recorded."""
        return self.capture.release

    def inspected(self) -> Inspection:
        """Look whether it could be run again."""
        return self.platform.inspect(TARGET, self.release)

    def planned(self) -> tuple[Step, ...]:
        """Plan to go back to it."""
        platform = self.platform
        return platform.plan(platform.observe(TARGET), to=self.release)

    def settings(self) -> Any:
        """Read the ConfigMap."""
        return self.shop.cluster.get(resources.CONFIG_MAP, NAMESPACE, "settings")

    def carried_out(self) -> tuple[Step, ...]:
        """Go back, each step in a process of its own."""
        steps = self.planned()
        for number, step in enumerate(steps):
            platform = self.platform
            send(platform, step, fence_for(platform, f"rb-1.{number}.{step.id}"), self.shop.clock)
            said = await_done(self.platform, step, self.shop.clock)
            assert said.state is ProgressState.DONE, f"{step.id}: {said.detail}"
            assert not step.leaves or step.leaves == self.platform.observe(TARGET).fingerprint
        return steps


@pytest.fixture
def kept(shop: Shop) -> Kept:
    """Supply the shop with its captured release."""
    return Kept(shop)


def remove(shop: Shop, resource: Any, name: str) -> None:
    """Delete an object as somebody else would."""
    found = shop.api.get(resource, name)
    assert found is not None
    shop.api.delete(resource, found, deadline=Deadline.after(shop.clock, 10.0))
    shop.cluster.advance(1.0)


def changed(shop: Shop, resource: Any, name: str, *operations: dict[str, Any]) -> None:
    """Patch an object as somebody else would."""
    shop.api.patch(resource, name, operations, deadline=Deadline.after(shop.clock, 10.0))
    shop.cluster.advance(1.0)


def test_nothing_changed_needs_no_step(kept: Kept) -> None:
    """A plan writes configuration that is there already."""
    assert kept.planned()[0].kind != RESTORE
    seen = kept.inspected()
    assert seen.configuration_unchanged is True
    assert seen.restores == seen.differing == ()
    assert "captured with deploy-3 at" in seen.detail
    assert "app ran sha256:" in seen.detail


def test_a_changed_map_goes_back_first(kept: Kept) -> None:
    """The old version runs with the bad one's configuration, though it was captured."""
    kept.shop.configure(colour="red", size="large")
    seen = kept.inspected()
    assert seen.restores == ("ConfigMap settings (keys colour, size)",)
    assert seen.configuration_unchanged is True
    steps = kept.carried_out()
    assert [step.kind for step in steps].count(RESTORE) == 1
    assert steps[0].title == (
        "Put the configuration of `v1.2.0` back: ConfigMap settings (keys colour, size)."
    )
    assert steps[0].undo.startswith("No undo: what `settings` holds now was never captured")
    assert kept.settings()["data"] == {"colour": "blue"}
    live = kept.platform.observe(TARGET).live
    assert live is not None
    assert live.release == kept.release


def test_the_bad_versions_configuration_is_named_where_it_is_captured(kept: Kept) -> None:
    """People believe that what the bad version ran with is lost, or that it is not."""
    kept.shop.configure(colour="red")
    kept.captured(kept.shop, "deploy-4")
    assert kept.planned()[0].undo == "Deploy `v1.2.1` again; `deploy-4` has it captured."


def test_a_deleted_map_is_made_again(kept: Kept) -> None:
    """Pods of the old version never start: what they refer to is gone."""
    remove(kept.shop, CONFIG_MAPS, "settings")
    seen = kept.inspected()
    assert seen.missing_configuration == ()
    assert seen.restores == ("ConfigMap settings (deleted)",)
    assert kept.planned()[0].undo == "Delete it again: `kubectl delete configmap settings`."
    kept.carried_out()
    assert kept.settings()["data"] == {"colour": "blue"}


def test_binary_and_several_maps_go_back_one_by_one(shop: Shop) -> None:
    """Only a part of the configuration comes back, or a fence fails on our own first step."""
    for name in ("extra", "files"):
        body = {"metadata": {"name": name, "labels": {"part": "of"}}, "binaryData": {"f": "AAEC"}}
        shop.cluster.create(resources.CONFIG_MAP, NAMESPACE, body)
    sources = [{"configMapRef": {"name": name}} for name in ("settings", "extra", "files")]
    kept = Kept(shop, envFrom=sources)
    shop.configure(colour="red")
    changed(shop, CONFIG_MAPS, "extra", {"op": "remove", "path": "/binaryData"})
    remove(shop, CONFIG_MAPS, "files")
    steps = kept.carried_out()
    assert [step.id for step in steps[:3]] == [RESTORE, f"{RESTORE}-2", f"{RESTORE}-3"]
    made: Any = shop.cluster.get(resources.CONFIG_MAP, NAMESPACE, "files")
    other: Any = shop.cluster.get(resources.CONFIG_MAP, NAMESPACE, "extra")
    assert made["binaryData"] == other["binaryData"] == {"f": "AAEC"}
    assert made["metadata"]["labels"] == {"part": "of"}


def test_an_immutable_map_blocks_by_name_and_keys(kept: Kept) -> None:
    """A plan is approved that the server must refuse in the middle."""
    kept.shop.configure(colour="red")
    changed(kept.shop, CONFIG_MAPS, "settings", {"op": "add", "path": "/immutable", "value": True})
    seen = kept.inspected()
    assert seen.configuration_unchanged is False
    assert seen.differing == ("ConfigMap settings (immutable; key colour)",)
    assert seen.restores == ()
    assert kept.planned()[0].kind != RESTORE


def test_a_changed_secret_is_named_by_name_and_key_alone(kept: Kept) -> None:
    """A secret's value stands in a plan, or a password that was changed passes unseen.

    Or one that was rotated since, as all are some day, bars every way back.
    """
    value = base64.b64encode(_OTHER.encode()).decode()
    changed(kept.shop, SECRETS, "payments", {"op": "replace", "path": "/data/key", "value": value})
    kept.shop.configure(colour="red")
    seen = kept.inspected()
    assert seen.configuration_unchanged is None
    assert seen.differing == ("Secret payments (key key changed since; today's would be used)",)
    assert seen.restores == ("ConfigMap settings (key colour)",)
    steps = kept.planned()
    assert steps[0].kind == RESTORE
    told = f"{seen} {steps} {kept.capture}"
    assert not any(each in told for each in (SECRET, _OTHER, value))


def test_a_missing_secret_blocks_by_name(kept: Kept) -> None:
    """Pods of the old version never start, and nobody knows what to make again."""
    remove(kept.shop, SECRETS, "payments")
    seen = kept.inspected()
    assert seen.missing_secrets == ("payments",)
    assert seen.differing == ("Secret payments (is missing)",)


def test_another_ledgers_hashes_prove_nothing(kept: Kept) -> None:
    """Secrets look changed because the ledger is another one, or unchanged because none is."""
    kept.archive = FakeArchive(kept.capture, key=b"another")
    seen = kept.inspected()
    assert seen.configuration_unchanged is None
    assert seen.differing == ("Secret payments (hashed with another ledger's key)",)


def test_what_may_not_be_read_is_unknown(kept: Kept) -> None:
    """A Secret nobody may read counts as unchanged."""
    kept.shop.cluster.access.deny(Rule(resource="secrets"))
    seen = kept.inspected()
    assert seen.configuration_unchanged is None
    assert seen.differing == ("Secret payments (not readable)",)
    again = kept.captured(kept.shop, "deploy-4")
    assert '"unreadable":["Secret payments"]' in again.document


def test_without_permission_the_plan_is_refused_before_anything(kept: Kept) -> None:
    """A 403 stops the rollback after the approval instead of before."""
    kept.shop.configure(colour="red")
    kept.shop.cluster.access.deny(Rule(resource="configmaps", verb="patch"))
    with pytest.raises(ProviderError):
        kept.planned()


def test_somebody_elses_change_stops_the_step(kept: Kept) -> None:
    """What somebody wrote after the plan was made is overwritten without a word."""
    kept.shop.configure(colour="red")
    step = kept.planned()[0]
    fence = fence_for(kept.platform, "rb-1.1")
    kept.shop.configure(colour="green")
    with pytest.raises(FenceConflict):
        send(kept.platform, step, fence, kept.shop.clock)
    with pytest.raises(FenceConflict):
        send(kept.platform, step, fence_for(kept.platform, "rb-1.1"), kept.shop.clock)
    assert kept.settings()["data"] == {"colour": "green"}


def test_a_change_after_ours_is_seen(kept: Kept) -> None:
    """The step waits for ever for what somebody took back, or puts it back again unasked."""
    kept.shop.configure(colour="red")
    step = kept.planned()[0]
    assert kept.platform.settled(step).state is ProgressState.PENDING
    fence = fence_for(kept.platform, "rb-1.1")
    send(kept.platform, step, fence, kept.shop.clock)
    send(kept.platform, step, fence, kept.shop.clock)
    assert kept.platform.settled(step).state is ProgressState.DONE
    kept.shop.configure(colour="green")
    assert kept.platform.settled(step).state is ProgressState.FAILED
    with pytest.raises(FenceConflict):
        send(kept.platform, step, fence, kept.shop.clock)
    assert kept.settings()["data"] == {"colour": "green"}


def test_no_instance_starts_before_its_configuration_is_back(kept: Kept) -> None:
    """Steps out of order start the old version with the bad one's configuration."""
    kept.shop.configure(colour="red")
    start = kept.planned()[1]
    with pytest.raises(NotDone, match="is not back; nothing was done"):
        send(kept.platform, start, fence_for(kept.platform, "rb-1.2"), kept.shop.clock)


def test_what_only_the_target_needs_goes_back_too(shop: Shop) -> None:
    """A ConfigMap that the live version does not use is forgotten."""
    body = {"metadata": {"name": "extra"}, "data": {"flag": "on"}}
    shop.cluster.create(resources.CONFIG_MAP, NAMESPACE, body)
    kept = Kept(shop, envFrom=[{"configMapRef": {"name": "extra"}}])
    changed(shop, CONFIG_MAPS, "extra", {"op": "replace", "path": "/data/flag", "value": "off"})
    before = kept.platform.observe(TARGET).fingerprint
    steps = kept.carried_out()
    assert steps[0].leaves == before
    made: Any = shop.cluster.get(resources.CONFIG_MAP, NAMESPACE, "extra")
    assert made["data"] == {"flag": "on"}


def test_a_map_that_was_not_there_blocks(shop: Shop) -> None:
    """The old version starts with configuration that it never had."""
    kept = Kept(shop, envFrom=[{"configMapRef": {"name": "extra", "optional": True}}])
    assert kept.inspected().configuration_unchanged is True
    body = {"metadata": {"name": "extra"}, "data": {"flag": "on"}}
    shop.cluster.create(resources.CONFIG_MAP, NAMESPACE, body)
    seen = kept.inspected()
    assert seen.configuration_unchanged is False
    assert seen.differing == ("ConfigMap extra (was not there)",)


def test_without_a_capture_the_writers_keys_are_named(shop: Shop) -> None:
    """Check 6 says that something changed, and people must find out what."""
    good = shop.release("v1.2.0")
    shop.configure(colour="red")
    shop.cluster.advance(3.0)
    seen = shop.platform.inspect(TARGET, good)
    assert seen.configuration_unchanged is False
    assert seen.differing == ("ConfigMap settings (written since: colour)",)
    assert "only the cluster's ReplicaSet speaks for it, which is weaker" in seen.detail


def test_one_call_more_for_each_map_before_the_question(kept: Kept) -> None:
    """Planning loads an API server that may be on fire already; twelve calls do without maps."""
    kept.shop.configure(colour="red")
    platform = kept.platform
    kept.shop.cluster.requests.clear()
    seen = platform.observe(TARGET)
    platform.inspect(TARGET, kept.release)
    platform.plan(seen, to=kept.release)
    platform.observe(TARGET)
    assert len(kept.shop.cluster.requests.all()) <= 12 + 1


def test_captures_of_another_workload_are_left_alone(kept: Kept) -> None:
    """Another workload's template is put into this one."""
    kept.shop.forget("v1.2.0")
    assert kept.platform.find(TARGET, "v1.2.0") == kept.release
    for old, new in (
        ('"workload":"deployment/checkout"', '"workload":"deployment/payments"'),
        ('"namespace":"shop"', '"namespace":"other"'),
        ('"format":1', '"format":2'),
        ("checkout:v1.2.0", "checkout:v6.6.6"),
    ):
        assert old in kept.capture.document
        kept.archive = FakeArchive(
            replace(kept.capture, document=kept.capture.document.replace(old, new))
        )
        assert kept.platform.find(TARGET, "v1.2.0") is None


def test_nothing_is_captured_without_an_archive(shop: Shop) -> None:
    """A capture's hashes are made with an empty key, and so can be guessed."""
    with pytest.raises(ProviderError, match="no ledger"):
        shop.platform.capture(TARGET, deployment_id="deploy-2")
