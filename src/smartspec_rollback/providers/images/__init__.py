"""Container images: what a reference names, and whether a registry still has it.

Used by platforms that run images. Changes nothing anywhere.
"""

from smartspec_rollback.providers.images.reference import ImageReference, parse
from smartspec_rollback.providers.images.registry import Answered, Credentials, Registries, ask

__all__ = ["Answered", "Credentials", "ImageReference", "Registries", "ask", "parse"]
