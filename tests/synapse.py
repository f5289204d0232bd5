"""A Matrix homeserver of the tests' own: the real Synapse, on SQLite, ended by its id.

Used by the fixture ``homeserver``. It listens on a free port of this machine only and takes part
in no federation. Its program is in a virtual environment of its own, since its pins are not ours;
``make test`` makes that beside the tests'.
"""

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

PLACE = "SMARTSPEC_TEST_SYNAPSE"
"""The environment variable that names a Python with Synapse, where it is elsewhere."""

_READY_WITHIN = 120.0
_SECRET = "only for tests"
NAME = "test.example.org"
"""What comes behind the colon of every account."""


_LIMITS = (
    "rc_message",
    "rc_registration",
    "rc_admin_redaction",
    "rc_third_party_invite",
    "rc_room_creation",
)
_UNLIMITED = {"per_second": 100_000, "burst_count": 100_000}

_LOG = """
version: 1
disable_existing_loggers: false
formatters: {plain: {format: '%(asctime)s %(levelname)s %(name)s %(message)s'}}
handlers: {console: {class: logging.StreamHandler, formatter: plain}}
root: {level: WARNING, handlers: [console]}
"""


def python() -> Path:
    """Find the Python that has Synapse; RuntimeError where there is none."""
    found = Path(os.environ.get(PLACE, "") or Path(sys.prefix) / "synapse" / "bin" / "python")
    if not found.exists():
        raise RuntimeError(
            f"Synapse is not installed at {found}: run `make test`, or name a Python that has "
            f"matrix-synapse in {PLACE}"
        )
    return found


@dataclass(frozen=True)
class Account:
    """Somebody on the homeserver."""

    user: str
    token: str


class Homeserver:
    """Runs from ``__enter__`` to ``__exit__``; may be stopped and started in between."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="synapse-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._people: dict[str, Account] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Self:
        """Write the configuration and start."""
        try:
            self._configure()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, and remove everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(python()), "-m", "synapse.app.homeserver", "-c", self._folder / "h.yaml"],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                told = (self._folder / "log").read_text("utf-8", "replace")[-4000:]
                raise RuntimeError(f"Synapse did not start:\n{told}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, as an outage would."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def person(self, name: str) -> Account:
        """Return somebody's account; made when it is first asked for."""
        if name in self._people:
            return self._people[name]
        nonce = self.call("GET", "/_synapse/admin/v1/register")["nonce"]
        mac = hmac.new(_SECRET.encode(), digestmod=hashlib.sha1)
        mac.update(f"{nonce}\0{name}\0password\0notadmin".encode())
        body = {"nonce": nonce, "username": name, "password": "password", "admin": False}
        made = self.call("POST", "/_synapse/admin/v1/register", {**body, "mac": mac.hexdigest()})
        self._people[name] = Account(user=made["user_id"], token=made["access_token"])
        return self._people[name]

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """Ask the homeserver something."""
        request = urllib.request.Request(  # noqa: S310 - an address of ours
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - an address of ours
            return json.load(answer)

    def client(self, method: str, *path: str, body: Any = None, token: str, query: str = "") -> Any:
        """Ask the client-server API something."""
        parts = "/".join(quote(part, safe="") for part in path)
        return self.call(method, f"/_matrix/client/v3/{parts}{query}", body, token=token)

    def _configure(self) -> None:
        listener = {
            "port": self.port,
            "type": "http",
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"]}],
        }
        limits = dict.fromkeys(_LIMITS, _UNLIMITED)
        invites = dict.fromkeys(("per_room", "per_user", "per_issuer"), _UNLIMITED)
        settings = {
            "server_name": NAME,
            "public_baseurl": f"{self.url}/",
            "listeners": [listener],
            "database": {"name": "sqlite3", "args": {"database": str(self._folder / "db")}},
            "log_config": str(self._folder / "log.yaml"),
            "media_store_path": str(self._folder / "media"),
            "signing_key_path": str(self._folder / "key"),
            "registration_shared_secret": _SECRET,
            "macaroon_secret_key": _SECRET,
            "form_secret": _SECRET,
            "report_stats": False,
            "trusted_key_servers": [],
            "federation_domain_whitelist": [],
            "presence": {"enabled": False},
            "suppress_key_server_warning": True,
            "rc_login": {"address": _UNLIMITED, "account": _UNLIMITED},
            "rc_joins": {"local": _UNLIMITED, "remote": _UNLIMITED},
            "rc_invites": invites,
            **limits,
        }
        (self._folder / "log.yaml").write_text(_LOG, "utf-8")
        (self._folder / "h.yaml").write_text(json.dumps(settings), "utf-8")
        subprocess.run(
            [
                str(python()), "-m", "synapse.app.homeserver",
                "-c", str(self._folder / "h.yaml"), "--generate-keys",
            ],
            cwd=self._folder,
            check=True,
            capture_output=True,
        )  # fmt: skip

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError, ValueError):
            return bool(self.call("GET", "/_matrix/client/versions"))
        return False
