"""Questions are answered through an index, so that a million deployments take milliseconds."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartspec_rollback.store import deployments, similar
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import a_deployment

_COUNT = 3000


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (deployments.LIVE, "deployments_live"),
        (deployments.EARLIER, "deployments_live"),
        (deployments.ELIGIBLE, "deployments_eligible"),
        (deployments.OF_VERSION, "deployments_of_version"),
        (deployments.SINCE, "deployments_live"),
        (deployments.SUPERSEDED, "deployments_live"),
        (deployments.OF_TARGET, "deployments_of_target"),
        (deployments.ALL, "deployments_by_time"),
    ],
)
def test_every_listing_walks_its_index(store: SqliteStore, sql: str, index: str) -> None:
    """If this fails, resolving scans or sorts the whole ledger in the middle of an incident."""
    with store.snapshot() as db:
        plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, ("",) * sql.count("?"))]
    assert any(index in line for line in plan), plan
    assert not any("SCAN d" in line and index not in line for line in plan), plan
    assert not any("TEMP B-TREE" in line for line in plan), plan


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """Make a ledger with thousands of ids that are much alike."""
    path = tmp_path_factory.mktemp("large") / "smartspec.db"
    store = SqliteStore.open(path)
    with store._ledger.write() as db:
        for number in range(_COUNT):
            deployments.record(db, a_deployment(f"deploy-{number * 37:06d}"), actor="test")
    yield store
    store.close()


@given(
    number=st.integers(0, _COUNT - 1), at=st.integers(0, 12), digit=st.sampled_from("0123456789")
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_slip_is_always_forgiven(large: SqliteStore, number: int, at: int, digit: str) -> None:
    """If this fails, somebody who mistyped one digit is told that nothing is like it."""
    meant = f"deploy-{number * 37:06d}"
    wrong = meant[: 7 + at % 6] + digit + meant[8 + at % 6 :]
    for typed in (meant[:at] + meant[at + 1 :], wrong):
        with large.snapshot() as db:
            found = similar.similar_ids(db, typed, limit=50)
        assert meant in (*found, typed)


@given(text=st.text(max_size=300))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_may_be_asked_for(large: SqliteStore, text: str) -> None:
    """If this fails, a strange id is a traceback instead of "unknown"."""
    found = large.similar_ids(text, limit=3)
    assert len(found) <= 3
    assert text not in found
