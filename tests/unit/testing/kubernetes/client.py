"""A small HTTP client for the emulator: what lightkube would send, without its comforts."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from smartspec_rollback.testing.kubernetes.cluster import Cluster

SHOP = "/apis/apps/v1/namespaces/default/deployments/shop"
MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"


class Client:
    """Sends requests over one kept-alive connection."""

    def __init__(self, cluster: Cluster, *, token: str = "") -> None:
        parts = urlsplit(cluster.url)
        self.connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        self._token = token
        self.headers: dict[str, str] = {}

    def send(
        self, method: str, path: str, body: Any = None, *, media: str = "", **query: str
    ) -> tuple[int, Any]:
        """Send a request; gives the code and the JSON answered."""
        headers = {"User-Agent": "tests/1", "Content-Type": media or "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{path}?{urlencode(query)}" if query else path
        data = None if body is None else json.dumps(body).encode()
        self.connection.request(method, url, data, headers)
        response = self.connection.getresponse()
        self.headers = dict(response.getheaders())
        return response.status, json.loads(response.read())

    def watch(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Watch until the server ends it; gives the events."""
        asked = {"watch": "true", "timeoutSeconds": "1", **query}
        self.connection.request("GET", f"{path}?{urlencode(asked)}")
        text = self.connection.getresponse().read()
        return [json.loads(line) for line in text.splitlines()]


def deployment(image: str = "shop:v1", **spec: Any) -> dict[str, Any]:
    """Make a Deployment called shop, of two pods unless told otherwise."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
            **spec,
        },
    }


def config_map(name: str, **data: str) -> dict[str, Any]:
    """Make a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
