"""Which providers are installed, by kind; found by entry points and loaded one at a time.

Called by ``config`` (through ``wiring``) to type a provider's settings and by ``wiring`` to make
it. Never guesses: an unknown kind, a broken one and one claimed twice are errors.
"""

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.errors import ProviderError, UnknownName

GROUPS = ("platforms", "databases", "metrics", "channels")
"""The groups of providers; the entry points' groups are ``smartspec_rollback.<group>``."""


def names(group: str) -> tuple[str, ...]:
    """Name the kinds installed in a group, sorted; loads none of them."""
    return tuple(sorted({point.name for point in _points(group)}))


def provider(group: str, kind: str) -> type[Any]:
    """Load the class of one kind.

    UnknownName lists the known ones; ProviderError names the package of one that cannot be
    loaded, or the packages that both claim the kind.
    """
    return _checked(group, _point(group, kind))


def settings_type(group: str, kind: str) -> type[Any]:
    """Return the type of a kind's own settings; errors as ``provider``."""
    settings: type[Any] = provider(group, kind).settings_type
    return settings


@lru_cache(maxsize=len(GROUPS))
def _points(group: str) -> tuple[EntryPoint, ...]:
    if group not in GROUPS:
        raise ValueError(f"{group!r} is no group of providers: {', '.join(GROUPS)}")
    return tuple(entry_points(group=f"smartspec_rollback.{group}"))


def _point(group: str, kind: str) -> EntryPoint:
    # Editable and regular installations of one package may both be seen: same value, one claim.
    claims = {point.value: point for point in _points(group) if point.name == kind}
    if len(claims) > 1:
        raise ProviderError(
            f"{kind!r} is claimed by several packages",
            where=", ".join(sorted(_package(point) for point in claims.values())),
            remedy="uninstall all but one of them",
        )
    if not claims:
        known = names(group)
        raise UnknownName(
            f"kind of {group.removesuffix('s')}",
            kind,
            nearest=nearest(kind, known),
            remedy=f"installed are: {', '.join(known) or 'none'}",
        )
    return claims.popitem()[1]


def _checked(group: str, point: EntryPoint) -> type[Any]:
    where = f"{_package(point)}: {point.value}"
    try:
        loaded = point.load()
    except Exception as error:  # whatever a foreign package does wrong is said, with its name
        raise ProviderError(
            f"the provider {point.name!r} cannot be loaded: {type(error).__name__}: {error}",
            where=where,
            remedy=f"install what it needs, for example: "
            f"`pip install 'smartspec-rollback[{point.name}]'`"
            if isinstance(error, ImportError)
            else "ask the package's authors, or uninstall it",
        ) from error
    if not isinstance(loaded, type) or not isinstance(getattr(loaded, "settings_type", None), type):
        raise ProviderError(
            f"the provider {point.name!r} of {group} is no class with a settings_type",
            where=where,
            remedy="ask the package's authors, or uninstall it",
        )
    return loaded


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown package"
