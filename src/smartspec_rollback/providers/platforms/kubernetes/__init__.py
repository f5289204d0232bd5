"""The platform ``kubernetes``: workloads of a cluster, with nothing installed in it.

The cluster's own controllers do the work and its objects are the truth. ``KubernetesPlatform`` is
what the entry point names; nobody outside imports anything else from here.
"""

from smartspec_rollback.providers.platforms.kubernetes.platform import KubernetesPlatform
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings

__all__ = ["KubernetesPlatform", "KubernetesSettings"]
