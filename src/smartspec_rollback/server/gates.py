"""Gates that the server runs: each in a thread, kept in the ledger so that none is lost.

Made by ``app``; the API begins them. Judging changes nothing of production, so a gate whose server
died is simply judged anew by another one; its verdict is recorded once, at the end. One server at a
time judges it.
"""

import logging
import threading

from msgspec.structs import replace

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.gate import GateRun
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.errors import SmartSpecError, StoreError, UnknownName
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.ports.store import Attendance
from smartspec_rollback.wiring import short_id

_LOG = logging.getLogger(__name__)

_AT_ONCE = 32
_LOOK_EVERY = 0.5
_CODES = {VerdictOutcome.PASS: 0, VerdictOutcome.FAIL: 1, VerdictOutcome.INCONCLUSIVE: 3}
_GATE_CODES = (2, 3, 4)
_ERROR = 4


class Gates:
    """Runs gates side by side; safe to use from any thread."""

    def __init__(self, operations: Operations) -> None:
        """Judge by ``operations``, as whoever asked."""
        self._operations = operations
        self._store = operations.workspace.store
        self._places = threading.Semaphore(_AT_ONCE)
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._here: set[str] = set()

    def start(self) -> None:
        """Go on with the gates whose server died."""
        for run in self._store.running_gates():
            self._submit(run)

    def stop(self) -> None:
        """Begin no more; those that run are judged anew by the next server."""
        self._stopping.set()

    @property
    def is_busy(self) -> bool:
        """Whether it judges, or waits for who does."""
        with self._guard:
            return bool(self._here)

    def begin(self, who: Principal, deployment_id: str) -> GateRun:
        """Begin to judge a deployment, or join the gate that does so already."""
        workspace = self._operations.workspace
        located = workspace.locate(checked_name("deployment id", deployment_id))
        self._operations.require(who, Action.JUDGE, located.target)
        run = self._store.begin_gate(
            GateRun(
                id=short_id("gate"),
                deployment_id=deployment_id,
                asked_by=who,
                asked_at=workspace.clock.now(),
            )
        )
        self._submit(run)
        return run

    def find(self, who: Principal, gate_id: str) -> GateRun:
        """Look a gate up; UnknownName if there is none such."""
        run = self._store.gate_run(checked_name("gate id", gate_id))
        if run is None:
            raise UnknownName("gate", gate_id)
        located = self._operations.workspace.locate(run.deployment_id)
        self._operations.require(who, Action.READ, located.target)
        return run

    def _submit(self, run: GateRun) -> None:
        with self._guard:
            if run.id in self._here:
                return
            self._here.add(run.id)
        # The end of the process does not wait for these threads.
        threading.Thread(target=self._judge, args=(run,), name=run.id, daemon=True).start()

    def _judge(self, run: GateRun) -> None:
        try:
            if (attended := self._attended(run)) is None:
                return
            try:
                with self._places:
                    if not self._stopping.is_set():
                        self._store.end_gate(self._judged(run))
            finally:
                attended.leave()
        except StoreError as error:
            _LOG.warning("%s stays open: %s", run.id, error.what)
        finally:
            with self._guard:
                self._here.discard(run.id)

    def _attended(self, run: GateRun) -> Attendance | None:
        """Wait while another server judges it; None once it is over, or this one stops."""
        while not self._stopping.is_set():
            attended = self._store.attend(f"gate {run.id}")
            if attended is not None:
                known = self._store.gate_run(run.id)
                if known is not None and known.ended_at is None:
                    return attended
                attended.leave()
                return None
            self._stopping.wait(_LOOK_EVERY)
        return None

    def _judged(self, run: GateRun) -> GateRun:
        try:
            verdict = self._operations.gate(run.asked_by, run.deployment_id, Unwatched())
        except SmartSpecError as error:
            code = error.exit_code if error.exit_code in _GATE_CODES else _ERROR
            return self._over(run, code, error=error.what, remedy=error.remedy)
        except Exception as error:  # noqa: BLE001 - whoever asked gets an answer
            _LOG.exception("unexpected", extra={"action": "gate", "gate": run.id})
            return self._over(run, _ERROR, error=f"unexpected {type(error).__name__}")
        return self._over(run, _CODES[verdict.outcome], verdict=verdict)

    def _over(
        self,
        run: GateRun,
        code: int,
        *,
        verdict: Verdict | None = None,
        error: str = "",
        remedy: str = "",
    ) -> GateRun:
        now = self._operations.workspace.clock.now()
        return replace(
            run, ended_at=now, exit_code=code, verdict=verdict, error=error, remedy=remedy
        )
