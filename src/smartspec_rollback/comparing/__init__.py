"""Puts together what compares schemas, for ``cli`` and ``wiring``; nothing here judges."""

from smartspec_rollback.comparing.places import (
    Look,
    database,
    is_recorded,
    laboratory,
    load,
)
from smartspec_rollback.comparing.reversing import reverse
from smartspec_rollback.comparing.schemas import (
    RULES,
    Sources,
    compare,
    judge,
    judge_in,
    snapshot,
)
from smartspec_rollback.comparing.versions import Between, between

__all__ = [
    "RULES",
    "Between",
    "Look",
    "Sources",
    "between",
    "compare",
    "database",
    "is_recorded",
    "judge",
    "judge_in",
    "laboratory",
    "load",
    "reverse",
    "snapshot",
]
