"""Scheduler and kubelet in one: pods get a node, pull, start, become ready, crash, end.

How an image behaves is scripted by tests. Runs as one of the controllers.
"""

import hashlib
from collections.abc import Iterable

from smartspec_rollback.testing.kubernetes.controllers.world import World
from smartspec_rollback.testing.kubernetes.images import (
    Behaviour,
    Crash,
    PullFails,
    Ready,
    Run,
    container_status,
    missing_config,
    pod_condition,
    pod_status,
)
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    deleting,
    dig,
    name_of,
    namespace_of,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.resources import NODE, POD
from smartspec_rollback.testing.kubernetes.store import Change, Key
from smartspec_rollback.testing.kubernetes.writing import Options

_BACK_OFF = 10.0
_LONGEST_BACK_OFF = 300.0
_AS_KUBELET = Options(manager="kubelet", subresource="status")
_AS_SCHEDULER = Options(manager="kube-scheduler", subresource="binding")


class Kubelet:
    """Runs pods."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.images: dict[str, Behaviour] = {}
        self.otherwise: Behaviour = Ready()
        self.digests: dict[str, str] = {}
        self.ends_after = 0.2
        self._runs: dict[str, dict[str, Run]] = {}
        self._ending: set[str] = set()
        self._next = 0

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at every pod that changes; at waiting ones when a node does."""
        if change.resource == NODE:
            pods = self._world.store.all(POD)
            return [(namespace_of(p), name_of(p)) for p in pods if not dig(p, "spec", "nodeName")]
        if change.resource == POD and change.kind != "DELETED":
            return [(namespace_of(change.object), name_of(change.object))]
        return ()

    def sync(self, namespace: str, name: str) -> float | None:
        """Bring one pod on."""
        pod = self._world.store.get(POD, namespace, name)
        if pod is None:
            return None
        if deleting(pod):
            self._end(pod)
        elif not dig(pod, "spec", "nodeName"):
            self._bind(pod)
        else:
            self._run(pod)
        return None

    def digest(self, image: str) -> str:
        """Give the digest an image resolves to; a test may set it in ``digests``."""
        if "@" in image:
            return image.rpartition("@")[2]
        made = "sha256:" + hashlib.sha256(image.encode()).hexdigest()
        return self.digests.get(image, made)

    def _bind(self, pod: Obj) -> None:
        wanted = (dig(pod, "spec", "nodeSelector") or {}).items()
        nodes = [
            name_of(node)
            for node in self._world.store.all(NODE)
            if not dig(node, "spec", "unschedulable")
            and wanted <= (dig(node, "metadata", "labels") or {}).items()
        ]
        total = len(self._world.store.all(NODE))
        if not nodes:
            self._write(
                pod,
                {
                    "phase": "Pending",
                    "qosClass": "BestEffort",
                    "conditions": [
                        pod_condition(
                            pod,
                            "PodScheduled",
                            self._world.clock.stamp(),
                            value=False,
                            reason="Unschedulable",
                            message=f"0/{total} nodes are available.",
                        )
                    ],
                },
            )
            return
        self._next += 1
        node = nodes[self._next % len(nodes)]

        def alter(thing: Obj) -> None:
            thing["spec"]["nodeName"] = node

        self._world.writing.change(POD, pod, alter, _AS_SCHEDULER)

    def _end(self, pod: Obj) -> None:
        uid = uid_of(pod)
        if uid in self._ending and pod["metadata"].get("deletionGracePeriodSeconds"):
            return
        self._ending.add(uid)
        grace = pod["metadata"].get("deletionGracePeriodSeconds") or 0
        wait = min(self.ends_after, grace)
        self._world.clock.at(wait, lambda: self._world.deleting.finish(POD, pod))
        self._runs.pop(uid, None)

    def _run(self, pod: Obj) -> None:
        uid = uid_of(pod)
        runs = self._runs.setdefault(uid, {})
        for container in pod["spec"]["containers"]:
            known = runs.get(container["name"])
            if known is None or known.image != container["image"]:
                run = Run(container["image"])
                run.restarts = known.restarts + 1 if known else 0
                runs[container["name"]] = run
                self._start(pod, container["name"], run)
        self._report(pod)

    def _later(self, seconds: float, pod: Obj, name: str, run: Run, step: str) -> None:
        def act() -> None:
            current = self._world.store.get(POD, namespace_of(pod), name_of(pod))
            runs = self._runs.get(uid_of(pod), {})
            if current is None or deleting(current) or runs.get(name) is not run:
                return
            getattr(self, step)(current, name, run)
            self._report(current)

        self._world.clock.at(seconds, act)

    def _start(self, pod: Obj, name: str, run: Run) -> None:
        missing = missing_config(self._world.store, pod, name)
        if missing:
            run.state = {"waiting": {"reason": "CreateContainerConfigError", "message": missing}}
            self._later(_BACK_OFF, pod, name, run, "_start")
            return
        behaviour = self.images.get(run.image, self.otherwise)
        if isinstance(behaviour, PullFails):
            self._later(0.0, pod, name, run, "_fail_pull")
        else:
            self._later(behaviour.pull, pod, name, run, "_begin")

    def _fail_pull(self, pod: Obj, name: str, run: Run) -> None:
        behaviour = self.images.get(run.image, self.otherwise)
        if not isinstance(behaviour, PullFails):
            self._start(pod, name, run)
            return
        run.failures += 1
        backing_off = "ImagePullBackOff" in str(run.state) or run.failures > 1
        reason = "ImagePullBackOff" if backing_off else "ErrImagePull"
        message = (
            f'Back-off pulling image "{run.image}": ErrImagePull: {behaviour.message}'
            if backing_off
            else f'failed to pull and unpack image "{run.image}": {behaviour.message}'
        )
        run.state = {"waiting": {"reason": reason, "message": message}}
        self._later(1.0 if not backing_off else _BACK_OFF, pod, name, run, "_fail_pull")

    def _begin(self, pod: Obj, name: str, run: Run) -> None:
        behaviour = self.images.get(run.image, self.otherwise)
        run.state = {"running": {"startedAt": self._world.clock.stamp()}}
        run.ready = False
        if isinstance(behaviour, Ready):
            self._later(behaviour.after, pod, name, run, "_become_ready")
        elif isinstance(behaviour, Crash):
            self._later(behaviour.after, pod, name, run, "_crash")

    def _become_ready(self, _pod: Obj, _name: str, run: Run) -> None:
        run.ready = True

    def _crash(self, pod: Obj, name: str, run: Run) -> None:
        behaviour = self.images.get(run.image, self.otherwise)
        code = behaviour.exit_code if isinstance(behaviour, Crash) else 0
        stamp = self._world.clock.stamp()
        run.ready = False
        run.failures += 1
        run.last = {
            "terminated": {
                "exitCode": code,
                "reason": "Error" if code else "Completed",
                "startedAt": dig(run.state, "running", "startedAt") or stamp,
                "finishedAt": stamp,
            }
        }
        wait = min(_BACK_OFF * 2 ** (run.failures - 1), _LONGEST_BACK_OFF)
        message = (
            f"back-off {wait:.0f}s restarting failed container={name} pod={name_of(pod)}_"
            f"{namespace_of(pod)}({uid_of(pod)})"
        )
        run.state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
        self._later(wait, pod, name, run, "_restart")

    def _restart(self, pod: Obj, name: str, run: Run) -> None:
        run.restarts += 1
        self._begin(pod, name, run)

    def set_ready(self, namespace: str, name: str, *, ready: bool) -> None:
        """Make a running pod ready or unready, as a readiness probe would."""
        with self._world.store.lock:
            pod = self._world.store.get(POD, namespace, name)
            assert pod is not None, f"no pod {namespace}/{name}"
            for run in self._runs.get(uid_of(pod), {}).values():
                run.ready = ready
            self._report(pod)

    def _report(self, pod: Obj) -> None:
        runs = self._runs.get(uid_of(pod))
        if not runs:
            return
        names = [c["name"] for c in pod["spec"]["containers"] if c["name"] in runs]
        told = [container_status(n, runs[n], self.digest(runs[n].image)) for n in names]
        here = {name: runs[name] for name in names}
        self._write(pod, pod_status(pod, here, self._world.clock.stamp(), told))

    def _write(self, pod: Obj, status: Obj) -> None:
        if pod.get("status") == status:
            return

        def alter(thing: Obj) -> None:
            thing["status"] = status

        self._world.writing.change(POD, pod, alter, _AS_KUBELET)
