"""The three steps that a rollback has on nearly every platform."""

from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.domain.usual_steps import UsualSteps
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.testing.samples import TARGET

_USUAL = UsualSteps(target=TARGET, old="v1.2.1", new="v1.2.0", facts=parameters(version="v1.2.0"))


def test_people_read_the_words_they_know() -> None:
    """Else the same step would read differently on another platform, in the middle of an incident.

    The lines of the switch and of the scale-down are promised.
    """
    steps = (
        _USUAL.start(expected=(), undo="", timeout=1),
        _USUAL.switch(undo="", timeout=1),
        _USUAL.scale_down(undo="", timeout=1),
    )
    assert [each.title for each in steps] == [
        "Start `v1.2.0` instances.",
        "Switch production traffic from `v1.2.1` to `v1.2.0`.",
        "Scale down `v1.2.1` instances to 0.",
    ]


def test_the_switch_is_found_whatever_does_it() -> None:
    """Else nobody could tell which steps come before users meet the target, and which after."""
    step = _USUAL.switch(kind="turn-traffic", undo="", timeout=1)
    assert (step.id, step.kind, step.moves_traffic) == (SWITCH, "turn-traffic", True)
    assert not _USUAL.start(expected=(), undo="", timeout=1).moves_traffic
