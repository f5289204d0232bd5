"""Whether two servers are certainly not the same one.

Used by ``shadow``: what is executed on a shadow server is other people's code, which has no
business in a cluster that holds production. What cannot be told apart counts as the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from smartspec_rollback.domain.schema_record import Mark
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.errors import ProviderError, UsageError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.address import Address
from smartspec_rollback.providers.databases.postgresql.connection import Session, Sessions
from smartspec_rollback.providers.databases.postgresql.probing import marks

_SYSTEM = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"
_STARTED = """
    SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text,
           pg_catalog.pg_is_in_recovery()
"""
_PORT = "5432"


@dataclass(frozen=True)
class Other:
    """A database that a shadow has to be kept apart from: the setting or option that names it.

    It is reached by ``place``, or known from a ``place`` in its own time.
    """

    setting: str
    place: SecretReference | Mark | None


@dataclass(frozen=True)
class _Server:
    """What one server says of itself; ``system`` is None where it may not be asked."""

    system: str | None
    started: str
    standby: bool


def keep_apart(
    shadow: Address, setting: str, others: Sequence[Other], *, deadline: Deadline
) -> None:
    """Let nothing pass but a shadow that is certainly on another server than all the others.

    UsageError names both settings; ProviderError where one of the servers cannot be asked.
    """
    for other in others:
        if isinstance(other.place, Mark):
            _apart_from_recorded(shadow, setting, other.setting, other.place, deadline)
        elif other.place is not None:
            reached = address.read(other.place.resolve(), where=other.place.place)
            _apart_from_live(shadow, setting, other.setting, reached, deadline)


def _apart_from_recorded(
    shadow: Address, setting: str, other: str, mark: Mark, deadline: Deadline
) -> None:
    moment = marks.read(mark.transaction or "")
    if moment is None:
        return
    with Sessions(shadow).session(deadline) as session:
        system = _system(session)
    if system is None:
        raise _untold(shadow, setting, other)
    if system == moment.place[0]:
        raise _same(setting, other)


def _apart_from_live(
    shadow: Address, setting: str, other: str, reached: Address, deadline: Deadline
) -> None:
    if _endpoints(shadow) & _endpoints(reached):
        raise _same(setting, other)
    # The shadow's connection is open meanwhile, so its server is not started anew in between.
    with Sessions(shadow).session(deadline) as mine:
        with Sessions(reached).session(deadline) as theirs:
            second = _server(theirs)
        first = _server(mine)
    if first.system is not None and second.system is not None:
        if first.system == second.system:
            raise _same(setting, other)
    elif first.standby or second.standby:
        raise _untold(shadow, setting, other)
    elif first.started == second.started:
        raise _same(setting, other)


def _server(session: Session) -> _Server:
    system = _system(session)
    with session.transaction(as_application=False) as connection:
        row = connection.execute(_STARTED).fetchone()
    started, standby = row if row is not None else ("", True)
    return _Server(system=system, started=str(started), standby=bool(standby))


def _system(session: Session) -> str | None:
    try:
        with session.transaction(as_application=False) as connection:
            row = connection.execute(_SYSTEM).fetchone()
    except ProviderError:
        return None
    return None if row is None else str(row[0])


def _endpoints(place: Address) -> frozenset[tuple[str, str]]:
    hosts = place.parameters.get("host", place.parameters.get("hostaddr", "")).split(",")
    ports = place.parameters.get("port", _PORT).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return frozenset((h.lower(), p or _PORT) for h, p in zip(hosts, ports, strict=False))


def _same(setting: str, other: str) -> UsageError:
    return UsageError(
        f"{setting} is on the same server as {other}: recorded code would be executed there",
        remedy=f"let {setting} name a server that holds nothing of production, or leave it out",
    )


def _untold(shadow: Address, setting: str, other: str) -> UsageError:
    return UsageError(
        f"whether {setting} is on the same server as {other} cannot be told",
        where=shadow.identity,
        remedy="GRANT EXECUTE ON FUNCTION pg_control_system() to the users of both URLs, or leave "
        f"{setting} out",
    )
