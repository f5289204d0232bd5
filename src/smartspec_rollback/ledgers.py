"""Where the ledger lies, and the break-glass journal for when it cannot be used.

Called by ``wiring``, and for ids to complete by ``cli``. The journal lies beside the configuration;
once nothing in it runs any more it is copied into the ledger and set aside, never thrown away.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import AnotherRunning, StoreError, UsageError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.store import Store
from smartspec_rollback.store.glance import Ids, glance
from smartspec_rollback.store.sqlite import SqliteStore

STATE = ".smartspec"
"""The folder beside the configuration that everything is kept in."""

DATABASE_URL = "SMARTSPEC_DATABASE_URL"
_SQLITE = "sqlite:///"
_JOURNAL = "break-glass.db"
_RECENT = 1000
_CAPTURES = 100


def ledger_path(configuration: Path) -> Path:
    """Say where the ledger lies: what the environment says, else beside the configuration."""
    url = os.environ.get(DATABASE_URL, "")
    if not url:
        return configuration.parent / STATE / "smartspec.db"
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE):
        raise UsageError(
            "this is not a ledger's URL",
            where=DATABASE_URL,
            remedy="write sqlite:////absolute/path.db or sqlite:///relative/path.db",
        )
    return Path.cwd() / url.removeprefix(_SQLITE)


def recent_ids(configuration: Path, which: Ids) -> tuple[str, ...]:
    """List the newest ids that commands may be given; makes no ledger where there is none."""
    journal = configuration.parent / STATE / _JOURNAL
    return (*glance(journal, which), *glance(ledger_path(configuration), which))


class StoredCaptures:
    """The captures of a ledger, as platforms ask for them; opens the ledger when one does."""

    def __init__(self, store: Callable[[], Store]) -> None:
        """Ask the ledger that ``store`` gives."""
        self._store = store

    def captured(self, target: Target, /) -> tuple[Capture, ...]:
        """List the newest capture of each release of a Target, newest first."""
        return self._store().captures(target, limit=_CAPTURES)

    def key(self) -> bytes:
        """Return the ledger's random key for keyed hashes."""
        return self._store().secret_key()


class BreakGlass:
    """The journal of rollbacks that did without the ledger."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Keep the journal in ``folder``; nothing is made before it is used."""
        self._folder = folder
        self._path = folder / _JOURNAL
        self._clock = clock

    @property
    def exists(self) -> bool:
        """Whether there is a journal that the ledger has not taken in."""
        return self._path.exists()

    @cached_property
    def store(self) -> SqliteStore:
        """The journal, made if missing."""
        return SqliteStore.open(self._path)

    def rollback(self, rollback_id: str) -> Rollback | None:
        """Look a rollback up, without making a journal where there is none."""
        return self.store.rollback(rollback_id) if self.exists else None

    def refuse_beside(self, target: Target) -> None:
        """Raise AnotherRunning where a rollback of the Target was begun here and has not ended.

        A journal that cannot be read stops nothing: that was told when the ledger was opened.
        """
        with suppress(StoreError):
            begun = self.store.active(target) if self.exists else None
            if begun is not None:
                raise AnotherRunning(
                    f"{begun.id} is rolling {target} back to {begun.to_version} without the "
                    f"ledger ({begun.status})",
                    where=str(self._path),
                    remedy=f"`smartspec resume {begun.id}` goes on with it, "
                    f"`smartspec abandon {begun.id}` gives it up",
                    rollback_id=begun.id,
                )

    def take_in(self, ledger: SqliteStore) -> None:
        """Copy the journal into the ledger once nothing in it runs, and set it aside."""
        self._take_in_again(ledger)
        if not self.exists or self._is_running:
            return
        ledger.absorb(self.store)
        self.store.close()
        self.__dict__.pop("store", None)
        stamp = f"{self._clock.now():%Y%m%dT%H%M%S%fZ}"
        self._path.rename(self._folder / f"break-glass-{stamp}.imported.db")

    def _take_in_again(self, ledger: SqliteStore) -> None:
        """Copy journals that were set aside into a ledger that does not know them (any more)."""
        for path in sorted(self._folder.glob("break-glass-*.imported.db")):
            with SqliteStore.open(path) as journal:
                if any(ledger.rollback(r.id) is None for r in journal.rollbacks(limit=1)):
                    ledger.absorb(journal)

    @property
    def _is_running(self) -> bool:
        return any(r.status in ACTIVE for r in self.store.rollbacks(limit=_RECENT))
