import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.providers.platforms.local.values import record

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.local.proxy_config import (
    Route,
    clusters,
    read_route,
    routes,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    generation=st.integers(0, 2**53),
    revision=st.none() | st.from_regex(r"r[0-9]+-[0-9a-f]{12}", fullmatch=True),
    operation=st.none() | st.text(max_size=40),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_route_is_read_back(
    tmp_path: Path,
    generation: int,
    revision: str | None,
    operation: str | None,
    at: datetime | None,
) -> None:
    """The truth about traffic cannot be read back from the file that makes it so."""
    route = Route(generation=generation, revision=revision, operation=operation, deployed_at=at)
    path = tmp_path / "routes.json"
    path.write_bytes(routes(route, token="token"))
    assert read_route(path) == route


def test_routes_lead_to_one_revision() -> None:
    """Some requests go elsewhere, or the private probe is open to everybody."""
    written = json.loads(routes(Route(generation=3, revision="r2-abc"), token="token"))
    assert written["version_info"] == "3"
    (host,) = written["resources"][0]["virtual_hosts"]
    probe, everything = host["routes"]
    assert host["domains"] == ["*"]
    assert everything["match"] == {"prefix": "/"}
    assert everything["route"]["cluster"] == "r2-abc"
    assert probe["match"]["headers"][0]["string_match"] == {"exact": "token"}
    assert probe["direct_response"]["body"]["inline_string"] == "3 r2-abc"


def test_no_release_is_said(tmp_path: Path) -> None:
    """Without a release the proxy resets connections instead of saying so."""
    written = json.loads(routes(Route(generation=1), token="token"))
    everything = written["resources"][0]["virtual_hosts"][0]["routes"][1]
    assert everything["direct_response"]["status"] == 503
    assert read_route(tmp_path / "none.json").generation == 0


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"resources": []}'])
def test_damaged_routes_are_said(tmp_path: Path, content: bytes) -> None:
    """A damaged route file is read as "no traffic", and the live revision is stopped."""
    path = tmp_path / "routes.json"
    path.write_bytes(content)
    with pytest.raises(ProviderError, match="damaged"):
        read_route(path)


def test_clusters_name_every_instance() -> None:
    """An instance gets no traffic, or the version does not change when the clusters do."""
    one, two = record(1, "v1", (20001, 20002)), record(2, "v2", (20003,))
    written = json.loads(clusters((two, one)))
    assert [cluster["name"] for cluster in written["resources"]] == [one.id, two.id]
    ends = written["resources"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    ports = [end["endpoint"]["address"]["socket_address"]["port_value"] for end in ends]
    assert ports == [20001, 20002]
    assert written["version_info"] != json.loads(clusters((one,)))["version_info"]
