"""Container images: what a reference names, and whether a registry still has it.

Used by platforms that run images. Changes nothing anywhere.
"""

from smartspec_rollback.providers.images.reference import ImageReference, parse
from smartspec_rollback.providers.images.registry import Credentials, Kept, Registries, ask

__all__ = ["Credentials", "ImageReference", "Kept", "Registries", "ask", "parse"]
