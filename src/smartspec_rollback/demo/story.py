"""The stories: a good release, a bad one, a gate that fails, and the way back, under load.

Each is a function from a Stage to how it ended, named in ``STORIES``; told by ``smartspec demo``.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from smartspec_rollback.demo.folder import build, check_out
from smartspec_rollback.demo.load import Counted
from smartspec_rollback.demo.stage import FAILED, REFUSED, Stage

_GOOD, _BAD = "v1.2.0", "v1.2.1"
_HEALTHY = "deploy-12344"
_SOAK = 3.0


@dataclass(frozen=True)
class Summary:
    """How it ended. ``refused``: it was refused unattended at first."""

    requests: int
    failed: int
    by_version: dict[str, int]
    approval_to_switch: float | None
    report: str
    exit_code: int
    refused: bool = False


def slow_release(stage: Stage) -> Summary:
    """Tell of a release that is slow, on a schema that the version before does not mind."""
    _healthy(stage)
    with stage.users() as load:
        _proven(stage)
        _next(stage, "slow-release", "The next release goes live; it is slow, and nobody knows yet")
        stage.gate(FAILED, expect=1)
        stage.chapter("Production is hurting: back to the last known good version")
        return _summary(stage.roll_back(), load.stop())


def breaking_schema(stage: Stage) -> Summary:
    """Tell of a slow release whose schema the version before cannot write to."""
    _healthy(stage)
    with stage.users() as load:
        _proven(stage)
        _next(stage, "breaking-schema", "The next release goes live, with a new NOT NULL column")
        stage.chapter("Once it is live, the pipeline drops the default that v1.2.0 relied on")
        stage.apply(to=3)
        stage.gate(FAILED, expect=1)
        stage.chapter("Production is hurting, but v1.2.0 could place no order any more")
        stage.roll_back_unattended(expect=REFUSED)
        stage.chapter("The way out: somebody reviews the fix, and applies it as a migration")
        check_out(stage.folder, "way-out")
        stage.apply(to=4)
        stage.chapter("Now the way back is open: the fix is in, and a person decides")
        return _summary(stage.roll_back(), load.stop(), refused=True)


Telling = Callable[[Stage], Summary]

STORIES: Mapping[str, Telling] = {"slow-release": slow_release, "breaking-schema": breaking_schema}
"""Every story, by the name it is asked for."""


def _healthy(stage: Stage) -> None:
    stage.chapter("A healthy release goes live, and users arrive")
    check_out(stage.folder, _GOOD)
    build(stage.folder, _GOOD)
    stage.up()
    stage.apply(to=1)
    stage.deploy(_GOOD, _HEALTHY)


def _proven(stage: Stage) -> None:
    """Let the release be judged, and live long enough to be known as good."""
    lived = time.monotonic()
    stage.gate(_HEALTHY, expect=0)
    time.sleep(max(0.0, _SOAK - (time.monotonic() - lived)))


def _next(stage: Stage, files: str, title: str) -> None:
    stage.chapter(title)
    check_out(stage.folder, files)
    build(stage.folder, _BAD, delay_ms=400, delay_share=0.1)
    stage.migrate(_BAD, FAILED, to=2)
    stage.deploy(_BAD, FAILED)


def _summary(report: Path, counted: Counted, *, refused: bool = False) -> Summary:
    document = json.loads(report.with_suffix(".json").read_text())
    moments = document["moments"]
    taken: float | None = None
    if moments["approved"] and moments["switched"]:
        start, end = (datetime.fromisoformat(moments[m]) for m in ("approved", "switched"))
        taken = (end - start).total_seconds()
    return Summary(
        requests=counted.sent,
        failed=counted.failed,
        by_version=counted.by_version,
        approval_to_switch=taken,
        report=os.path.relpath(report),
        exit_code=document["exit_code"],
        refused=refused,
    )
