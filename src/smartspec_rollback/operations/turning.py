"""Doing something again and again until told to stop; trouble with the ledger is said once.

Called by ``runner``, ``readiness`` and ``events``, each in a thread of its own. What is turned
deals with every other error itself: one that comes here is logged, and ends no thread that others
wait for.
"""

import logging
import threading
from collections.abc import Callable

from smartspec_rollback.errors import StoreError

_LOG = logging.getLogger(__name__)


def turn_until(
    over: threading.Event,
    turn: Callable[[], None],
    *,
    every: float,
    trouble: Callable[[str], None],
) -> None:
    """Call ``turn`` every so many seconds until ``over``.

    ``trouble`` hears what is wrong with the ledger, and again only after it changed or passed.
    """
    failing = ""
    while not over.wait(every):
        try:
            turn()
        except StoreError as error:
            if error.what != failing:
                trouble(error.what)
            failing = error.what
        except Exception as error:  # noqa: BLE001 - nobody else does what is done here
            if (what := f"unexpected {type(error).__name__}") != failing:
                _LOG.exception("unexpected")
            failing = what
        else:
            failing = ""
