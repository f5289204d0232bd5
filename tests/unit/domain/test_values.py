"""Digests, parameters and identities: what approvals are bound to."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Parameter, canonical, digest, parameter, parameters
from smartspec_rollback.testing.samples import a_plan, a_release

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(value=JSON)
def test_canonical_json_is_a_fixed_point(value: object) -> None:
    """A plan read back from the store must have the digest that people approved."""
    again = msgspec.json.decode(canonical(value))
    assert canonical(again) == canonical(value)
    assert digest(again) == digest(value)


@given(value=st.dictionaries(st.text(max_size=4), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    """Two stores that order keys differently must agree on a digest."""
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_the_digest_is_the_same_in_every_release_of_this_tool() -> None:
    """An upgrade between asking and executing must not turn an approved plan stale."""
    target = Target(service="checkout", environment="production")
    assert canonical(target) == b'{"environment":"production","service":"checkout"}'
    assert digest(target) == (
        "sha256:fd5b754fefbc3fa270bd623db6cd4732291f9f108d42178093b570f0d96beaab"
    )


def test_a_plan_survives_the_store_and_any_change_moves_its_digest() -> None:
    """Consent to one plan must never be consent to another."""
    plan = a_plan()
    assert msgspec.json.decode(canonical(plan), type=Plan).digest == plan.digest
    others = [
        msgspec.structs.replace(plan, steps=plan.steps[:-1]),
        msgspec.structs.replace(plan, fingerprint="sha256:other"),
        msgspec.structs.replace(plan, target=Target(service="checkout", environment="staging")),
        msgspec.structs.replace(plan, prewarm=not plan.prewarm),
    ]
    assert len({plan.digest, *(other.digest for other in others)}) == 5


def test_values_are_frozen_and_strict() -> None:
    """A value that could be changed, or holds what nobody knows, breaks every digest."""
    with pytest.raises(AttributeError):
        a_release().version = "v9"  # type: ignore[misc] # the point of the test
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"service":"a","environment":"b","more":1}', type=Target)


def test_a_releases_identity_is_its_content_and_never_its_name() -> None:
    """The same version with fixed configuration is another release; a new name is not."""
    one = a_release("v1", artifact="x")
    assert one.identity == a_release("v2", artifact="x").identity
    assert one.identity != a_release("v1", artifact="x", configuration="FIXED=1").identity
    nameless = Release(version="v1", artifact="x")
    assert nameless.identity == Release(version="v1", artifact="x").identity
    assert nameless.identity != Release(version="v2", artifact="x").identity


def test_parameters_keep_order_and_leave_out_what_is_none() -> None:
    """Steps are hashed with their parameters."""
    held = parameters(to="v1", count=3, nothing=None)
    assert held == (Parameter(name="to", value="v1"), Parameter(name="count", value="3"))
    assert parameter(held, "count") == "3"
    assert parameter(held, "gone", "default") == "default"
    with pytest.raises(KeyError):
        parameter(held, "gone")
