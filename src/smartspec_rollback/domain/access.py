"""Who may ask for what: roles of people, scopes of machine tokens, and the one rule over both.

Pure; ``operations`` applies it to everything that comes by HTTP, chat, alert or agent. Who may
*approve* a plan is decided twice: here (may this identity answer for this Target at all) and by the
plan's own policy (``domain.approval``).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value


class Action(StrEnum):
    """What somebody may be allowed to do; also the scopes of machine tokens."""

    READ = "read"
    RECORD = "record"
    JUDGE = "judge"
    REQUEST = "request"
    ANSWER = "answer"
    RELEASE_HOLD = "release-hold"
    AUDIT = "audit"
    TOKENS = "tokens"


class Role(StrEnum):
    """What a person is to a service: each role is a fixed set of actions."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


ALLOWS: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Action.READ}),
        Role.OPERATOR: frozenset({Action.READ, Action.RECORD, Action.JUDGE, Action.REQUEST}),
        Role.APPROVER: frozenset({Action.READ, Action.ANSWER, Action.RELEASE_HOLD}),
        Role.ADMIN: frozenset(Action),
    }
)
"""The actions of each role. Nothing but a role or a scope allows anything."""

SCOPES = frozenset({Action.READ, Action.RECORD, Action.JUDGE, Action.REQUEST})
"""What a machine's token may be given: consent is a person's, and so is whatever undoes a ban."""

EVERYWHERE = frozenset({Action.AUDIT, Action.TOKENS})
"""Actions about the whole ledger: a grant narrowed to some services never allows them."""


class Grant(Value):
    """A role for people and groups; without ``services`` or ``environments``, for all of them."""

    role: Role
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


class Reach(Value):
    """Where a token counts; empty means everywhere."""

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def covers(self, target: Target) -> bool:
        """Tell whether a Target is within."""
        return (not self.services or target.service in self.services) and (
            not self.environments or target.environment in self.environments
        )


class Principal(Value):
    """Who asks, as some proof showed: a person with groups, or a machine with scopes.

    ``scopes`` is None for people, whose roles decide. ``proved_at`` is when they last proved who
    they are (UTC), None where the channel proves it with every message.
    """

    person: Person
    groups: tuple[str, ...] = ()
    scopes: tuple[Action, ...] | None = None
    reach: Reach = Reach()
    proved_at: datetime | None = None

    @property
    def is_machine(self) -> bool:
        """Whether this is a machine: it never approves and never denies."""
        return self.scopes is not None


def permits(
    grants: tuple[Grant, ...], who: Principal, action: Action, target: Target | None
) -> bool:
    """Tell whether ``who`` may do ``action`` on ``target``; None asks about the whole ledger."""
    narrowed = bool(who.reach.services or who.reach.environments)
    if target is None and (action in EVERYWHERE) and narrowed:
        return False
    if target is not None and not who.reach.covers(target):
        return False
    if who.scopes is not None:
        return action in who.scopes and action in SCOPES
    return any(_gives(grant, who, action, target) for grant in grants)


def why_not(
    grants: tuple[Grant, ...], who: Principal, action: Action, target: Target | None
) -> str | None:
    """Say why ``who`` may not do ``action``, or None if they may."""
    if permits(grants, who, action, target):
        return None
    where = f" on {target}" if target is not None else ""
    if who.is_machine:
        return f"the token of {who.person.name} does not allow {action}{where}"
    return f"{who.person.name} has no role that allows {action}{where}"


def _gives(grant: Grant, who: Principal, action: Action, target: Target | None) -> bool:
    if action not in ALLOWS[grant.role]:
        return False
    if who.person.name not in grant.people and not set(who.groups) & set(grant.groups):
        return False
    if target is None:
        whole = not grant.services and not grant.environments
        return whole or action not in EVERYWHERE
    return Reach(services=grant.services, environments=grant.environments).covers(target)
