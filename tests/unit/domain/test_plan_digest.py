"""What somebody typed or pressed names a plan, or it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.plan import names_plan, short_digest
from smartspec_rollback.domain.values import digest

DIGEST = "sha256:0123456789abcdef" + "0" * 48


@pytest.mark.parametrize(
    "said", ["01234567", "0123456789ABCDEF", DIGEST, DIGEST.upper().lower(), " 01234567 "]
)
def test_its_beginning_names_a_plan(said: str) -> None:
    """Whoever types what stands in the plan must be understood."""
    assert names_plan(said, DIGEST)
    assert names_plan(short_digest(DIGEST), DIGEST)


@pytest.mark.parametrize(
    "said", ["", "sha256:", "sha256:0", "0123456", "sha256:0123456", "012345678a", "sha256:sha256:"]
)
def test_too_little_names_nothing(said: str) -> None:
    """A word that every plan begins with would approve whichever plan is there."""
    assert not names_plan(said, DIGEST)


@given(st.text(max_size=80), st.integers())
def test_nothing_but_its_own_digits_names_a_plan(said: str, number: int) -> None:
    """An approval that fits by chance is an approval of something nobody read."""
    whole = digest(number)
    fits = whole.removeprefix("sha256:").startswith(said.strip().lower().removeprefix("sha256:"))
    assert names_plan(said, whole) <= fits
