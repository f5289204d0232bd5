import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.providers.platforms.kubernetes.shop import TOKEN

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes import KubernetesSettings
from smartspec_rollback.providers.platforms.kubernetes.client import kubeconfig


def _file(path: Path, name: str, **more: Any) -> Path:
    said = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}", **more}}],
        "users": [{"name": name, "user": {"token": TOKEN}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    path.write_text(yaml.safe_dump(said))
    return path


def _settings(**more: Any) -> KubernetesSettings:
    return KubernetesSettings(workload="deployment/checkout", **more)


def test_files_are_merged_as_kubectl_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rollback acts on another cluster than kubectl in the same shell."""
    one = _file(tmp_path / "one", "one", **{"certificate-authority": "ca.crt"})
    two = _file(tmp_path / "two", "two")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (one, tmp_path / "no", two))))
    held = kubeconfig.merged(kubeconfig.files(_settings()))
    first = kubeconfig.chosen(held, None, "here")
    assert first["current-context"] == "one"
    assert first["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")
    assert kubeconfig.chosen(held, "two", "here")["users"][0]["name"] == "two"
    assert kubeconfig.files(_settings(kubeconfig=two)) == (two,)


def test_nothing_is_found_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without access makes one up."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert kubeconfig.files(_settings()) == ()
    assert kubeconfig.in_cluster(_settings()) is None


@pytest.mark.parametrize(
    ("content", "context", "said"),
    [
        ("", None, "no kubeconfig"),
        (f"users: [{{token: {TOKEN}", None, "no YAML"),
        (f"users: {TOKEN}", None, "`users` is no list"),
        (f"users: [{TOKEN}]", None, "has no name"),
        ("clusters: []", None, "no current context"),
        ("current-context: prod", None, "no context 'prod'"),
        ("contexts: [{name: prod, context: {}}]", "prdo", "did you mean prod"),
        ("contexts: [{name: prod, context: {cluster: c}}]", "prod", "cluster 'c'"),
    ],
)
def test_a_bad_file_is_named_and_not_quoted(
    tmp_path: Path, content: str, context: str | None, said: str
) -> None:
    """A broken kubeconfig gives a riddle, or prints the token that is in it."""
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(ProviderError) as caught:
        kubeconfig.chosen(kubeconfig.merged((path,)), context, str(path))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert TOKEN not in str(caught.value)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """A missing file gives a traceback instead of what to do."""
    with pytest.raises(ProviderError, match="cannot be read"):
        kubeconfig.merged((tmp_path / "nothing",))
