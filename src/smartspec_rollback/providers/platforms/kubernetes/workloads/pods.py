"""What a pod says of itself: whether it is ready, being ended, or over, and whose it is.

Used by whatever counts pods. Pure.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    items,
    name_of,
    part,
    text,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept

_OVER = ("Succeeded", "Failed")


def is_over(pod: Obj) -> bool:
    """Tell whether all its containers have ended, and none is started again."""
    return text(pod, "status", "phase") in _OVER


def is_ending(pod: Obj) -> bool:
    """Tell whether it was told to end."""
    return "deletionTimestamp" in part(pod, "metadata")


def is_ready(pod: Obj) -> bool:
    """Tell whether it is ready to serve, and is not being ended."""
    return not is_ending(pod) and any(
        text(each, "type") == "Ready" and text(each, "status") == "True"
        for each in items(pod, "status", "conditions")
    )


def emptied(pods: Iterable[Obj], workload: Obj, known: Iterable[Kept], *, label: str) -> Progress:
    """Say how many pods are still the workload's, those being ended included.

    ``known`` are its revisions, ``label`` is the one that tells their pods apart.
    """
    owners = {uid_of(workload), *(uid_of(each.source) for each in known)}
    left = [
        each
        for each in pods
        if not is_over(each) and (_owned(each, owners) or _outlived(each, workload, label))
    ]
    if not left:
        return Progress.done("no old instance is left")
    ending = sum(is_ending(each) for each in left)
    return Progress.pending(f"{len(left)} old instances left, {ending} of them ending")


def _owned(pod: Obj, owners: set[str]) -> bool:
    return any(text(each, "uid") in owners for each in items(pod, "metadata", "ownerReferences"))


def _outlived(pod: Obj, workload: Obj, label: str) -> bool:
    """Tell whether its ReplicaSet is called as only the workload's own are.

    With a short revision history that is cleared away while the last pods are still ending.
    """
    name = f"{name_of(workload)}-{text(pod, 'metadata', 'labels', label)}"
    return any(
        text(each, "kind") == "ReplicaSet" and text(each, "name") == name
        for each in items(pod, "metadata", "ownerReferences")
    )
