"""Watches and pages, as a client of them sees the edges."""

import threading
from typing import Any

from tests.unit.testing.kubernetes.client import JSON, Client, config_map

from smartspec_rollback.testing.kubernetes.cluster import Cluster

_MAPS = "/api/v1/namespaces/default/configmaps"


def _make(client: Client, *names: str) -> str:
    """Create ConfigMaps; gives the last one's version."""
    version = ""
    for name in names:
        code, made = client.send("POST", _MAPS, config_map(name))
        assert code == 201
        version = made["metadata"]["resourceVersion"]
    return version


def _seen(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(e["type"], e["object"]["metadata"].get("name", "")) for e in events]


def test_a_watch_goes_on_from_a_version(client: Client) -> None:
    """A resumed watch would miss or repeat changes."""
    version = _make(client, "a")
    _make(client, "b")
    client.send("DELETE", f"{_MAPS}/a")
    assert _seen(client.watch(_MAPS, resourceVersion=version)) == [("ADDED", "b"), ("DELETED", "a")]


def test_a_watch_from_nowhere_shows_what_is(client: Client) -> None:
    """A watch without a version would start with nothing."""
    _make(client, "a", "b")
    assert _seen(client.watch(_MAPS)) == [("ADDED", "a"), ("ADDED", "b")]


def test_a_bookmark_ends_a_watch(client: Client) -> None:
    """A quiet watch would resume from a version that is long forgotten."""
    version = _make(client, "a")
    events = client.watch(_MAPS, resourceVersion=version, allowWatchBookmarks="true")
    assert [e["type"] for e in events] == ["BOOKMARK"]
    bookmark = events[0]["object"]
    assert (bookmark["kind"], bookmark["metadata"]["resourceVersion"]) == ("ConfigMap", version)


def test_initial_events_end_with_a_bookmark(client: Client) -> None:
    """A streaming list would never be known to be whole."""
    _make(client, "a")
    events = client.watch(
        _MAPS, sendInitialEvents="true", allowWatchBookmarks="true",
        resourceVersionMatch="NotOlderThan",
    )  # fmt: skip
    assert _seen(events)[:2] == [("ADDED", "a"), ("BOOKMARK", "")]
    notes = events[1]["object"]["metadata"]["annotations"]
    assert notes == {"k8s.io/initial-events-end": "true"}


def test_selectors_let_objects_enter_and_leave_a_watch(client: Client) -> None:
    """An object that stops matching would seem to be still there."""
    version = _make(client, "a")
    add = [{"op": "add", "path": "/metadata/labels", "value": {"app": "shop"}}]
    remove = [{"op": "remove", "path": "/metadata/labels/app"}]
    for patch in (add, remove):
        assert client.send("PATCH", f"{_MAPS}/a", patch, media=JSON)[0] == 200
    events = client.watch(_MAPS, resourceVersion=version, labelSelector="app=shop")
    assert _seen(events) == [("ADDED", "a"), ("DELETED", "a")]


def test_a_forgotten_version_is_gone(cluster: Cluster, client: Client) -> None:
    """A client that resumes too late would wait for ever."""
    version = _make(client, "a")
    _make(client, "b")
    cluster.compact()
    (event,) = client.watch(_MAPS, resourceVersion=version)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith(f"too old resource version: {version} (")


def test_running_watches_can_be_expired_and_dropped(cluster: Cluster, client: Client) -> None:
    """Tests could not say what happens to a watch that ends in the middle."""
    version = _make(client, "a")
    timer = threading.Timer(0.2, cluster.watches.expire)
    timer.start()
    (event,) = client.watch(_MAPS, resourceVersion=version, timeoutSeconds="30")
    assert event["object"]["code"] == 410
    timer.join()


def test_pages_show_the_version_of_the_first(cluster: Cluster, client: Client) -> None:
    """An object created while a list is read would show up in its middle."""
    _make(client, "a", "b", "d")
    _, first = client.send("GET", _MAPS, limit="2")
    assert first["metadata"]["remainingItemCount"] == 1
    _make(client, "c")
    client.send("DELETE", f"{_MAPS}/d")
    token = first["metadata"]["continue"]
    _, second = client.send("GET", _MAPS, **{"limit": "2", "continue": token})
    assert [each["metadata"]["name"] for each in second["items"]] == ["d"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    cluster.compact()
    code, said = client.send("GET", _MAPS, **{"limit": "2", "continue": token})
    assert (code, said["reason"]) == (410, "Expired")
    again = said["metadata"]["continue"]
    _, rest = client.send("GET", _MAPS, **{"continue": again})
    assert [each["metadata"]["name"] for each in rest["items"]] == ["c"]


def test_lists_of_built_in_kinds_leave_kinds_out(client: Client) -> None:
    """Code that relies on an item's kind would work here and nowhere else."""
    _make(client, "a")
    _, found = client.send("GET", _MAPS)
    assert (found["kind"], "kind" in found["items"][0]) == ("ConfigMapList", False)


def test_a_version_of_the_future_is_refused(cluster: Cluster, client: Client) -> None:
    """A client ahead of this server would be shown old state."""
    code, said = client.send("GET", _MAPS, resourceVersion=str(cluster.version + 100))
    assert (code, said["reason"]) == (504, "Timeout")
    assert "Too large resource version" in said["message"]
