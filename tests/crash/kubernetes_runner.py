"""One process of the crash suite on a cluster: rolls back for real, and may kill itself on the way.

Started by ``test_kubernetes_kills``. The cluster is emulated by the test's own process and
outlives this one. The last line of output says how it ended, and after how many writes.
"""

import argparse
import os
import sys
from pathlib import Path

from msgspec.structs import replace
from tests.crash.runner import KillingStore, Moment

from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.engine.run import abandon, rollback
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ledgers import StoredCaptures
from smartspec_rollback.providers.platforms.kubernetes import (
    KubernetesPlatform,
    KubernetesSettings,
)
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.engine_parts import SETTINGS, Bench, asking_for

_SETTINGS = replace(
    SETTINGS, soak=0.0, verification=Verification(warm_up=0.0, bake=0.01, deadline=20.0)
)


def main() -> int:
    """Roll back and say how it ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kill", help="a moment: before:N or after:N")
    parser.add_argument("--prewarm", action="store_true", help="behind a Service, prewarmed")
    parser.add_argument("--abandon", action="store_true", help="give the one that died up")
    parser.add_argument("--workload", default="deployment/checkout")
    parser.add_argument("--traffic", help="what chooses among workloads that stand side by side")
    asked = parser.parse_args()
    moment = Moment(asked.kill)
    KillingStore.moment = moment
    bench = Bench(
        asked.folder,
        settings=replace(_SETTINGS, prewarm=asked.prewarm),
        open_store=KillingStore.open,
        holder=f"process {os.getpid()}",
        prefix=f"rb-{os.getpid()}",
    )
    clock = SystemClock()
    settings = KubernetesSettings(
        workload=asked.workload,
        traffic="service/checkout" if asked.prewarm else asked.traffic,
        drain=0.2 if asked.traffic else 120.0,
        kubeconfig=asked.folder / "kubeconfig",
        ask_registry=False,
        ready_within=20.0,
    )
    platform = KubernetesPlatform(settings, clock=clock)
    platform.recall(StoredCaptures(lambda: bench.store))
    parts = bench.parts_with(platform=platform, clock=clock)
    try:
        died = bench.store.active(parts.target) if asked.abandon else None
        if died is not None:
            report = abandon(parts, died.id, reason="nobody knows how it stands")
        else:
            report = rollback(parts, bench.failed, asking_for())
    except SmartSpecError as error:
        print(f"{moment.writes} {error.what}")  # noqa: T201 - for the test
        return error.exit_code
    print(f"{moment.writes} {report.rollback.status} {report.rollback.status_detail}")  # noqa: T201 - same
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
