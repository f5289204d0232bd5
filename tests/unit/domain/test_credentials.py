"""Tokens' texts: what is one, and what only looks like one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from smartspec_rollback.domain.credentials import compose, fingerprint, token_id
from smartspec_rollback.testing.access import a_token
from smartspec_rollback.testing.samples import NOON, later

SECRETS = st.binary(min_size=32, max_size=32)


@given(SECRETS)
def test_a_token_is_known_by_its_form(secret: bytes) -> None:
    """A scanner that cannot tell a token from noise finds no leaked one."""
    text = compose("abcdefgh", secret)
    assert len(text) == 62
    assert token_id(text) == "abcdefgh"


@given(SECRETS, st.integers(min_value=13, max_value=61), st.sampled_from("0Az"))
def test_a_mistyped_token_is_known_as_none(secret: bytes, at: int, character: str) -> None:
    """The ledger is not asked for what cannot be a token."""
    text = compose("abcdefgh", secret)
    if text[at] != character:
        assert token_id(text[:at] + character + text[at + 1 :]) is None


@given(SECRETS, SECRETS)
def test_no_two_secrets_are_written_alike(one: bytes, other: bytes) -> None:
    """Two tokens with one text would be one token."""
    same = compose("abcdefgh", one) == compose("abcdefgh", other)
    assert same is (one == other)


@given(st.text(max_size=100))
def test_any_other_text_is_none(text: str) -> None:
    """What somebody presents may be anything at all."""
    assert token_id(text) is None


def test_a_fingerprint_says_nothing_about_its_secret() -> None:
    """What the ledger keeps must not be what is presented."""
    text = compose("abcdefgh", bytes(32))
    assert len(fingerprint(text)) == 64
    assert fingerprint(text) != fingerprint(text + "x")


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-1, False), (0, True), (3599, True), (3600, False)]
)
def test_a_token_counts_from_its_making_to_its_end(seconds: float, *, counts: bool) -> None:
    """A token that counts for longer than it says is one that nobody watches."""
    token = a_token(lasts=3600)
    assert token.counts(at=later(seconds)) is counts
    revoked = replace(token, revoked_at=NOON + timedelta(seconds=1))
    assert not revoked.counts(at=later(seconds))
