"""Roles and scopes: who may do what, and where."""

import pytest

from smartspec_rollback.domain.access import (
    ALLOWS,
    EVERYWHERE,
    SCOPES,
    Action,
    Grant,
    Principal,
    Reach,
    Role,
    permits,
    why_not,
)
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.target import Target

SHOP = Target(service="shop", environment="production")
OTHER = Target(service="other", environment="production")
ALICE = Principal(person=Person(name="alice", account="oidc:alice"), groups=("sre",))
MACHINE = Person(name="ci", account="token:t-1")


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_allows_its_actions_on_its_services_only(role: Role, action: Action) -> None:
    """A role that reached further than it says would be a hole in every installation."""
    here = (Grant(role=role, people=("alice",), services=("shop",)),)
    assert permits(here, ALICE, action, SHOP) is (action in ALLOWS[role])
    assert not permits(here, ALICE, action, OTHER)
    whole = action in ALLOWS[role] and action not in EVERYWHERE
    assert permits(here, ALICE, action, None) is whole


def test_groups_count_like_people() -> None:
    """Most organisations know who is who by groups alone."""
    grants = (Grant(role=Role.APPROVER, groups=("sre",)),)
    assert permits(grants, ALICE, Action.ANSWER, SHOP)
    nobody = Principal(person=ALICE.person, groups=("dev",))
    assert not permits(grants, nobody, Action.ANSWER, SHOP)


@pytest.mark.parametrize("action", list(Action))
def test_a_machine_never_consents_whatever_its_token_says(action: Action) -> None:
    """An approval is a person's; a stolen token of a pipeline must not be one."""
    machine = Principal(person=MACHINE, scopes=tuple(Action))
    assert permits((), machine, action, SHOP) is (action in SCOPES)
    assert permits((), Principal(person=MACHINE, scopes=()), action, SHOP) is False


def test_a_machine_has_no_roles() -> None:
    """A token called like a person must not inherit what that person may do."""
    grants = (Grant(role=Role.ADMIN, people=("ci",)),)
    machine = Principal(person=MACHINE, scopes=(Action.READ,))
    assert not permits(grants, machine, Action.REQUEST, SHOP)


def test_a_narrowed_token_counts_only_where_it_reaches() -> None:
    """A pipeline of one service must not roll back another."""
    reach = Reach(services=("shop",), environments=("production",))
    machine = Principal(person=MACHINE, scopes=(Action.REQUEST,), reach=reach)
    assert permits((), machine, Action.REQUEST, SHOP)
    assert not permits((), machine, Action.REQUEST, OTHER)
    assert why_not((), machine, Action.REQUEST, OTHER) == (
        "the token of ci does not allow request on other/production"
    )
    staging = Target(service="shop", environment="staging")
    assert not permits((), machine, Action.REQUEST, staging)


def test_a_persons_token_reaches_no_further_than_the_person() -> None:
    """A personal token narrows what its person may do, and never widens it."""
    grants = (Grant(role=Role.ADMIN, people=("alice",)),)
    narrowed = Principal(person=ALICE.person, reach=Reach(services=("shop",)))
    assert permits(grants, narrowed, Action.ANSWER, SHOP)
    assert not permits(grants, narrowed, Action.ANSWER, OTHER)
    assert not permits(grants, narrowed, Action.TOKENS, None)
    assert not permits((), narrowed, Action.READ, SHOP)
