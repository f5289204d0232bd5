"""What a pod says of itself, and whose it is."""

import pytest

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj
from smartspec_rollback.providers.platforms.kubernetes.workloads.deployment import revisions_among
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import (
    emptied,
    is_over,
    is_ready,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import HASH_LABEL

_READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def test_what_is_told_to_end_is_not_ready() -> None:
    """Else an instance that takes no requests any more would count for the load."""
    ending = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": _READY}
    assert is_ready({"metadata": {}, "status": _READY})
    assert not is_ready(ending)


def test_without_a_word_about_it_a_pod_is_not_ready() -> None:
    """Else what has only just been made would count as standing."""
    unknown = {"conditions": [{"type": "Ready", "status": "Unknown"}]}
    assert not is_ready({"metadata": {}})
    assert not is_ready({"metadata": {}, "status": unknown})


@pytest.mark.parametrize(
    ("phase", "over"), [("Succeeded", True), ("Failed", True), ("Running", False), ("", False)]
)
def test_only_what_ended_for_good_is_over(phase: str, *, over: bool) -> None:
    """Else an evicted pod would be waited for, or a running one not be."""
    assert is_over({"status": {"phase": phase}}) is over


def _pod(replica_set: str, *, uid: str, ending: bool = False) -> Obj:
    told = {"deletionTimestamp": "2026-01-01T00:00:00Z"} if ending else {}
    owner = {"kind": "ReplicaSet", "name": replica_set, "uid": uid}
    labels = {HASH_LABEL: "66b7c"}
    return {"metadata": {"labels": labels, "ownerReferences": [owner], **told}}


def _emptied(*pods: Obj) -> Progress:
    shop = {"metadata": {"name": "shop", "uid": "of-shop"}}
    owner = {"controller": True, "uid": "of-shop"}
    told = {"name": "shop-66b7c", "uid": "known", "ownerReferences": [owner]}
    known = revisions_among(({"metadata": told},), shop, container=None)
    return emptied(pods, shop, known, label=HASH_LABEL)


def test_the_pods_of_its_revisions_are_waited_for() -> None:
    """Else a scale-down would be called done while old instances still serve."""
    said = _emptied(_pod("adopted", uid="known"), _pod("shop-66b7c", uid="known", ending=True))
    assert said == Progress.pending("2 old instances left, 1 of them ending")
    assert _emptied() == Progress.done("no old instance is left")


def test_pods_whose_replica_set_went_first_are_waited_for() -> None:
    """Else, with a revision history of none, the last requests of old instances go uncounted."""
    said = _emptied(_pod("shop-66b7c", uid="gone", ending=True))
    assert said == Progress.pending("1 old instances left, 1 of them ending")


def test_a_workload_with_a_longer_name_is_another_one() -> None:
    """Else instances of shop-admin, labelled alike, would keep a scale-down of shop for ever."""
    assert _emptied(_pod("shop-admin-66b7c", uid="other")) == Progress.done(
        "no old instance is left"
    )
