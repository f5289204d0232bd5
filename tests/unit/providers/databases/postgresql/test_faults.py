"""What a server refuses is said in its own words, with what to do about it."""

import pytest
from psycopg import errors

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql.address import read
from smartspec_rollback.providers.databases.postgresql.faults import fault

PLACE = read(Sensitive("postgresql://app:sesame@localhost/shop"))


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errors.InsufficientPrivilege('permission denied to set role "app"'), "GRANT role TO"),
        (errors.InsufficientPrivilege("permission denied for table orders"), "grant the missing"),
        (errors.InvalidParameterValue('role "ap" does not exist'), "check `role`"),
    ],
)
def test_a_refusal_names_what_it_is_about_and_a_remedy(error: errors.Error, remedy: str) -> None:
    """People know that something is denied, and neither what nor what to grant."""
    told = fault(error, PLACE, doing="asking")
    assert told.what == f"asking: {error}"
    assert told.where == "postgresql://localhost:5432/shop"
    assert remedy in told.remedy


def test_the_client_librarys_own_hint_is_left_to_the_remedy() -> None:
    """Two sentences without a full stop between them say the same as the remedy."""
    told = fault(
        errors.OperationalError("Connection refused\n\tIs the server running on that host?"),
        PLACE,
        doing="connecting",
    )
    assert isinstance(told, ProviderUnavailable)
    assert told.what == "connecting: Connection refused"
    assert "check that the server runs" in told.remedy
