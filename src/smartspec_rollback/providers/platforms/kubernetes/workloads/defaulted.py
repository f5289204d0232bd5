"""Pod templates as people write them, and as the server keeps them: with defaults filled in.

Nothing fills in the defaults of a custom resource, but its ReplicaSets have them. Used by the
kinds whose template is a custom resource's. Pure.
"""

from collections.abc import Mapping
from typing import Any

_EMPTY: tuple[Any, ...] = (None, "", {}, [])

_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "apiVersion": ("v1",),
    "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",),
    "enableServiceLinks": (True,),
    "expirationSeconds": (3600,),
    "failureThreshold": (3,),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "path": ("/",),
    "periodSeconds": (10,),
    "protocol": ("TCP",),
    "restartPolicy": ("Always",),
    "schedulerName": ("default-scheduler",),
    "scheme": ("HTTP",),
    "successThreshold": (1,),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1,),
    "volumeMode": ("Filesystem",),
}
"""What core/v1 fills in, by the field's name; the pull policy depends on the image's tag."""

_SAME_AS = {"serviceAccount": "serviceAccountName"}
"""Old names of fields, which the server keeps beside the new ones."""


def filled_in(written: object, kept: object) -> bool:
    """Tell whether a template as kept is one as written, and else only has defaults.

    False where that cannot be told: quantities, for one, are kept in another spelling.
    """
    if isinstance(written, Mapping) and isinstance(kept, Mapping):
        said = {key: value for key, value in written.items() if value is not None}
        if any(not filled_in(value, kept.get(key)) for key, value in said.items()):
            return False
        return all(_by_default(key, kept) for key in kept if key not in said)
    if isinstance(written, list) and isinstance(kept, list):
        return len(written) == len(kept) and all(map(filled_in, written, kept))
    return written == kept or (written in _EMPTY and kept in _EMPTY)


def _by_default(key: str, kept: Mapping[str, Any]) -> bool:
    value = kept[key]
    if key in _DEFAULTS:
        return value in _DEFAULTS[key]
    return value in _EMPTY or (key in _SAME_AS and value == kept.get(_SAME_AS[key]))
