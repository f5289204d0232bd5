"""Readers of statement files: where an application's statements stand in its repository.

``reading`` is what others call; every form of file has a module of its own. Nothing here looks at
what a statement means, and no bad file is an error: what cannot be read is a gap that names it.
"""

from smartspec_rollback.providers.statements.collected import Collected
from smartspec_rollback.providers.statements.reading import read

__all__ = ["Collected", "read"]
