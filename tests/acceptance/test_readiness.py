"""``smartspec readiness``: whether one could go back, without touching anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.clusters import NAMES, Shops
from tests.acceptance.commands import LEDGER, Typed, installed

from smartspec_rollback.domain.target import Target
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.kubernetes.cluster import Cluster

_READS = {"get", "list", "watch"}


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[Shops]:
    """Supply the cluster."""
    with Cluster(speed=20.0) as cluster:
        yield Shops(tmp_path, cluster)


def test_a_cluster_is_only_read(shops: Shops) -> None:
    """A look every few minutes changes production, or fills the ledger."""
    shops.cluster.requests.clear()
    done = installed("smartspec", "readiness", "--format", "json", folder=shops.folder)
    answers = done.document["answers"]
    assert [each["target"]["service"] for each in answers] == list(NAMES)
    assert {each["live_version"] for each in answers} == {"v2"}
    assert {each["to_version"] for each in answers} == {"v1"}
    # Nobody recorded anything and no registry can be asked: that is never ready.
    assert {each["outcome"] for each in answers} == {"unknown"}
    assert done.code == done.document["exit_code"] == 4
    written = [call for call in shops.cluster.requests.all() if call.verb not in _READS]
    assert all("dryRun=All" in call.path for call in written), written
    with SqliteStore.open(shops.folder / LEDGER) as store:
        assert store.rollbacks(limit=9) == ()
        assert store.audit_log(limit=9) == ()


def test_a_cluster_that_is_gone_is_unknown_and_hides_no_other(shops: Shops) -> None:
    """One cluster that cannot be reached keeps the state of every service from people."""
    text = (shops.folder / "smartspec.yaml").read_text()
    broken = text.replace("workload: deployment/basket", "workload: deployment/nothing")
    (shops.folder / "smartspec.yaml").write_text(broken)
    done = installed("smartspec", "readiness", "--format", "json", folder=shops.folder)
    answers = {each["target"]["service"]: each for each in done.document["answers"]}
    assert answers["basket"]["outcome"] == "unknown"
    assert answers["basket"]["live_version"] is None
    assert answers["search"]["to_version"] == "v1"
    assert done.code == 4


def test_one_environment_can_be_asked_about(shops: Shops) -> None:
    """Whoever looks after one service has to wait for all of them."""
    done = installed(
        "smartspec", "readiness", "--service", "search", "--format", "json", folder=shops.folder
    )
    assert [each["target"]["service"] for each in done.document["answers"]] == ["search"]
    unknown = installed("smartspec", "readiness", "--environment", "moon", folder=shops.folder)
    assert unknown.code == 2
    assert "search/production" in unknown.err


def test_nothing_live_is_not_ready(typed: Typed) -> None:
    """A service that does not even run lets a pipeline go on."""
    done = typed("readiness")
    assert done.code == 4
    assert "✅" not in done.out
    kept = SqliteStore.open(typed.ledger).readiness(
        Target(service="checkout", environment="production")
    )
    assert kept is not None
    again = typed("readiness", "--format", "json").document
    assert again["answers"][0]["since"] == kept.at.isoformat().replace("+00:00", "Z")
