"""Patches, against the examples of their specifications."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.testing.kubernetes.patching.fields import decode, encode, leaves
from smartspec_rollback.testing.kubernetes.patching.json_patch import apply_operations, merge
from smartspec_rollback.testing.kubernetes.patching.shapes import shape_of
from smartspec_rollback.testing.kubernetes.patching.strategic import apply_strategic
from smartspec_rollback.testing.kubernetes.resources import DEPLOYMENT, POD
from smartspec_rollback.testing.kubernetes.statuses import ApiError

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)

# RFC 6902, appendix A: document, patch, what comes of it (None: an error).
_RFC_6902: list[tuple[Any, list[dict[str, Any]], Any]] = [
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    (
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
    ),
    ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
    (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], None),
    ({"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "qux"}], None),
    ({"foo": "bar"}, [{"op": "remove", "path": "/baz"}], None),
    ({"foo": "bar"}, [{"op": "replace", "path": "/baz", "value": 1}], None),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": "10"}], None),
    ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["a"]}], {"foo": ["bar", ["a"]]}),
    ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/2", "value": "a"}], None),
    ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
    ({"a": 1}, [{"op": "frob", "path": "/a"}], None),
    ({"a": 1}, [{"op": "add", "path": "a", "value": 2}], None),
]


@pytest.mark.parametrize(("document", "patch", "expected"), _RFC_6902)
def test_json_patches(document: Any, patch: list[dict[str, Any]], expected: Any) -> None:
    """JSON Patch would not be RFC 6902's."""
    before = json.dumps(document)
    if expected is None:
        with pytest.raises(ApiError) as error:
            apply_operations(document, patch)
        assert (error.value.code, error.value.reason) == (422, "Invalid")
    else:
        assert apply_operations(document, patch) == expected
    assert json.dumps(document) == before


@pytest.mark.parametrize("patch", [{}, "x", [1], None])
def test_what_is_no_json_patch(patch: Any) -> None:
    """A patch of another kind would be taken for an empty JSON Patch."""
    with pytest.raises(ApiError) as error:
        apply_operations({}, patch)
    assert error.value.code == 400


# RFC 7386, appendix A.
_RFC_7386: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("document", "patch", "expected"), _RFC_7386)
def test_merge_patches(document: Any, patch: Any, expected: Any) -> None:
    """JSON merge patch would not be RFC 7386's."""
    assert merge(document, patch) == expected


@given(_VALUES, _VALUES)
def test_merging_twice_is_merging_once(document: Any, patch: Any) -> None:
    """A merge patch sent again after a lost answer would change something."""
    once = merge(document, patch)
    assert merge(once, patch) == once


def _pod(**spec: Any) -> dict[str, Any]:
    return {"spec": spec}


_A, _B, _C = ({"name": n, "image": f"{n}:1"} for n in "abc")
_PORT = {"containerPort": 80, "protocol": "TCP"}

# As in the community's document on strategic merge patch, and strategicpatch's own tests.
_STRATEGIC: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        _pod(containers=[_A, _B]),
        _pod(containers=[{"name": "b", "image": "b:2"}]),
        _pod(containers=[_A, {"name": "b", "image": "b:2"}]),
    ),
    (
        _pod(containers=[_A, _B]),
        _pod(containers=[{"$patch": "delete", "name": "a"}]),
        _pod(containers=[_B]),
    ),
    (
        _pod(containers=[_A, _B]),
        _pod(containers=[{"$patch": "replace"}, _C]),
        _pod(containers=[_C]),
    ),
    (
        _pod(containers=[_A]),
        {
            "spec": {
                "containers": [_B],
                "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            }
        },
        _pod(containers=[_B, _A]),
    ),
    (
        {"metadata": {"finalizers": ["a", "b", "c"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}},
        {"metadata": {"finalizers": ["a", "c"]}},
    ),
    (
        {"metadata": {"finalizers": ["a"]}},
        {"metadata": {"finalizers": ["b"]}},
        {"metadata": {"finalizers": ["b", "a"]}},
    ),
    (
        _pod(volumes=[{"name": "v", "emptyDir": {}}]),
        _pod(volumes=[{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"x": 1}}]),
        _pod(volumes=[{"name": "v", "secret": {"x": 1}}]),
    ),
    (
        _pod(tolerations=[{"key": "a"}]),
        _pod(tolerations=[{"key": "b"}]),
        _pod(tolerations=[{"key": "b"}]),
    ),
    (
        _pod(containers=[{"name": "a", "ports": [_PORT], "args": ["x"]}]),
        _pod(containers=[{"name": "a", "ports": [{"containerPort": 81}], "args": ["y"]}]),
        _pod(containers=[{"name": "a", "ports": [{"containerPort": 81}, _PORT], "args": ["y"]}]),
    ),
    (
        _pod(nodeSelector={"a": "1", "b": "2"}),
        _pod(nodeSelector={"a": None, "c": "3"}),
        _pod(nodeSelector={"b": "2", "c": "3"}),
    ),
    (_pod(x={"y": 1}), _pod(x={"$patch": "delete"}), _pod(x={})),
]


@pytest.mark.parametrize(("document", "patch", "expected"), _STRATEGIC)
def test_strategic_patches(
    document: dict[str, Any], patch: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A strategic merge patch would merge what must be replaced, or the other way round."""
    assert apply_strategic(document, patch, shape_of(POD)) == expected


def test_a_strategic_patch_without_its_merge_key_is_refused() -> None:
    """An item nobody named would be added."""
    with pytest.raises(ApiError) as error:
        apply_strategic(_pod(containers=[_A]), _pod(containers=[{"image": "x"}]), shape_of(POD))
    assert "does not contain declared merge key: name" in error.value.message


def test_field_sets_are_spelled_as_managed_fields() -> None:
    """Owners of fields would not survive being stored."""
    thing = {
        "metadata": {"name": "shop", "labels": {"a/b": "1"}, "finalizers": ["f"]},
        "spec": {"template": {"spec": {"containers": [_A], "tolerations": []}}},
    }
    paths = set(leaves(thing, shape_of(DEPLOYMENT)))
    spelled = encode(paths)
    assert spelled == {
        "f:metadata": {"f:labels": {"f:a/b": {}}, "f:finalizers": {'v:"f"': {}}},
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}},
                    "f:tolerations": {},
                }
            }
        },
    }
    assert decode(spelled) == paths
