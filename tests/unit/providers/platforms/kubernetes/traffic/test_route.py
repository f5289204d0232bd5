"""Moving the weights of an HTTPRoute."""

from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.side_by_side import rule

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.providers.platforms.kubernetes.slots.front import shared
from smartspec_rollback.providers.platforms.kubernetes.traffic.route import (
    accepted,
    backends,
    stuck,
    weighing,
    weights,
)

PAIR = frozenset({"blue", "green"})


def a_route(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a route as the server has it."""
    held = {"name": "checkout", "namespace": "shop", "uid": "u-1", "resourceVersion": "7"}
    return {"metadata": {**held, "generation": 2}, "spec": {"rules": list(rules)}, **more}


def test_a_missing_weight_is_one() -> None:
    """A backend without a weight counts as one without traffic."""
    found = backends(a_route(rule("blue", "green=3")))
    assert [each.weight for each in found] == [1, 3]
    assert weights(found, PAIR) == {"blue": 0.25, "green": 0.75}


def test_weights_are_relative() -> None:
    """Weights that don't add up to 100 are taken for per cents, and small shares are lost."""
    assert shared({"blue": 1, "green": 3}) == {"blue": 25, "green": 75}
    assert shared({"blue": 1, "green": 999}) == {"blue": 1, "green": 99}
    assert shared({"blue": 0, "green": 5}) == {"green": 100}
    assert shared({"blue": 0, "green": 0}) == {}
    assert sum(shared({"a": 1, "b": 1, "c": 1}).values()) == 100


def test_the_name_is_tested_before_each_weight() -> None:
    """The list was written anew meanwhile, and another Service gets the weight."""
    made = weighing(a_route(rule("blue", "green=3")), PAIR, "blue", marks=None)
    first = "/spec/rules/0/backendRefs/0"
    second = "/spec/rules/0/backendRefs/1"
    assert made == (
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": f"{first}/name", "value": "blue"},
        {"op": "add", "path": f"{first}/weight", "value": 4},
        {"op": "test", "path": f"{second}/name", "value": "green"},
        {"op": "test", "path": f"{second}/weight", "value": 3},
        {"op": "add", "path": f"{second}/weight", "value": 0},
    )


def test_other_backends_keep_what_they_get() -> None:
    """A mirror, a backend of another kind or namespace, or another Service loses its requests."""
    other = {"name": "blue", "namespace": "elsewhere", "port": 80, "weight": 7}
    kind = {"name": "green", "group": "example.org", "kind": "Function", "weight": 2}
    made = a_route(
        {"backendRefs": [kind, other, *rule("assets=1", "green=1", "blue=0")["backendRefs"]]}
    )
    touched = {each["path"] for each in weighing(made, PAIR, "blue", marks=None)}
    assert touched == {
        "/metadata/uid",
        *(f"/spec/rules/0/backendRefs/{n}/{key}" for n in (3, 4) for key in ("name", "weight")),
    }


def test_a_rule_without_the_target_is_stuck() -> None:
    """A rule goes on sending requests to the bad version, and nobody says so."""
    found = backends(a_route(rule("blue=0", "green"), rule("green"), rule("assets")))
    assert [(each.rule, each.service) for each in stuck(found, PAIR, "blue")] == [(1, "green")]
    assert stuck(found, PAIR, "green") == ()


def condition(kind: str, status: str = "True", generation: int = 2) -> dict[str, Any]:
    """Write a condition of a parent."""
    return {"type": kind, "status": status, "reason": "R", "observedGeneration": generation}


BOTH = [condition("Accepted"), condition("ResolvedRefs")]


@pytest.mark.parametrize(
    ("parents", "state"),
    [
        ([], ProgressState.UNKNOWN),
        ([BOTH], ProgressState.DONE),
        ([BOTH, [condition("Accepted")]], ProgressState.PENDING),
        ([[condition("Accepted"), condition("ResolvedRefs", "False")]], ProgressState.PENDING),
        ([[condition("Accepted", generation=1), condition("ResolvedRefs")]], ProgressState.PENDING),
    ],
    ids=["nobody", "both", "one-of-two", "not-resolved", "an-older-generation"],
)
def test_gateways_have_the_last_word(
    parents: list[list[dict[str, Any]]], state: ProgressState
) -> None:
    """Traffic counts as turned before any gateway has seen the new weights."""
    said = [{"parentRef": {"name": "edge"}, "conditions": each} for each in parents]
    assert accepted(a_route(status={"parents": said})).state is state
