"""The connection to an API server: addresses, TLS and credentials are lightkube's affair.

Called by ``api``. The only module that imports lightkube, and only when something is asked for.
Whatever it raises is told without its text, which may quote a token or a plugin's output.
"""

import importlib
import logging
import threading
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.providers.platforms.kubernetes.client import kubeconfig
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.core.generic_client import GenericSyncClient

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 15.0
_OK, _NO_SUCCESS = 200, 300
_SHARED_BY, _KEPT = 16, 16
_EXEC = "client.authentication.k8s.io/"
_EXEC_KNOWN = f"{_EXEC}v1beta1"
_HTTP_LOG = "httpx2"


@dataclass(frozen=True)
class Answer:
    """What the server answered: status, the seconds it asks to wait, and the decoded body."""

    status: int
    retry_after: float | None
    body: dict[str, Any]


class Links:
    """Clients that several Targets of one cluster share: making one costs more than a plan.

    Only a few share each, so that their watches don't wait for each other's connections. A
    kubeconfig that was written anew counts as another one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, tuple[SingleConfig, GenericSyncClient]] = {}
        self._users: dict[Hashable, int] = {}

    def link(self, settings: KubernetesSettings) -> "tuple[SingleConfig, GenericSyncClient]":
        """Give a client for the cluster that the settings mean; errors as lightkube's."""
        from lightkube.config.client_adapter import ConnectionParams  # noqa: PLC0415 - heavy
        from lightkube.core.generic_client import GenericSyncClient  # noqa: PLC0415 - heavy

        files = tuple((path, _written_at(path)) for path in kubeconfig.files(settings))
        with self._lock:
            key = (files, settings.context)
            users = self._users.get(key, 0)
            if users % _SHARED_BY == 0:
                config = _config(settings)
                client = GenericSyncClient(ConnectionParams(timeout=_timeout()), config)
                while len(self._made) >= _KEPT:
                    oldest = next(iter(self._made))
                    del self._made[oldest]
                    self._users.pop(oldest, None)
                self._made[key] = config, client
            self._users[key] = users + 1
            return self._made[key]


class Connection:
    """One API server, reached as one user; safe to use from several threads."""

    def __init__(self, settings: KubernetesSettings) -> None:
        """Find the cluster; ProviderError where no usable kubeconfig is there."""
        _must_be_installed()
        from lightkube.core.exceptions import ConfigError  # noqa: PLC0415 - heavy

        # It tells every request at level INFO, addresses included; ours are told by ``api``.
        logging.getLogger(_HTTP_LOG).setLevel(logging.WARNING)
        try:
            self._config, self._client = _LINKS.link(settings)
        except (ConfigError, OSError, ValueError, KeyError, TypeError) as error:
            raise ProviderError(
                f"the cluster's access cannot be used ({type(error).__name__})",
                where=self._where(settings),
                remedy="`kubectl get --raw /version` with the same kubeconfig tells more",
            ) from None
        self.namespace: str = settings.namespace or self._config.namespace
        self.server: str = self._config.cluster.server
        self.context: str = self._config.context_name
        # With a kubeconfig one may be anywhere; a pod's service account is only used inside.
        self.inside = not kubeconfig.files(settings)

    @staticmethod
    def _where(settings: KubernetesSettings) -> str:
        return ", ".join(str(path) for path in kubeconfig.files(settings)) or "in-cluster"

    def stream(self, url: str, *, query: dict[str, str], seconds: float) -> bool:
        """Open a watch and tell whether anything came within about ``seconds``.

        ProviderUnavailable where it could not be opened, or was cut.
        """
        import httpx2  # noqa: PLC0415 - heavy
        from lightkube.core.generic_client import BasicRequest  # noqa: PLC0415 - heavy

        timeout = httpx2.Timeout(seconds + _CONNECT_SECONDS, connect=_CONNECT_SECONDS)
        request = BasicRequest("GET", url, params=query, timeout=timeout)
        try:
            answer = self._client.send(self._client.build_adapter_request(request), stream=True)
            try:
                if answer.status_code == _OK:
                    return _first_line(answer.iter_lines())
            finally:
                answer.close()
        except (httpx2.HTTPError, OSError) as error:
            raise ProviderUnavailable(
                f"a watch ended early ({type(error).__name__})", where=self.server
            ) from None
        raise ProviderUnavailable("a watch was refused", where=self.server)

    def passed(self, method: str, url: str, *, body: bytes, media: str) -> tuple[int, str, bytes]:
        """Pass a request on as it is; the status, the type and the content that came back.

        ProviderUnavailable where no whole answer did.
        """
        import httpx2  # noqa: PLC0415 - heavy
        from lightkube.core.generic_client import BasicRequest  # noqa: PLC0415 - heavy

        try:
            made = self._client.build_adapter_request(BasicRequest(method, url))
            if body:
                headers = {**made.headers, "Content-Type": media}
                made = httpx2.Request(made.method, made.url, headers=headers, content=body)
            answer = self._client.send(made)
        except (httpx2.HTTPError, OSError) as error:
            raise ProviderUnavailable(
                f"no answer came ({type(error).__name__})", where=self.server
            ) from None
        return answer.status_code, answer.headers.get("Content-Type", ""), answer.content

    def send(
        self,
        method: str,
        url: str,
        *,
        query: dict[str, str],
        body: object = None,
        media: str = "application/json",
        seconds: float | None = None,
    ) -> Answer:
        """Send one request once; ProviderUnavailable where no whole answer came back.

        Then a write may have been done or not: only looking tells. ``seconds`` is how long to wait
        at most, where that is less than usual.
        """
        import httpx2  # noqa: PLC0415 - heavy
        from lightkube.core.exceptions import ConfigError  # noqa: PLC0415 - heavy
        from lightkube.core.generic_client import BasicRequest  # noqa: PLC0415 - heavy

        headers = {"Content-Type": media} if body is not None else None
        request = BasicRequest(method, url, params=query, data=body, headers=headers)
        if seconds is not None:
            request.timeout = httpx2.Timeout(seconds)
        try:
            answer = self._client.send(self._client.build_adapter_request(request))
            said = _decoded(answer.content)
        except ConfigError:
            raise ProviderError(
                "no credentials: the kubeconfig's login program failed or is not supported",
                where=f"context {self.context}",
                remedy="log in again, and try `kubectl get --raw /version`",
            ) from None
        except (httpx2.HTTPError, msgspec.MsgspecError) as error:
            raise ProviderUnavailable(
                f"the API server cannot be reached ({type(error).__name__})",
                where=self.server,
                remedy="is the cluster up, and reachable from here?",
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            # A login program that is not there, or answers something else than credentials.
            raise ProviderError(
                f"no credentials: the login failed ({type(error).__name__})",
                where=f"context {self.context}",
                remedy="log in again, and try `kubectl get --raw /version`",
            ) from None
        if answer.status_code < _NO_SUCCESS and not said:
            # A proxy or a login page that says "200" to everything.
            raise ProviderUnavailable("what answers is no API server", where=self.server)
        return Answer(answer.status_code, _seconds(answer.headers.get("Retry-After")), said)


def _written_at(path: Path) -> int | None:
    """Tell when a file was written; None for one that is not there, which reading it will say."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _first_line(lines: Iterator[str]) -> bool:
    return any(line.strip() for line in lines)


def _must_be_installed() -> None:
    try:
        importlib.import_module("lightkube.core.generic_client")
    except ImportError as error:
        raise ProviderError(
            f"lightkube cannot be loaded: {error.name or 'a part of it'} is missing",
            remedy="`pip install 'smartspec-rollback[kubernetes]'`",
        ) from error


def _timeout() -> Any:
    import httpx2  # noqa: PLC0415 - heavy

    return httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)


def _config(settings: KubernetesSettings) -> "SingleConfig":
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415 - heavy

    paths = kubeconfig.files(settings)
    if not paths:
        if (account := kubeconfig.in_cluster(settings)) is not None:
            return _single(KubeConfig.from_service_account(account))
        raise ProviderError(
            "there is no kubeconfig",
            where="~/.kube/config",
            remedy="write `kubeconfig:` in the platform's settings, or set KUBECONFIG",
        )
    where = ", ".join(str(path) for path in paths)
    held = kubeconfig.chosen(kubeconfig.merged(paths), settings.context, where)
    for user in held["users"]:
        _accept_current_exec(user["user"])
    return _single(KubeConfig.from_dict(held))


def _single(config: Any) -> "SingleConfig":
    found: SingleConfig = config.get()
    if found.user is not None:
        return found
    from lightkube.config.models import User  # noqa: PLC0415 - heavy

    return found._replace(user=User())


def _accept_current_exec(user: dict[str, Any]) -> None:
    """Let login programs of the current version work too; what they answer is the same."""
    program = user.get("exec")
    if isinstance(program, dict) and program.get("apiVersion") == f"{_EXEC}v1":
        user["exec"] = {**program, "apiVersion": _EXEC_KNOWN}


def _decoded(content: bytes) -> dict[str, Any]:
    """Decode a body; what is no JSON object (a proxy's HTML) is an empty one."""
    try:
        said = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(said: str | None) -> float | None:
    return float(said) if said is not None and said.isascii() and said.isdigit() else None


_LINKS = Links()
