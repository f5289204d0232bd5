"""GitHub's deployments as far as its REST API documents them, strict. Used by the tests here."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "T0KEN"
STATES = {"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}
FILTERS = {"sha", "ref", "task", "environment", "per_page", "page"}


@dataclass
class Github:
    """One repository; what breaks the API's rules is in ``faults``."""

    url: str = ""
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)
    lost: list[bool] = field(default_factory=list)

    def deploy(self, ref: str, sha: str, environment: str = "production", **more: str) -> int:
        """Create a deployment; its id comes back."""
        number = len(self.deployments) + 1
        self.deployments.append(
            {"id": number, "ref": ref, "sha": sha, "environment": environment, "task": "deploy"}
            | more
        )
        self.statuses[number] = []
        return number

    def states(self, number: int) -> list[str]:
        """List a deployment's states, oldest first."""
        return [status["state"] for status in reversed(self.statuses[number])]

    def listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """List deployments as filtered, newest first."""
        self.check(set(query) <= FILTERS, f"unknown parameters {query}")
        wanted = {k: v for k, v in query.items() if k not in {"per_page", "page"}}
        found = [d for d in self.deployments if all(d[k] == v for k, v in wanted.items())]
        return found[::-1][: int(query.get("per_page", "30"))]

    def add(self, number: int, status: dict[str, Any]) -> None:
        """Add a status."""
        self.check(status.get("state") in STATES, f"no such state: {status}")
        self.check(len(status.get("description", "")) <= 140, "the description is too long")
        known = {"state", "description", "auto_inactive", "log_url", "environment_url"}
        self.check(set(status) <= known, f"unknown fields: {status}")
        self.statuses[number].insert(0, {"id": len(self.statuses[number]) + 1, **status})

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        """Answer a request below the repository, and say its status."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path.split("/"):
            case ["deployments"] if body is None:
                return 200, self.listed(query)
            case ["deployments", number, "statuses"] if body is None:
                return 200, self.statuses[int(number)]
            case ["deployments", number, "statuses"]:
                self.add(int(number), body)
                return 201, body
            case _:
                return 404, {"message": "Not Found"}

    def check(self, true: object, what: str) -> None:
        """Note a fault."""
        if not true:
            self.faults.append(what)


@contextmanager
def github() -> Iterator[Github]:
    """Run one that has the repository example/checkout."""
    made = Github()
    root = "/api/v3/repos/example/checkout/"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body: Any) -> None:
            made.calls.append(f"{self.command} {self.path.removeprefix(root)}")
            made.check(self.headers["Accept"] == "application/vnd.github+json", "Accept")
            made.check(self.headers["X-GitHub-Api-Version"] == "2022-11-28", "the API's version")
            made.check(self.headers["User-Agent"], "User-Agent")
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.say(401, {"message": "Bad credentials"})
                return
            if made.failing:
                self.say(made.failing.pop(0), {"message": "no"})
                return
            status, document = made.answer(self.path.removeprefix(root), body)
            if body is not None and made.lost and made.lost.pop():
                self.close_connection = True
            else:
                self.say(status, document)

        def say(self, status: int, document: Any) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/api/v3"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
