"""The real kubectl, run against an emulated cluster.

Expected values in these tests are written down from the documentation and the sources of
Kubernetes, never computed by the emulator. ``tests/parts.sh`` installs a kubectl where there is
none.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smartspec_rollback.testing.kubernetes.cluster import Cluster

PATIENCE = 30.0


def program() -> str:
    """Find kubectl; RuntimeError where there is none."""
    found = os.environ.get("KUBECTL") or shutil.which("kubectl")
    if found is None:
        raise RuntimeError("kubectl is not installed: run tests/parts.sh as root, or install it")
    return found


class Kubectl:
    """Runs commands and reads what they say."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self._folder = folder
        self._config = cluster.kubeconfig(folder / "kubeconfig")
        self.calls = 0

    def command(self, *words: str) -> list[str]:
        """Spell a command with this cluster's configuration."""
        cache = self._folder / "cache"
        return [program(), f"--kubeconfig={self._config}", f"--cache-dir={cache}", *words]

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, however that is."""
        self.calls += 1
        return subprocess.run(
            self.command(*words),
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._folder)},
        )

    def __call__(self, *words: str, given: str = "") -> str:
        """Run a command that must succeed; gives what it printed."""
        done = self.run(*words, given=given)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *words: str, given: str = "") -> str:
        """Run a command that must fail; gives what it complained of."""
        done = self.run(*words, given=given)
        assert done.returncode != 0, f"kubectl {' '.join(words)} went well: {done.stdout}"
        return done.stderr

    def get(self, *words: str) -> Any:
        """Read an object or a list as JSON."""
        return json.loads(self("get", *words, "-o", "json"))

    def apply(self, *things: dict[str, Any], how: tuple[str, ...] = ()) -> str:
        """Apply objects from its input."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(things)}
        return self("apply", *how, "-f", "-", given=json.dumps(listed))

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.02)


def template(image: str, **more: Any) -> dict[str, Any]:
    """Make a pod template of one container called app."""
    container = {"name": "app", "image": image, **more}
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}}


def workload(kind: str, image: str = "shop:v1", **spec: Any) -> dict[str, Any]:
    """Make a workload called shop."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "shop", "labels": {"app": "shop"}},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": template(image),
            **spec,
        },
    }


def deployment(image: str = "shop:v1", **spec: Any) -> dict[str, Any]:
    """Make a Deployment called shop, of three pods unless told otherwise."""
    return workload("Deployment", image, **{"replicas": 3, **spec})
