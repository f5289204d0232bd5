"""Finding the cluster: the kubeconfig's context, or the service account of the pod this runs in.

Called by ``connection``. Follows kubectl: several files in KUBECONFIG are merged, the first one
wins, and paths in a file are relative to it. No content of a file is ever shown: it holds secrets.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings

_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}
_PATHS = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
    "contexts": (),
}
_HERE = "/var/run/secrets/kubernetes.io/serviceaccount"


def files(settings: KubernetesSettings) -> tuple[Path, ...]:
    """List the kubeconfig files that count; none where there is none."""
    if settings.kubeconfig is not None:
        return (settings.kubeconfig,)
    named = os.environ.get("KUBECONFIG", "")
    listed = tuple(Path(each).expanduser() for each in named.split(os.pathsep) if each)
    if listed:
        return tuple(each for each in listed if each.exists()) or listed[:1]
    standard = Path.home() / ".kube" / "config"
    return (standard,) if standard.exists() else ()


def in_cluster(settings: KubernetesSettings) -> Path | None:
    """Find the service account of the pod this runs in; None outside a cluster."""
    account = Path(_HERE)
    inside = "KUBERNETES_SERVICE_HOST" in os.environ and (account / "token").exists()
    return account if inside and settings.kubeconfig is None and settings.context is None else None


def merged(paths: tuple[Path, ...]) -> dict[str, Any]:
    """Merge kubeconfig files; ProviderError names a file that cannot be used, never its content."""
    found: dict[str, Any] = {section: {} for section in _SECTIONS}
    for path in paths:
        said = _read(path)
        for section, key in _SECTIONS.items():
            for name, value in _named(said, section, key, path):
                found[section].setdefault(name, value)
        context = said.get("current-context")
        if isinstance(context, str) and context:
            found.setdefault("current-context", context)
    return found


def _read(path: Path) -> Mapping[str, Any]:
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ProviderError(
            f"the kubeconfig cannot be read: {error.strerror}",
            where=str(path),
            remedy="write the file, or name the right one by `kubeconfig:` or KUBECONFIG",
        ) from None
    except (yaml.YAMLError, UnicodeError):
        raise _no_kubeconfig(path, "it is no YAML") from None
    if not isinstance(said, Mapping):
        raise _no_kubeconfig(path, "it is empty, or no mapping")
    return said


def _named(
    said: Mapping[str, Any], section: str, key: str, path: Path
) -> list[tuple[str, dict[str, Any]]]:
    entries = said.get(section) or []
    if not isinstance(entries, list):
        raise _no_kubeconfig(path, f"`{section}` is no list")
    found = []
    for each in entries:
        value = each.get(key) if isinstance(each, Mapping) else None
        name = each.get("name") if isinstance(each, Mapping) else None
        if not isinstance(name, str) or not isinstance(value, Mapping | None):
            raise _no_kubeconfig(path, f"an entry of `{section}` has no name or no `{key}`")
        found.append((name, _absolute(dict(value or {}), _PATHS[section], path.parent)))
    return found


def _absolute(value: dict[str, Any], keys: tuple[str, ...], folder: Path) -> dict[str, Any]:
    return {
        key: str(folder / each) if key in keys and isinstance(each, str) and each else each
        for key, each in value.items()
    }


def chosen(held: Mapping[str, Any], context: str | None, where: str) -> dict[str, Any]:
    """Pick a context with its cluster and user, as a kubeconfig that holds nothing else."""
    name = context or held.get("current-context")
    if name is None:
        raise ProviderError(
            "the kubeconfig names no current context",
            where=where,
            remedy="write `context:`, or run `kubectl config use-context NAME`",
        )
    if name not in held["contexts"]:
        near = nearest(name, held["contexts"])
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ProviderError(
            f"the kubeconfig has no context {name!r}{hint}",
            where=where,
            remedy="`kubectl config get-contexts` lists them",
        )
    picked = held["contexts"][name]
    cluster, user = picked.get("cluster"), picked.get("user")
    if cluster not in held["clusters"] or (user and user not in held["users"]):
        what = f"cluster {cluster!r}" if cluster not in held["clusters"] else f"user {user!r}"
        raise ProviderError(
            f"the context {name!r} names the {what}, which the kubeconfig does not have",
            where=where,
            remedy="mend the kubeconfig, or choose another context",
        )
    users = [{"name": user, "user": held["users"][user]}] if user else []
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": picked}],
        "clusters": [{"name": cluster, "cluster": held["clusters"][cluster]}],
        "users": users,
    }


def _no_kubeconfig(path: Path, why: str) -> ProviderError:
    return ProviderError(
        f"the file is no kubeconfig: {why}",
        where=str(path),
        remedy="name the right file by `kubeconfig:` or KUBECONFIG",
    )
