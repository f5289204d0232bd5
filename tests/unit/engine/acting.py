"""What several tests of the engine do: roll back, act when something happens, look at the end."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.engine.approve import answer
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.ports.store import Change
from smartspec_rollback.testing.engine_parts import Bench, asking_for
from smartspec_rollback.testing.samples import (
    BAD,
    GOOD,
    TARGET,
    a_hold,
    a_person,
    a_plan,
    a_release,
    a_rollback,
)


def go(bench: Bench, **request: Any) -> Report:
    """Roll the failed deployment back."""
    return rollback(bench.parts, bench.failed, asking_for(**request))


def when(bench: Bench, moment: str, act: Callable[[], object]) -> None:
    """Do something once when an effect comes by, such as ``after switch-traffic``."""
    pending = [act]

    def hook(now: str) -> None:
        if now == moment and pending:
            pending.pop()()

    bench.platform.hook = hook


def prewarming(bench: Bench) -> Bench:
    """Let the owners want a prewarm."""
    bench.settings = replace(bench.settings, prewarm=True)
    return bench


def say(bench: Bench, given: Answer, name: str = "bob", *, reason: str = "") -> bool:
    """Answer the active rollback by command, as another process would."""
    active = bench.store.active(TARGET)
    assert active is not None
    now = bench.clock.now()
    return answer(bench.store, active, given, person=a_person(name), at=now, reason=reason)


def serving(bench: Bench, target: Target = TARGET) -> str:
    """Name the version that has all traffic."""
    seen = bench.platform.observe(target)
    assert seen.live is not None
    assert sum(s.percent for s in seen.traffic if s.revision == seen.live.id) == 100
    return seen.live.release.version


def hold(bench: Bench, release: Release) -> None:
    """Put a release on hold, as a rollback that was closed since once did."""
    plan = a_plan("rb-earlier")
    bench.store.open_rollback(a_rollback("rb-earlier", plan=plan), plan)
    now = bench.clock.now()
    claim = bench.store.claim("rb-earlier", holder="earlier", at=now)
    assert claim is not None
    placed = a_hold("hold-earlier", release, placed_at=now)
    change = Change(
        kind=EntryKind.HOLD_PLACED, text="held", status=Status.CANCELLED, place_hold=placed
    )
    bench.store.append(claim, change, at=now)
    bench.store.release(claim)


def held(bench: Bench) -> bool:
    """Tell whether the bad release is on hold."""
    return bench.store.hold_on(TARGET, a_release(BAD)) is not None


def unguarded(bench: Bench) -> bool:
    """Tell whether the platform's guard is free."""
    return bench.platform.observe(TARGET).operation is None


def effects(bench: Bench) -> list[str]:
    """List the kinds of what was really done, in order."""
    return [effect.kind for effect in bench.platform.effects]


def untouched(bench: Bench) -> bool:
    """Tell whether production is as it was: the bad version live, nothing left beside it."""
    seen = bench.platform.observe(TARGET)
    ready = {w.version for w in seen.workloads if w.running}
    return serving(bench) == BAD and ready == {BAD} and unguarded(bench)


def rolled_back(bench: Bench) -> bool:
    """Tell whether the good version alone serves, and nothing is left behind."""
    seen = bench.platform.observe(TARGET)
    running = {w.version: w.prewarmed for w in seen.workloads if w.running}
    return serving(bench) == GOOD and running == {GOOD: False} and unguarded(bench)


def only_rollback(bench: Bench) -> Status:
    """Say where the only rollback stands; fail if there is another one."""
    (only,) = bench.store.rollbacks(TARGET, limit=10)
    return only.status
