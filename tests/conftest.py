"""Settings of all tests, and the scratch servers they share: one a version and test process."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.mariadb import MariaDb
from tests.synapse import Homeserver

from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

# Hypothesis judges results, never how fast a busy machine computed them.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def scratch() -> Iterator[Scratch]:
    """Run the newest PostgreSQL; every test makes a database of its own in it."""
    with Scratch(18) as server:
        yield server


@pytest.fixture(scope="session")
def postgres15() -> Iterator[Scratch]:
    """Run PostgreSQL 15 with pg_stat_statements, as Debian has it."""
    with Scratch(15, {"shared_preload_libraries": "pg_stat_statements"}) as server:
        yield server


@pytest.fixture
def database(scratch: Scratch) -> Iterator[str]:
    """Make an empty database of the newest PostgreSQL and give its URL."""
    with scratch.database() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """Run MariaDB, as Debian has it; every test makes a database of its own in it."""
    with MariaDb() as server:
        yield server


@pytest.fixture(scope="session")
def homeserver() -> Iterator[Homeserver]:
    """Run Synapse, a real Matrix homeserver; every test makes a room of its own on it."""
    with Homeserver() as server:
        yield server
