"""Moving traffic by one key of a Service's selector."""

from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import service

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import (
    flipping,
    selects,
    turned,
)

MARKS = Marks(to="sha256:1", before="")


def a_service(**more: Any) -> dict[str, Any]:
    """Make a Service as the server has it."""
    made = service("checkout", **{"app": "checkout", "example.org/slot": "blue"})
    made["metadata"] |= {"uid": "u-1", "resourceVersion": "7", **more}
    return made


def test_a_flip_holds_only_for_what_was_read() -> None:
    """A Service that somebody else has just pointed elsewhere is flipped all the same."""
    made = flipping(a_service(), "example.org/slot", old="blue", new="green", marks=MARKS)
    path = "/spec/selector/example.org~1slot"
    assert made[:4] == (
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "test", "path": path, "value": "blue"},
        {"op": "replace", "path": path, "value": "green"},
    )
    assert [each["path"] for each in made[4:]] == [
        "/metadata/annotations",
        f"/metadata/annotations/{MARK.replace('/', '~1')}",
    ]


def test_a_flip_keeps_other_annotations() -> None:
    """The annotations of others are gone after a rollback."""
    noted = a_service(annotations={"example.org/mine": "kept"})
    made = flipping(noted, "example.org/slot", old="blue", new="green", marks=MARKS)
    assert "/metadata/annotations" not in [each["path"] for each in made]


def test_a_service_without_a_selector_selects_nothing() -> None:
    """A Service with hand-made endpoints counts as one that selects every pod."""
    assert not selects({"spec": {}}, {"app": "checkout"})
    assert not selects(a_service(), {"app": "checkout"})
    assert selects(a_service(), {"app": "checkout", "example.org/slot": "blue", "more": "1"})


@pytest.mark.parametrize(
    ("served", "good", "state"),
    [
        ("", "ab", ProgressState.PENDING),
        ("xa", "ab", ProgressState.PENDING),
        ("a", "ab", ProgressState.PENDING),
        ("ab", "ab", ProgressState.DONE),
        ("", "", ProgressState.PENDING),
    ],
)
def test_turned_is_all_of_the_target_and_nothing_else(
    served: str, good: str, state: ProgressState
) -> None:
    """Users are still sent to the bad version, or to nobody, and the step is called done."""
    assert turned(frozenset(served), frozenset(good), "v1.2.0").state is state
