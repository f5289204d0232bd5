"""Pieces of JSON Patches: what holds one to a state, and annotations beside those of others."""

from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved

_MAP = {"op": "add", "path": "/metadata/annotations", "value": {}}


def test_a_map_that_is_missing_is_made_once_and_first() -> None:
    """Else the second annotation would take the first one away again, or the patch would fail."""
    one, two = "/metadata/annotations/smartspec.dev~1a", "/metadata/annotations/smartspec.dev~1b"
    assert annotating({"metadata": {}}, {"smartspec.dev/a": "1", "smartspec.dev/b": "2"}) == (
        _MAP,
        {"op": "add", "path": one, "value": "1"},
        {"op": "add", "path": two, "value": "2"},
    )


def test_annotations_of_others_stay() -> None:
    """Else a patch of ours would take away what other controllers wrote on the object."""
    thing = {"metadata": {"annotations": {"theirs": "x", "ours": "old"}}}
    assert annotating(thing, {"ours": None, "never": None}) == (
        {"op": "remove", "path": "/metadata/annotations/ours"},
    )


def test_a_patch_that_writes_nothing_makes_no_map() -> None:
    """Else a patch that is only tried would differ from what stands there."""
    assert annotating({"metadata": {}}, {"ours": None}) == ()


def test_another_object_of_the_same_name_is_never_written() -> None:
    """Else what was deleted and made anew would get what was meant for the one before."""
    thing = {"metadata": {"uid": "u-1", "resourceVersion": "7"}}
    same, state = unmoved(thing)
    assert same == {"op": "test", "path": "/metadata/uid", "value": "u-1"}
    assert state == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert unmoved(thing, exact=False) == (same,)
