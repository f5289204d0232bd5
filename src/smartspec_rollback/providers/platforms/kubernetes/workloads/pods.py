"""What a pod says of itself: whether it is ready, being ended, or over.

Used by whatever counts pods. Pure.
"""

from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, items, part, text

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
