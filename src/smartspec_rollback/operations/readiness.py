"""Readiness of every Target: looked at once, by a command, or again and again, by a server.

``smartspec readiness`` calls ``look_at_all``; ``Opened`` starts a ``Lookout`` and everything that
shows people something asks ``Operations.readiness``. Nothing here changes production: looking is
``engine.readiness``. A provider that is slow or broken holds up no look at another Target.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from random import Random

from msgspec.structs import replace

from smartspec_rollback.domain.readiness import Readiness, Ready, as_of, compared
from smartspec_rollback.domain.target import Target
from smartspec_rollback.engine.readiness import last_drill, look, unanswered
from smartspec_rollback.errors import Refused, SmartSpecError, StoreError
from smartspec_rollback.operations.turning import turn_until
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.wiring import Workspace

_LOG = logging.getLogger(__name__)

WITHIN = 60.0
"""After how many seconds a command no longer waits for a Target's answer."""

_SIDE_BY_SIDE = 16
_COUNTS_FOR = 2.5
_ALONE = 300.0
_TICK = 0.2
_SOON = 2.0
_JITTER = 0.1


def lasts(workspace: Workspace) -> float:
    """Say for how many seconds an answer counts: until two more looks are missing."""
    return _COUNTS_FOR * (workspace.configuration.server.readiness or _ALONE)


def look_at(workspace: Workspace, target: Target) -> Readiness:
    """Answer for one Target, tell what changed since the last answer, and keep it.

    Whatever goes wrong is an answer: unknown, with the reason.
    """
    store = workspace.store
    answer = _asked(workspace, target)
    try:
        answer = compared(store.readiness(target), answer)
        store.keep_readiness(answer)
    except StoreError as error:
        workspace.surroundings.warn(f"{target}: the answer was not kept: {error.what}")
    return answer


def look_at_all(
    workspace: Workspace, targets: Sequence[Target], *, within: float = WITHIN
) -> tuple[Readiness, ...]:
    """Answer for several Targets side by side, in their order.

    Who has not answered ``within`` seconds is unknown, and its thread is left behind.
    """
    todo: SimpleQueue[Target] = SimpleQueue()
    done: SimpleQueue[Readiness] = SimpleQueue()
    for target in targets:
        todo.put(target)

    def work() -> None:
        while True:
            try:
                target = todo.get_nowait()
            except Empty:
                return
            done.put(look_at(workspace, target))

    for _ in range(min(len(targets), _SIDE_BY_SIDE)):
        threading.Thread(target=work, name="readiness", daemon=True).start()
    deadline = Deadline.after(workspace.clock, within)
    answers: dict[Target, Readiness] = {}
    while len(answers) < len(targets) and not deadline.expired:
        try:
            answer = done.get(timeout=max(deadline.remaining, _TICK))
        except Empty:
            break
        answers[answer.target] = answer
    late = f"nobody answered within {within:g}s"
    return tuple(answers.get(target) or _unknown(workspace, target, late) for target in targets)


def answer_for(workspace: Workspace, target: Target) -> Readiness:
    """Return the kept answer for a Target as it counts now; unknown where there is none."""
    kept = workspace.store.readiness(target)
    if kept is None:
        looks = workspace.configuration.server.readiness is not None
        return _unknown(
            workspace, target, "nobody looked yet" if looks else "`server.readiness` is 0s"
        )
    newest = workspace.store.live(target)
    newest_id = newest.deployment.id if newest else None
    return as_of(kept, workspace.clock.now(), newest_id=newest_id)


class Lookout:
    """Looks at every Target of a workspace again and again, until it is stopped.

    At once where a deployment was recorded; else every ``server.readiness`` seconds, a little
    earlier or later so that not all are looked at together. Each Target is looked at by one thread
    at a time.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        look: Callable[[Workspace, Target], object] = look_at,
        at_once: int = _SIDE_BY_SIDE,
    ) -> None:
        self._workspace = workspace
        self._look = look
        self._at_once = at_once
        self._every = workspace.configuration.server.readiness
        self._due = dict.fromkeys(workspace.targets, 0.0)
        self._newest: dict[Target, str | None] = {}
        self._mark: int | None = None
        self._busy: set[Target] = set()
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._random = Random()  # noqa: S311 - spreads looks over time, and guards nothing
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def start(self) -> None:
        """Look from now on, in threads of its own; nothing where the configuration says never."""
        if self._every is not None:
            self._thread.start()

    def stop(self) -> None:
        """Begin no more looks; idempotent.

        Those under way change nothing: one that does not end soon is left behind.
        """
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        deadline = Deadline.after(self._workspace.clock, _SOON)
        while self._busy and not deadline.expired:
            deadline.pause(_TICK)

    def turn(self) -> None:
        """Begin what is due: each look in a thread of its own."""
        self._hear()
        now = self._workspace.clock.monotonic()
        for target in sorted(self._due, key=self._due.__getitem__):
            with self._guard:
                if self._due[target] > now or len(self._busy) >= self._at_once:
                    return
                if target in self._busy:
                    continue
                self._busy.add(target)
            threading.Thread(
                target=self._looked, args=(target,), name=f"readiness {target}", daemon=True
            ).start()

    def _run(self) -> None:
        warn = self._workspace.surroundings.warn
        turn_until(
            self._over,
            self.turn,
            every=_TICK,
            trouble=lambda what: warn(f"readiness is not known: {what}"),
        )

    def _hear(self) -> None:
        """Make due where a deployment went live since."""
        store = self._workspace.store
        mark = store.version_mark()
        if mark == self._mark:
            return
        for target in tuple(self._due):
            newest = store.live(target)
            found = newest.deployment.id if newest else None
            with self._guard:
                if self._newest.get(target, found) != found:
                    self._due[target] = 0.0
                self._newest[target] = found
        self._mark = mark

    def _looked(self, target: Target) -> None:
        clock, every = self._workspace.clock, self._every or _ALONE
        began, newest = clock.monotonic(), self._newest.get(target)
        try:
            self._look(self._workspace, target)
        except Exception:  # noqa: BLE001 - the kept answer grows old; the others are looked at
            _LOG.exception("looking at %s", target)
        spread = self._random.uniform(1 - _JITTER, 1 + _JITTER)
        with self._guard:
            if self._newest.get(target) == newest:  # else something went live: look again at once
                self._due[target] = began + every * spread
            self._busy.discard(target)


def _asked(workspace: Workspace, target: Target) -> Readiness:
    now, counts = workspace.clock.now(), lasts(workspace)
    try:
        workspace.break_glass.refuse_beside(target)
        return look(workspace.parts(target, Unwatched()), lasts=counts)
    except Refused as error:
        answer = unanswered(target, error.what, at=now, lasts=counts)
        return replace(answer, outcome=Ready.NOT_READY)
    except SmartSpecError as error:
        return unanswered(target, error.what, at=now, lasts=counts)
    except Exception as error:  # noqa: BLE001 - a bug in one provider hides no other Target's answer
        _LOG.exception("looking at %s", target)
        what = f"unexpected {type(error).__name__} while looking"
        return unanswered(target, what, at=now, lasts=counts)


def _unknown(workspace: Workspace, target: Target, why: str) -> Readiness:
    answer = unanswered(target, why, at=workspace.clock.now(), lasts=0.0)
    try:
        return replace(answer, drill=last_drill(workspace.store, target))
    except StoreError:
        return answer
