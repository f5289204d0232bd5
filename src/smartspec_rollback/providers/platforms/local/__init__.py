"""The platform ``local``: the embedded default, and a deployment system for one host.

Supervisor runs the instances, Envoy takes the traffic, and files are the truth about both.
``LocalPlatform`` is what the entry point names; nobody outside imports anything else from here.
"""

from smartspec_rollback.providers.platforms.local.platform import LocalPlatform
from smartspec_rollback.providers.platforms.local.settings import LocalSettings

__all__ = ["LocalPlatform", "LocalSettings"]
