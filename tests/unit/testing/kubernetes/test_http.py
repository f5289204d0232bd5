"""Faults, tokens, the record of calls, and requests that make no sense."""

import http.client
from typing import Any

import pytest
from tests.unit.testing.kubernetes.client import JSON, MERGE, SHOP, Client, config_map, deployment

from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.kubernetes.faults import Fault

_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
_MAPS = "/api/v1/namespaces/default/configmaps"


def test_the_second_call_fails_as_scripted(cluster: Cluster, client: Client) -> None:
    """Tests could not fail one call of many."""
    fault = cluster.faults.add(Fault(verb="list", skip=1, code=429, retry_after=3))
    codes = [client.send("GET", _MAPS)[0] for _ in range(3)]
    assert (codes, fault.met) == ([200, 429, 200], 3)
    cluster.faults.add(Fault(path="configmaps", code=429, retry_after=3))
    _, said = client.send("GET", _MAPS)
    assert client.headers["Retry-After"] == "3"
    assert (said["reason"], said["details"]["retryAfterSeconds"]) == ("TooManyRequests", 3)


@pytest.mark.parametrize(("drop", "there"), [("before", 404), ("after", 200)])
def test_a_connection_drops_before_or_after_the_write(
    cluster: Cluster, client: Client, drop: str, there: int
) -> None:
    """A lost answer would not be told from a lost request."""
    cluster.faults.add(Fault(verb="create", drop=drop))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.send("POST", _MAPS, config_map("x"))
    client.connection.close()
    assert client.send("GET", f"{_MAPS}/x")[0] == there
    assert [call.code for call in cluster.requests.all(verb="create")] == [0]


def test_calls_are_counted(cluster: Cluster, client: Client) -> None:
    """The number of API calls a plan makes could not be tested."""
    client.send("POST", _MAPS, config_map("x", a="1"))
    client.send("GET", _MAPS)
    client.send("GET", f"{_MAPS}/x")
    assert [call.verb for call in cluster.requests.all(user_agent="tests/")] == [
        "create",
        "list",
        "get",
    ]
    (made,) = cluster.requests.all(verb="create")
    assert made.received > 50
    assert made.sent > made.received


def test_a_token_is_asked_for() -> None:
    """Expired credentials could not be tested."""
    with Cluster(token="right") as cluster:
        assert Client(cluster, token="right").send("GET", _MAPS)[0] == 200
        code, said = Client(cluster, token="wrong").send("GET", _MAPS)
        assert (code, said["reason"]) == (401, "Unauthorized")


def _patch(client: Client, body: Any, media: str, **query: str) -> tuple[int, str]:
    code, said = client.send("PATCH", SHOP, body, media=media, **query)
    return code, said.get("message", "")


def test_what_bad_requests_get(client: Client) -> None:
    """Bad requests would pass here and fail on a cluster."""
    client.send("POST", _DEPLOYMENTS, deployment())
    assert _patch(client, {}, "application/json")[0] == 415
    assert _patch(client, {}, JSON)[0] == 400
    assert _patch(client, {"spec": {"replicas": "two"}}, MERGE)[0] == 400
    assert _patch(client, {"metadata": {"labels": {"a": 1}}}, MERGE)[0] == 400
    assert _patch(client, {"metadata": {"labels": {"a": "no spaces"}}}, MERGE)[0] == 422
    assert _patch(client, {"metadata": {"name": "other"}}, MERGE)[0] == 400
    assert _patch(client, {}, MERGE, dryRun="Some")[0] == 400
    assert _patch(client, {}, "application/apply-patch+yaml")[0] == 422
    code, said = _patch(client, {"metadata": {"uid": "other"}}, MERGE)
    assert code == 409
    assert "Precondition failed: UID in precondition: other" in said
    assert client.send("GET", "/apis/nowhere/v1/things")[0] == 404
    assert client.send("GET", "/apis/apps/v1/namespaces/default/things/one")[0] == 404
    assert client.send("POST", SHOP, {})[0] == 405
    code, body = client.send("GET", _DEPLOYMENTS, labelSelector="a in (")
    assert (code, body["reason"]) == (400, "BadRequest")
    other = {**config_map("x"), "metadata": {"name": "x", "namespace": "other"}}
    assert client.send("POST", _MAPS, other)[0] == 400
    assert client.send("POST", _MAPS, {**config_map("x"), "kind": "Secret"})[0] == 400


def test_deletes_heed_their_preconditions(client: Client) -> None:
    """A successor of the same name would be deleted in the place of what was meant."""
    client.send("POST", _MAPS, config_map("x"))
    wrong = {"preconditions": {"uid": "other"}}
    code, said = client.send("DELETE", f"{_MAPS}/x", wrong)
    assert (code, said["reason"]) == (409, "Conflict")
    code, said = client.send("DELETE", f"{_MAPS}/x", {})
    assert (code, said["status"], said["details"]["name"]) == (200, "Success", "x")


def test_status_is_written_only_through_its_subresource(cluster: Cluster, client: Client) -> None:
    """A provider that writes the wrong place would pass (Argo's abort is under /status)."""
    client.send("POST", _DEPLOYMENTS, deployment(paused=True))
    _patch(client, {"status": {"replicas": 9}}, MERGE)
    assert "replicas" not in client.send("GET", SHOP)[1]["status"]
    patch = {"status": {"replicas": 9}, "spec": {"replicas": 5}}
    code, said = client.send("PATCH", f"{SHOP}/status", patch, media=MERGE)
    assert (code, said["status"]["replicas"], said["spec"]["replicas"]) == (200, 9, 2)
    assert said["metadata"]["generation"] == 1
    assert cluster.version == int(said["metadata"]["resourceVersion"])


def test_a_lease_is_a_lock(client: Client) -> None:
    """Two rollbacks would both think that they hold a workload."""
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    lease = {"metadata": {"name": "shop"}, "spec": {"holderIdentity": "one"}}
    code, held = client.send("POST", path, lease)
    assert code == 201
    assert client.send("POST", path, lease)[1]["reason"] == "AlreadyExists"
    held["spec"]["holderIdentity"] = "two"
    assert client.send("PUT", f"{path}/shop", held)[0] == 200
    code, said = client.send("PUT", f"{path}/shop", held)
    assert (code, said["reason"], said["details"]["kind"]) == (409, "Conflict", "leases")
